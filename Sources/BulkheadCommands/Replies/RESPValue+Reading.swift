public import BulkheadRESP

extension RESPBytes {
    /// The text, if the bytes are UTF-8; nil otherwise, never a repaired copy.
    @inline(__always)
    var validText: String? { withUnsafeBytes { String(valid: $0) } }
}

extension String {
    /// The text, if the bytes are UTF-8; nil otherwise, never a repaired copy.
    ///
    /// `String(validating:as:)` is generic inside the standard library: it costs twice as much for 100 bytes.
    init?(valid bytes: UnsafeRawBufferPointer) {
        // So much fits into the String itself. This initialiser is the cheaper one; it repairs, but never ASCII.
        if bytes.count <= 15, bytes.allSatisfy({ $0 < 0x80 }) {
            self.init(unsafeUninitializedCapacity: bytes.count) { space in
                UnsafeMutableRawBufferPointer(space).copyMemory(from: bytes)
                return bytes.count
            }
            return
        }
        let bytes = bytes.bindMemory(to: UInt8.self)
        guard #available(macOS 26, iOS 26, tvOS 26, visionOS 26, *) else {
            self.init(validating: bytes, as: UTF8.self)
            return
        }
        guard let text = try? UTF8Span(validating: bytes.span) else { return nil }
        self.init(copying: text)
    }
}

extension RESPArray {
    /// The text at `index`; nil if that is no bulk string of UTF-8.
    @usableFromInline
    func text(at index: Int) -> String? {
        defer { withExtendedLifetime(self) {} }
        return bulkString(at: index).flatMap { String(valid: $0) }
    }

    /// Whether a bulk string of these bytes is at `index`.
    @usableFromInline
    func holds(_ known: RESPBytes, at index: Int) -> Bool {
        defer { withExtendedLifetime(self) {} }
        return bulkString(at: index).map { known.isSame(as: $0) } ?? false
    }
}

extension RedisDecodable {
    /// The element at `index`. Text, which most replies are made of, is read in place; any other way a value is
    /// copied and released for each.
    @inlinable
    static func element(_ index: Int, of elements: RESPArray) throws(RedisConversionError) -> Self {
        if Self.self == String.self, let text = elements.text(at: index) {
            return unsafeBitCast(text, to: Self.self)
        }
        if Self.self == String?.self, let text = elements.text(at: index) {
            return unsafeBitCast(Optional(text), to: Self.self)
        }
        return try Self(redis: elements[index])
    }
}

extension RESPValue {
    /// What PING answers in RESP2 while the connection subscribes: `pong` and an empty message, as an array.
    @usableFromInline var isPongOfSubscriber: Bool {
        guard case .array(let elements) = withoutAttributes, elements.count == 2 else { return false }
        return elements[0].bytes?.elementsEqual("pong".utf8) == true && elements[1].bytes?.isEmpty == true
    }

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
        if case .array(let elements) = self, count == nil || elements.count == count { return elements }
        guard let elements = withoutAttributes.elements, count == nil || elements.count == count else {
            throw RedisConversionError(expected: expected, found: self)
        }
        return elements
    }

    func requireElements(_ expected: String, atLeast count: Int) throws(RedisConversionError) -> RESPArray {
        let elements = try requireElements(expected)
        guard elements.count >= count else { throw RedisConversionError(expected: expected, found: self) }
        return elements
    }
}
