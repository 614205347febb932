// Strings that are looked at: keys, and the names and values of AUX fields.

extension RDBReader {
    /// Where a string stands: in the file as it is, or in `texts`, which may still move.
    enum Text {
        case plain(UnsafeRawBufferPointer)
        case written(Range<Int>)
    }

    mutating func readText(_ cursor: inout RDBCursor) throws(RDBViolation) -> Text? {
        guard let head = try cursor.stringHead(limit: limits.keyBytes), let bytes = cursor.bytes(head.count) else {
            return nil
        }
        switch head.encoding {
        case .plain: return .plain(bytes)
        case .integer: return written(Array(String(bytes.littleEndianInteger).utf8))
        case .compressed(let count):
            let offset = cursor.offset - head.count
            return written(try LZF.decompress(Array(bytes)[...], count: count, at: offset))
        }
    }

    private mutating func written(_ text: [UInt8]) -> Text {
        let start = texts.count
        text.withUnsafeBytes { texts.append($0) }
        return .written(start..<texts.count)
    }

    /// The bytes of a string, where nothing more will be written before they are read.
    func bytes(of text: Text) -> UnsafeRawBufferPointer {
        switch text {
        case .plain(let bytes): bytes
        case .written(let range): UnsafeRawBufferPointer(rebasing: texts.bytes[range])
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The integer of one, two or four bytes, the lowest first.
    fileprivate var littleEndianInteger: Int {
        switch count {
        case 1: Int(Int8(bitPattern: self[0]))
        case 2: Int(Int16(littleEndian: loadUnaligned(as: Int16.self)))
        default: Int(Int32(littleEndian: loadUnaligned(as: Int32.self)))
        }
    }
}
