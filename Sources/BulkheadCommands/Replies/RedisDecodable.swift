public import BulkheadRESP

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
        for index in elements.indices { converted.append(try element(index, of: elements)) }
        return converted
    }

    /// A key, or nil where there is none: the error for one that is no text says how to ask for its bytes.
    @inlinable
    static func keyName(redis value: RESPValue) throws(RedisConversionError) -> Self? {
        do throws(RedisConversionError) {
            return try Self?(redis: value)
        } catch {
            throw error.naming("a key", ask: "ask with as: RESPBytes.self")
        }
    }
}

extension RESPValue: RedisDecodable {
    /// Any value, as it came.
    public init(redis value: RESPValue) { self = value.detached() }

    /// For messages: `a bulk string of 12 bytes`.
    package var kindInWords: String {
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

extension Bool: RedisDecodable {
    /// RESP3's booleans, 1 and 0 as commands answer them, and the strings `1` and `0`.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        switch value {
        case .boolean(let isTrue): self = isTrue
        case .attribute: self = try Bool(redis: value.withoutAttributes)
        case .integer(0): self = false
        case .integer(1): self = true
        default:
            guard let bytes = value.bytes, bytes.count == 1, let digit = bytes.first, digit & ~1 == UInt8(ascii: "0")
            else { throw RedisConversionError(expected: "a boolean, 1 or 0", found: value) }
            self = digit == UInt8(ascii: "1")
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
