/// Finds where values end, without making them.
struct ReplyScanner {
    /// The end of the value that begins at a place; nil if it is not whole. What is no RESP throws.
    static func end(of start: Int, in bytes: borrowing [UInt8]) throws(WireViolation) -> Int? {
        var position = start
        var left = 1
        while left > 0 {
            left -= 1
            guard position < bytes.count else { return nil }
            let type = bytes[position]
            position += 1
            var number = 0
            var isNegative = false
            switch type {
            case UInt8(ascii: "$"), UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: ">"),
                UInt8(ascii: "!"), UInt8(ascii: "="), UInt8(ascii: "|"):
                if position < bytes.count, bytes[position] == UInt8(ascii: "-") {
                    isNegative = true
                    position += 1
                }
                while position < bytes.count, bytes[position] != UInt8(ascii: "\r") {
                    let digit = Int(bytes[position]) - 48
                    guard (0...9).contains(digit), number < 1 << 32 else {
                        throw WireViolation(description: "a malformed length")
                    }
                    number = number * 10 + digit
                    position += 1
                }
                guard position + 1 < bytes.count else { return nil }
                position += 2
                if isNegative { continue }
                switch type {
                case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"): left += number
                case UInt8(ascii: "%"): left += 2 * number
                case UInt8(ascii: "|"): left += 2 * number + 1
                default:
                    position += number + 2
                    guard position <= bytes.count else { return nil }
                }
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: ","),
                UInt8(ascii: "#"), UInt8(ascii: "("):
                while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
                guard position < bytes.count else { return nil }
                position += 1
            default: throw WireViolation(description: "no type of RESP begins with the byte \(type)")
            }
        }
        return position
    }
}

/// The replies of one server to a sequence.
struct ReplyBatch {
    private(set) var bytes: [UInt8]
    private(set) var ends: [Int]

    init(bytes: [UInt8], ends: [Int]) {
        self.bytes = bytes
        self.ends = ends
    }

    var count: Int { ends.count }

    func start(_ index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }

    func raw(_ index: Int) -> ArraySlice<UInt8> { bytes[start(index)..<ends[index]] }

    func value(_ index: Int) throws(WireViolation) -> WireValue {
        var reader = WireReader(Array(raw(index)))
        guard let value = try reader.next() else { throw WireViolation(description: "a value that is not whole") }
        return value
    }

    /// Whether a reply is exactly this.
    func isExactly(_ text: StaticString, _ index: Int) -> Bool {
        let range = start(index)..<ends[index]
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { bytes[range].elementsEqual($0) }
    }

    /// Whether a reply is the same in another batch, byte by byte.
    func isSame(_ index: Int, as other: ReplyBatch) -> Bool {
        let (mine, theirs) = (start(index)..<ends[index], other.start(index)..<other.ends[index])
        guard mine.count == theirs.count else { return false }
        var (place, otherPlace) = (mine.lowerBound, theirs.lowerBound)
        while place < mine.upperBound {
            if bytes[place] != other.bytes[otherPlace] { return false }
            place += 1
            otherPlace += 1
        }
        return true
    }
}
