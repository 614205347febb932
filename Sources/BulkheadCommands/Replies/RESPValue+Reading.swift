public import BulkheadRESP

extension RESPBytes {
    /// The text, if the bytes are UTF-8; nil otherwise, never a repaired copy.
    ///
    /// `String(validating:as:)` is generic inside the standard library: it costs twice as much for 100 bytes.
    @inline(__always)
    var validText: String? {
        guard #available(macOS 26, iOS 26, tvOS 26, visionOS 26, *) else { return text }
        return withUnsafeBytes { bytes in
            guard let text = try? UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span) else { return nil }
            return String(copying: text)
        }
    }
}

extension RESPValue {
    /// True for null, with attributes or without.
    @inlinable package var isNull: Bool {
        switch self {
        case .null: true
        case .attribute: withoutAttributes == .null
        default: false
        }
    }

    @usableFromInline
    func requireBytes(for expected: String) throws(RedisConversionError) -> RESPBytes {
        let value = withoutAttributes
        if let bytes = value.bytes { return bytes }
        // RESP2 sends a double as a string.
        guard case .double(let number) = value else { throw RedisConversionError(expected: expected, found: self) }
        return RESPBytes(number.respText)
    }

    @usableFromInline
    package func requireElements(_ expected: String, count: Int? = nil) throws(RedisConversionError) -> RESPArray {
        guard let elements = withoutAttributes.elements, count == nil || elements.count == count else {
            throw RedisConversionError(expected: expected, found: self)
        }
        return elements
    }
}
