package import BulkheadRDB

/// What servers since Redis 8.6 write, after what was published of it: no server here wrote any of it.
extension BodyWriter {
    /// An array; its elements as integers and doubles where they are the texts of such.
    mutating func array(_ array: RDBArray) {
        length(UInt64(array.elements.count))
        length(array.insertedAt == nil ? 0 : 1)
        if let place = array.insertedAt { length(place) }
        for element in array.elements {
            length(element.place)
            let text = String(decoding: element.bytes, as: UTF8.self)
            if let integer = Self.integer(element.bytes), choose(4) != 3 {
                length(1)
                little(integer)
            } else if let number = Self.pointed(text), choose(4) != 3 {
                length(2)
                little(number.bitPattern)
            } else {
                length(choose(2) == 0 ? 0 : 3)
                string(element.bytes)
            }
        }
    }

    /// The double whose text this is, with a point and without an exponent, as people write it.
    private static func pointed(_ text: String) -> Double? {
        guard let number = Double(text), number.magnitude >= 0.001, number.magnitude < 1e9, "\(number)" == text else {
            return nil
        }
        return number
    }

    /// A hash whose names stand apart from its values, by one of the types 29 to 32.
    ///
    /// - Parameter template: the number of the file's template that has these names in this order.
    package mutating func hash(_ fields: [RDBHashField], apart type: RDBType, template: UInt64) {
        let isPacked = type == .hashTemplateListpack || type == .hashTemplateListpackReference
        if type == .hashTemplateListpack || type == .hashTemplateArray {
            if choose(2) == 0 {
                length(0)
                string(listpack(fields.map(\.name)))
            } else {
                length(1)
                names(fields)
            }
        }
        if isPacked {
            // The number must be an integer.
            var writer = BodyWriter { [choose] count in count == 8 ? 0 : choose(count) }
            string(writer.listpack([Array(String(template).utf8)] + fields.map(\.value)))
        } else {
            if type == .hashTemplateArrayReference { length(template) }
            for field in fields { string(field.value) }
        }
    }

    /// The record of a template, behind its opcode.
    package mutating func template(_ number: UInt64, _ fields: [RDBHashField]) {
        length(number)
        names(fields)
    }

    private mutating func names(_ fields: [RDBHashField]) {
        length(UInt64(fields.count))
        for field in fields { string(field.name) }
    }

    /// What a module has attached to a key, with the opcode: a class of 4 bytes, and its items.
    package mutating func metadata(_ items: [[UInt8]]) {
        bytes.append(243)
        length(UInt64(items.count))
        for item in items {
            bytes += [1, 2, 3, 4]
            length(2)
            length(UInt64(item.count))
            length(5)
            string(item)
            length(0)
        }
    }
}

/// How Valkey compresses a whole snapshot.
package enum CompressedFile {
    /// In blocks of at most 64 KiB, with the checksum of all; by choice with one of each block and the size, and in
    /// blocks that do not go on with each other's content.
    package static func lz4(_ content: [UInt8], choose: (Int) -> Int = { _ in 0 }) -> [UInt8] {
        let (hasSize, areApart, hasSums) = (choose(2) == 1, choose(2) == 1, choose(2) == 1)
        var head: [UInt8] = [0b0100_0100 | (areApart ? 0x20 : 0) | (hasSums ? 0x10 : 0) | (hasSize ? 8 : 0), 0x40]
        if hasSize { withUnsafeBytes(of: UInt64(content.count).littleEndian) { head += $0 } }
        var file: [UInt8] = Array("VCS".utf8) + [1, 1, 0, 1, 0x04, 0x22, 0x4d, 0x18] + head
        file.append(UInt8(truncatingIfNeeded: sum(head) >> 8))
        func number(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
        var start = 0
        while start < content.count {
            let end = min(content.count, start + (choose(4) == 3 ? 1_000 : 65_536))
            let packed = block(content, start..<end, from: areApart ? start : 0)
            let isPlain = packed.count >= end - start || choose(8) == 7
            let bytes = isPlain ? Array(content[start..<end]) : packed
            file += number(UInt32(bytes.count) | (isPlain ? 1 << 31 : 0)) + bytes
            if hasSums { file += number(sum(bytes)) }
            start = end
        }
        return file + number(0) + number(sum(content))
    }

    /// The sequences of a block: a copy where the next four bytes stood before; the last five bytes as they are.
    private static func block(_ content: [UInt8], _ range: Range<Int>, from first: Int) -> [UInt8] {
        var output: [UInt8] = []
        var last: [ArraySlice<UInt8>: Int] = [:]
        var literals = range.lowerBound
        func length(_ count: Int) -> [UInt8] {
            count < 15 ? [] : Array(repeating: 255, count: (count - 15) / 255) + [UInt8((count - 15) % 255)]
        }
        for place in max(first, range.lowerBound - 65_535)..<range.lowerBound where place + 4 <= content.count {
            last[content[place..<place + 4]] = place
        }
        var place = range.lowerBound
        while place + 12 < range.upperBound {
            let key = content[place..<place + 4]
            guard let source = last.updateValue(place, forKey: key), place - source <= 65_535 else {
                place += 1
                continue
            }
            var count = 4
            while place + count < range.upperBound - 5, content[source + count] == content[place + count] { count += 1 }
            let run = place - literals
            output.append(UInt8(min(run, 15) << 4 | min(count - 4, 15)))
            output += length(run) + content[literals..<place]
            output += [UInt8((place - source) & 0xff), UInt8((place - source) >> 8)] + length(count - 4)
            place += count
            literals = place
        }
        let run = range.upperBound - literals
        return output + [UInt8(min(run, 15) << 4)] + length(run) + content[literals..<range.upperBound]
    }

    /// xxHash of 32 bits, step by step as its description has it.
    package static func sum(_ bytes: [UInt8]) -> UInt32 {
        let (p1, p2, p3, p4, p5): (UInt32, UInt32, UInt32, UInt32, UInt32) =
            (0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1)
        func rotated(_ number: UInt32, _ bits: Int) -> UInt32 { number << UInt32(bits) | number >> UInt32(32 - bits) }
        func word(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) } }
        var place = 0
        var hash = p5
        if bytes.count >= 16 {
            var lanes: [UInt32] = [p1 &+ p2, p2, 0, 0 &- p1]
            while place + 16 <= bytes.count {
                for lane in 0..<4 {
                    lanes[lane] = rotated(lanes[lane] &+ word(place + 4 * lane) &* p2, 13) &* p1
                }
                place += 16
            }
            hash = zip(lanes, [1, 7, 12, 18]).reduce(0) { $0 &+ rotated($1.0, $1.1) }
        }
        hash &+= UInt32(bytes.count)
        while place + 4 <= bytes.count {
            hash = rotated(hash &+ word(place) &* p3, 17) &* p4
            place += 4
        }
        while place < bytes.count {
            hash = rotated(hash &+ UInt32(bytes[place]) &* p5, 11) &* p1
            place += 1
        }
        hash = (hash ^ hash >> 15) &* p2
        hash = (hash ^ hash >> 13) &* p3
        return hash ^ hash >> 16
    }
}
