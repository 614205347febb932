/// Looks for the end of the next value as its bytes arrive, and looks at each header once: to read the whole value anew
/// for each piece that comes would take time by the square of its length.
package struct WireSkim {
    private var position: Int
    /// How many values are still to come before the first one is whole.
    private var owed = 1

    package init(from position: Int) { self.position = position }

    /// False if more bytes are needed. True does not say that the bytes are RESP: ``WireReader`` does.
    ///
    /// `bytes` are those of the last call, and more behind them.
    package mutating func isWhole(in bytes: [UInt8]) -> Bool {
        while owed > 0 {
            guard position < bytes.count else { return false }
            guard WireReader.types.contains(bytes[position]) else { return true }
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return false }
            let header = bytes[(position + 1)..<max(end - 1, position + 1)]
            var values = 0
            var next = end + 1
            switch bytes[position] {
            case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
                guard let length = WireReader.integer(Array(header)), length <= WireReader.longest else { return true }
                if length >= 0 { next += length + 2 }
                guard next <= bytes.count else { return false }
            case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
                guard let count = WireReader.integer(Array(header)), count <= WireReader.most else { return true }
                let isPaired = bytes[position] == UInt8(ascii: "%") || bytes[position] == UInt8(ascii: "|")
                values = isPaired ? count * 2 : max(count, 0)
                // An attribute stands before the value it is about.
                if bytes[position] == UInt8(ascii: "|") { values += 1 }
            default: break
            }
            owed += values - 1
            position = next
        }
        return true
    }
}
