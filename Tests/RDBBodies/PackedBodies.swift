package import BulkheadRDB

/// Packed elements, written as the servers write them.
extension BodyWriter {
    /// A listpack; what is the text of an integer becomes one, in the narrowest form or, by choice, a wider one.
    package mutating func listpack(_ elements: [[UInt8]]) -> [UInt8] {
        var writer = BodyWriter(choose)
        for element in elements {
            let start = writer.bytes.count
            // 0: as a server does; 1: as text though it is a number.
            if let integer = Self.integer(element), choose(8) != 7 {
                writer.listpackInteger(integer)
            } else {
                writer.listpackString(element)
            }
            writer.backLength(writer.bytes.count - start)
        }
        var whole = BodyWriter()
        whole.little(UInt32(writer.bytes.count + 7))
        whole.little(elements.count < 65_535 && choose(8) != 7 ? UInt16(elements.count) : .max)
        return whole.bytes + writer.bytes + [0xff]
    }

    private mutating func listpackInteger(_ integer: Int64) {
        switch integerForm(
            of: integer, inHead: (0...127).contains(integer), narrow: (-4_096...4_095).contains(integer))
        {
        case .inHead: bytes.append(UInt8(integer))
        case .narrow: big(UInt16(integer & 0x1fff) | 0xc000)
        case .wide(let width): wideInteger(integer, width, heads: [0xf1, 0xf2, 0xf3, 0xf4])
        }
    }

    /// How a packed integer is written: the two kinds of lists have the wide forms in common, behind other heads.
    private enum IntegerForm {
        case inHead, narrow
        /// 0 to 3: 16, 24, 32 or 64 bits.
        case wide(Int)
    }

    /// One of the forms that hold it.
    private mutating func integerForm(of integer: Int64, inHead: Bool, narrow: Bool) -> IntegerForm {
        var forms: [IntegerForm] = []
        if inHead { forms.append(.inHead) }
        if narrow { forms.append(.narrow) }
        if Int16(exactly: integer) != nil { forms.append(.wide(0)) }
        if (-8_388_608...8_388_607).contains(integer) { forms.append(.wide(1)) }
        if Int32(exactly: integer) != nil { forms.append(.wide(2)) }
        forms.append(.wide(3))
        return forms[choose(forms.count)]
    }

    private mutating func wideInteger(_ integer: Int64, _ width: Int, heads: [UInt8]) {
        bytes.append(heads[width])
        switch width {
        case 0: little(Int16(integer))
        case 1:
            little(UInt16(truncatingIfNeeded: integer))
            bytes.append(UInt8(truncatingIfNeeded: integer >> 16))
        case 2: little(Int32(integer))
        default: little(integer)
        }
    }

    private mutating func listpackString(_ string: [UInt8]) {
        let shortest = string.count < 64 ? 0 : string.count < 4_096 ? 1 : 2
        switch shortest + choose(3 - shortest) {
        case 0: bytes.append(0x80 | UInt8(string.count))
        case 1: big(UInt16(string.count) | 0xe000)
        default:
            bytes.append(0xf0)
            little(UInt32(string.count))
        }
        bytes += string
    }

    private mutating func backLength(_ length: Int) {
        let groups =
            length <= 127 ? 1 : length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5
        for group in (0..<groups).reversed() {
            bytes.append(UInt8(length >> (7 * group) & 0x7f) | (group == groups - 1 ? 0 : 0x80))
        }
    }

    package mutating func ziplist(_ elements: [[UInt8]]) -> [UInt8] {
        var writer = BodyWriter(choose)
        var previous = 0
        var tail = 10
        for element in elements {
            let start = writer.bytes.count
            tail = 10 + start
            if previous < 254 && choose(8) != 7 {
                writer.bytes.append(UInt8(previous))
            } else {
                writer.bytes.append(254)
                writer.little(UInt32(previous))
            }
            if let integer = Self.integer(element), choose(8) != 7 {
                writer.ziplistInteger(integer)
            } else {
                writer.ziplistString(element)
            }
            previous = writer.bytes.count - start
        }
        var whole = BodyWriter()
        whole.little(UInt32(writer.bytes.count + 11))
        whole.little(UInt32(tail))
        whole.little(elements.count < 65_535 && choose(8) != 7 ? UInt16(elements.count) : .max)
        return whole.bytes + writer.bytes + [0xff]
    }

    private mutating func ziplistInteger(_ integer: Int64) {
        switch integerForm(
            of: integer, inHead: (0...12).contains(integer), narrow: Int8(exactly: integer) != nil)
        {
        case .inHead: bytes.append(0xf1 + UInt8(integer))
        case .narrow:
            bytes.append(0xfe)
            little(Int8(integer))
        case .wide(let width): wideInteger(integer, width, heads: [0xc0, 0xf0, 0xd0, 0xe0])
        }
    }

    private mutating func ziplistString(_ string: [UInt8]) {
        let shortest = string.count < 64 ? 0 : string.count < 1 << 14 ? 1 : 2
        switch shortest + choose(3 - shortest) {
        case 0: bytes.append(UInt8(string.count))
        case 1: big(UInt16(string.count) | 0x4000)
        default:
            bytes.append(0x80)
            big(UInt32(string.count))
        }
        bytes += string
    }

    package mutating func zipmap(_ fields: [RDBHashField]) -> [UInt8] {
        var writer = BodyWriter()
        writer.bytes.append(fields.count < 254 && choose(8) != 7 ? UInt8(fields.count) : 254)
        for field in fields {
            writer.zipmapLength(field.name.count)
            writer.bytes += field.name
            writer.zipmapLength(field.value.count)
            let spare = choose(5)
            writer.bytes.append(UInt8(spare))
            writer.bytes += field.value + Array(repeating: 0, count: spare)
        }
        return writer.bytes + [0xff]
    }

    private mutating func zipmapLength(_ length: Int) {
        if length < 254 { return bytes.append(UInt8(length)) }
        bytes.append(254)
        little(UInt32(length))
    }

    /// `nil` if not all are integers.
    package mutating func intset(_ members: [[UInt8]]) -> [UInt8]? {
        let integers = members.compactMap { Self.integer($0) }.sorted()
        guard integers.count == members.count else { return nil }
        var narrowest = 0
        if integers.contains(where: { Int16(exactly: $0) == nil }) { narrowest = 1 }
        if integers.contains(where: { Int32(exactly: $0) == nil }) { narrowest = 2 }
        let form = narrowest + choose(3 - narrowest)
        var writer = BodyWriter()
        writer.little(UInt32(2 << form))
        writer.little(UInt32(integers.count))
        for integer in integers {
            switch form {
            case 0: writer.little(Int16(integer))
            case 1: writer.little(Int32(integer))
            default: writer.little(integer)
            }
        }
        return writer.bytes
    }
}
