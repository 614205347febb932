package import BulkheadRDB

/// Writes bodies of values, in every way that a reader must take, to hold the reader against.
///
/// Where there is more than one way (a length in more bytes than it needs, an integer as text, a string compressed),
/// `choose` picks one: it gets how many there are and returns which.
package struct BodyWriter {
    package var bytes: [UInt8] = []
    var choose: (Int) -> Int

    /// The way a server would take, as far as there is one.
    package init() { self.init { _ in 0 } }

    package init(_ choose: @escaping (Int) -> Int) { self.choose = choose }

    package mutating func little<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func big<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func length(_ length: UInt64) {
        let shortest = length < 64 ? 0 : length < 1 << 14 ? 1 : length <= UInt32.max ? 2 : 3
        switch shortest + choose(4 - shortest) {
        case 0: bytes.append(UInt8(length))
        case 1: big(UInt16(length) | 0x4000)
        case 2:
            bytes.append(0x80)
            big(UInt32(length))
        default:
            bytes.append(0x81)
            big(length)
        }
    }

    package mutating func string(_ string: [UInt8]) {
        var ways: [() -> [UInt8]] = [{ [] }]
        if let integer = Self.integer(string) { ways.append { Self.integerString(integer) } }
        ways.append { Self.compressedString(string) }
        let way = choose(ways.count)
        if way == 0 {
            length(UInt64(string.count))
            bytes += string
        } else {
            bytes += ways[way]()
        }
    }

    package mutating func id(_ id: RDBStream.ID) {
        length(id.milliseconds)
        length(id.sequence)
    }

    package mutating func rawID(_ id: RDBStream.ID) {
        big(id.milliseconds)
        big(id.sequence)
    }

    /// The integer whose text this is; `nil` for `+1`, `01`, `-0` and whatever is no text of one.
    static func integer(_ string: [UInt8]) -> Int64? {
        let text = String(decoding: string, as: UTF8.self)
        guard let integer = Int64(text), String(integer) == text else { return nil }
        return integer
    }

    private static func integerString(_ integer: Int64) -> [UInt8] {
        var writer = BodyWriter()
        if let small = Int8(exactly: integer) {
            writer.bytes.append(0xc0)
            writer.little(small)
        } else if let small = Int16(exactly: integer) {
            writer.bytes.append(0xc1)
            writer.little(small)
        } else if let small = Int32(exactly: integer) {
            writer.bytes.append(0xc2)
            writer.little(small)
        } else {
            writer.string(Array(String(integer).utf8))
        }
        return writer.bytes
    }

    package static func compressedString(_ string: [UInt8]) -> [UInt8] {
        let compressed = Compression.lzf(string)
        var writer = BodyWriter()
        writer.bytes.append(0xc3)
        writer.length(UInt64(compressed.count))
        writer.length(UInt64(string.count))
        return writer.bytes + compressed
    }
}

package enum Compression {
    /// LZF of a string: the longest copy from the last place where the next three bytes stood.
    package static func lzf(_ string: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var literals: [UInt8] = []
        var last: [UInt32: Int] = [:]
        func flush() {
            var rest = literals[...]
            while !rest.isEmpty {
                let run = rest.prefix(32)
                output.append(UInt8(run.count - 1))
                output += run
                rest = rest.dropFirst(run.count)
            }
            literals = []
        }
        var place = 0
        while place < string.count {
            var source: Int?
            if place + 2 < string.count {
                let next = UInt32(string[place]) << 16 | UInt32(string[place + 1]) << 8 | UInt32(string[place + 2])
                source = last.updateValue(place, forKey: next)
            }
            guard let source, place - source <= 8_192 else {
                literals.append(string[place])
                place += 1
                continue
            }
            var length = 3
            while length < 264, place + length < string.count, string[source + length] == string[place + length] {
                length += 1
            }
            flush()
            let distance = place - source - 1
            if length < 9 {
                output.append(UInt8((length - 2) << 5 | distance >> 8))
            } else {
                output += [UInt8(7 << 5 | distance >> 8), UInt8(length - 9)]
            }
            output.append(UInt8(distance & 0xff))
            place += length
        }
        flush()
        return output
    }
}
