public import BulkheadRESP

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

#if !(arch(x86_64) && (os(macOS) || targetEnvironment(macCatalyst)))
extension Float16: RedisDecodable {
    /// A number, rounded to 16 bits; throws if it is too large for them.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let number = try Double(redis: value)
        self = Float16(number)
        guard isInfinite == number.isInfinite else {
            throw RedisConversionError(expected: "a number of 16 bits", found: "a larger number")
        }
    }
}
#endif

#if arch(x86_64) && !os(Windows) && !os(Android)
extension Float80: RedisDecodable {
    /// A number; a string is read with all of its digits.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        if let text = value.withoutAttributes.bytes?.validText, let number = Float80(text) {
            self = number
        } else {
            self = Float80(try Double(redis: value))
        }
    }
}
#endif
