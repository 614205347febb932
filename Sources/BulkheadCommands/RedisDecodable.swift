public import BulkheadRESP

/// A reply that is not what the caller asked for: another kind of value, text that is not UTF-8, a number that does
/// not fit.
///
/// The command was carried out all the same; the message names kinds and sizes, never content.
public struct RedisConversionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the type wanted: `an integer of 64 bits`.
    public let expected: String
    /// What the server sent: `a bulk string of 12 bytes`.
    public let found: String

    /// Both in words, without content.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    /// Names the kind and size of `value`, not its content.
    public init(expected: String, found value: RESPValue) {
        self.init(expected: expected, found: value.kindInWords)
    }

    /// What `String` wants.
    static let text = "UTF-8 (ask for RESPBytes, [UInt8] or Data instead of String)"

    /// The same error with words for what is not text, and for how to ask for its bytes; any other as it is.
    @usableFromInline
    func naming(_ what: String, ask: String) -> RedisConversionError {
        guard expected == Self.text else { return self }
        return RedisConversionError(expected: "\(what) in UTF-8 (\(ask))", found: found)
    }

    /// Both in a sentence.
    public var description: String { "expected \(expected), found \(found)" }
}

/// A type that replies convert to.
///
/// Conversions are strict: text that is not UTF-8 is an error for `String`, never a repaired copy; ask for
/// `RESPBytes`, `[UInt8]` or `Data` where any byte may stand.
public protocol RedisDecodable: Sendable {
    /// Converts a reply that is not an error; throws if it cannot be this type.
    init(redis value: RESPValue) throws(RedisConversionError)
    /// The elements of an array of this type. `UInt8` and `Float` read them from one bulk string.
    static func elements(redis value: RESPValue) throws(RedisConversionError) -> [Self]
}

extension RedisDecodable {
    /// Converts one element after the other.
    @inlinable
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [Self] {
        try eachElement(redis: value)
    }

    @inlinable
    static func eachElement(redis value: RESPValue) throws(RedisConversionError) -> [Self] {
        guard let elements = value.withoutAttributes.elements else {
            throw RedisConversionError(expected: "an array", found: value)
        }
        do {
            return try each(of: elements)
        } catch {
            // The keys and values of a map one by one; or pairs, which RESP2 sends for some maps.
            guard let pairs = value.pairsOfMap else { throw error }
            return try each(of: pairs)
        }
    }

    @inlinable
    static func each(of elements: RESPArray) throws(RedisConversionError) -> [Self] {
        var converted: [Self] = []
        converted.reserveCapacity(elements.count)
        for element in elements { converted.append(try Self(redis: element)) }
        return converted
    }
}

extension RESPValue: RedisDecodable {
    /// Any value, as it came.
    public init(redis value: RESPValue) { self = value.detached() }

    /// For messages: `a bulk string of 12 bytes`.
    @usableFromInline var kindInWords: String {
        switch withoutAttributes {
        case .simpleString: "a simple string"
        case .error, .bulkError: "an error"
        case .integer: "an integer"
        case .bulkString(let bytes): "a bulk string of \(bytes.count) bytes"
        case .null: "nothing"
        case .boolean: "a boolean"
        case .double: "a double"
        case .bigNumber: "a big number"
        case .verbatimString: "a verbatim string"
        case .array(let elements): "an array of \(elements.count)"
        case .set(let elements): "a set of \(elements.count)"
        case .map(let map): "a map of \(map.count) pairs"
        case .push: "a push"
        case .attribute: "an attribute"
        }
    }
}

extension RESPBytes: RedisDecodable {
    /// The bytes of a string of any kind, in a block of their own.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self = try value.requireBytes(for: "a string").detached()
    }
}

extension String: RedisDecodable {
    /// The text of a string of any kind, a number in decimal, 1 or 0 for a boolean; throws if it is not UTF-8.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        switch value {
        case .bulkString(let bytes), .simpleString(let bytes), .bigNumber(let bytes):
            self = try Self.validated(bytes)
        case .verbatimString(let verbatim): self = try Self.validated(verbatim.content)
        case .integer(let number): self = String(number)
        case .double(let number): self = number.respText
        case .boolean(let isTrue): self = isTrue ? "1" : "0"
        case .attribute: self = try String(redis: value.withoutAttributes)
        default: throw RedisConversionError(expected: "a string", found: value)
        }
    }

    private static func validated(_ bytes: RESPBytes) throws(RedisConversionError) -> String {
        guard let text = bytes.validText else {
            throw RedisConversionError(expected: RedisConversionError.text, found: "\(bytes.count) other bytes")
        }
        return text
    }
}

