public import BulkheadRESP

// Numbers: RESP2 sends a string where RESP3 sends a double, and an integer where RESP3 sends a boolean.

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

extension Int8: RedisDecodable {
    /// An integer from -128 to 127, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension Int16: RedisDecodable {
    /// An integer of 16 bits, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension Int32: RedisDecodable {
    /// An integer of 32 bits, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension Int128: RedisDecodable {
    /// An integer of 128 bits, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension UInt: RedisDecodable {
    /// An integer from 0 to `UInt.max`, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension UInt16: RedisDecodable {
    /// An integer from 0 to 65,535, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension UInt32: RedisDecodable {
    /// An integer from 0 to 4,294,967,295, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension UInt64: RedisDecodable {
    /// An integer from 0 to `UInt64.max`, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
}

extension UInt128: RedisDecodable {
    /// An integer from 0 to `UInt128.max`, or a string or a double that is one.
    public init(redis value: RESPValue) throws(RedisConversionError) { self = try value.integer() }
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

extension RESPValue {
    /// This as an integer of that type; throws if it is none, or does not fit.
    fileprivate func integer<Number: FixedWidthInteger>() throws(RedisConversionError) -> Number {
        let number: Number? =
            switch withoutAttributes {
            case .integer(let number): Number(exactly: number)
            case .double(let number): Number(exactly: number)
            case .boolean(let isTrue): isTrue ? 1 : 0
            case let value: value.bytes?.validText.flatMap { Number($0) }
            }
        guard let number else {
            throw RedisConversionError(expected: "an integer from \(Number.min) to \(Number.max)", found: self)
        }
        return number
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
}