extension Int64: RedisDecodable {
    /// An integer, or a string or a double that is one, 1 or 0 for a boolean: what RESP2 sends in their place.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        if case .integer(let number) = value {
            self = number
            return
        }
        guard let number = value.withoutAttributes.wholeNumber else {
            throw RedisConversionError(expected: "an integer of 64 bits", found: value)
        }
        self = number
    }
}

extension Int: RedisDecodable {
    /// An integer, or a string that is one in decimal.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let number = Int(exactly: try Int64(redis: value)) else {
            throw RedisConversionError(expected: "an Int", found: "a larger integer")
        }
        self = number
    }
}

extension Double: RedisDecodable {
    /// A double, an integer, or a string that is a number; `inf`, `-inf` and `nan` too.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        switch value {
        case .double(let number): self = number
        case .integer(let number): self = Double(number)
        case .boolean(let isTrue): self = isTrue ? 1 : 0
        case .attribute: self = try Double(redis: value.withoutAttributes)
        default:
            guard let text = try value.requireBytes(for: "a number").validText, let number = Double(text) else {
                throw RedisConversionError(expected: "a number", found: value)
            }
            self = number
        }
    }
}

extension Bool: RedisDecodable {
    /// RESP3's booleans, and 1 and 0 as commands answer them.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        switch value {
        case .boolean(let isTrue): self = isTrue
        case .attribute: self = try Bool(redis: value.withoutAttributes)
        case .integer(0): self = false
        case .integer(1): self = true
        default: throw RedisConversionError(expected: "a boolean, 1 or 0", found: value)
        }
    }
}

extension UInt8: RedisDecodable {
    /// An integer from 0 to 255, or a string that is one in decimal.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let number = UInt8(exactly: try Int64(redis: value)) else {
            throw RedisConversionError(expected: "an integer from 0 to 255", found: "another integer")
        }
        self = number
    }

    /// The bytes of one string, or numbers one by one.
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [UInt8] {
        if value.withoutAttributes.elements != nil { return try eachElement(redis: value) }
        return try value.requireBytes(for: "bytes").withUnsafeBytes { unpack($0) }
    }
}

extension Float: RedisDecodable {
    /// A number, rounded to 32 bits; throws if it is too large for them.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let number = try Double(redis: value)
        self = Float(number)
        guard isInfinite == number.isInfinite else {
            throw RedisConversionError(expected: "a number of 32 bits", found: "a larger number")
        }
    }

    /// The FLOAT32 that one string holds packed, little-endian, or numbers one by one.
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [Float] {
        if value.withoutAttributes.elements != nil { return try eachElement(redis: value) }
        return try value.requireBytes(for: "packed FLOAT32").withUnsafeBytes { bytes throws(RedisConversionError) in
            try unpack(bytes)
        }
    }
}

extension RedisDecodable where Self: RawRepresentable, RawValue: RedisDecodable {
    /// The case whose raw value the reply is, for enums and other types of one raw value; throws if there is none.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let known = Self(rawValue: try RawValue(redis: value)) else {
            throw RedisConversionError(expected: "a raw value of \(Self.self)", found: "another one")
        }
        self = known
    }
}

extension Optional: RedisDecodable where Wrapped: RedisDecodable {
    /// Nil for null.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self = value.isNull ? nil : try Wrapped(redis: value)
    }
}

extension Array: RedisDecodable where Element: RedisDecodable {
    /// The elements of an array or set; of `UInt8` and `Float` what one string holds.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self = try Element.elements(redis: value)
    }
}

extension RESPBytes {
    /// The text, if the bytes are UTF-8; nil otherwise, never a repaired copy.
    ///
    /// `String(validating:as:)` is generic inside the standard library: it costs twice as much for 100 bytes.
    @inline(__always)
    fileprivate var validText: String? {
        guard #available(macOS 26, iOS 26, tvOS 26, visionOS 26, *) else { return text }
        return withUnsafeBytes { bytes in
            guard let text = try? UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span) else { return nil }
            return String(copying: text)
        }
    }
}

extension RESPValue {
    /// True for null, with attributes or without.
    @inlinable var isNull: Bool {
        switch self {
        case .null: true
        case .attribute: withoutAttributes == .null
        default: false
        }
    }

    /// This as an integer; nil if it is none, or has attributes.
    fileprivate var wholeNumber: Int64? {
        switch self {
        case .integer(let number): number
        case .double(let number): Int64(exactly: number)
        case .boolean(let isTrue): isTrue ? 1 : 0
        default: bytes?.validText.flatMap { Int64($0) }
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
    func requireElements(_ expected: String, count: Int? = nil) throws(RedisConversionError) -> RESPArray {
        guard let elements = withoutAttributes.elements, count == nil || elements.count == count else {
            throw RedisConversionError(expected: expected, found: self)
        }
        return elements
    }
}
