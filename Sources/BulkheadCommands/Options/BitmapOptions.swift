/// A part of a string, whose ends both belong to it; negative ends count from the string's end.
public struct RedisBitRange: Sendable, RedisCommandOption {
    private let first: Int
    private let last: Int
    private let unit: String?

    /// From one byte through another.
    public static func bytes(_ first: Int, _ last: Int) -> RedisBitRange {
        RedisBitRange(first: first, last: last, unit: nil)
    }

    /// From one bit through another. Since Redis 7.0.0
    public static func bits(_ first: Int, _ last: Int) -> RedisBitRange {
        RedisBitRange(first: first, last: last, unit: "BIT")
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(first)
        arguments.append(last)
        if let unit { arguments.append(unit) }
    }
}

/// A number within a string: its width in bits, whether it is signed, and where it begins.
public struct RedisBitfieldPlace: Sendable {
    private let type: String
    private let offset: String

    /// A signed number of 1 to 64 bits at this bit.
    public static func signed(_ bits: Int, at offset: Int) -> RedisBitfieldPlace {
        RedisBitfieldPlace(type: "i\(bits)", offset: String(offset))
    }

    /// An unsigned number of 1 to 63 bits at this bit.
    public static func unsigned(_ bits: Int, at offset: Int) -> RedisBitfieldPlace {
        RedisBitfieldPlace(type: "u\(bits)", offset: String(offset))
    }

    /// A signed number as an element of an array of such numbers.
    public static func signed(_ bits: Int, index: Int) -> RedisBitfieldPlace {
        RedisBitfieldPlace(type: "i\(bits)", offset: "#\(index)")
    }

    /// An unsigned number as an element of an array of such numbers.
    public static func unsigned(_ bits: Int, index: Int) -> RedisBitfieldPlace {
        RedisBitfieldPlace(type: "u\(bits)", offset: "#\(index)")
    }

    func append(to arguments: inout RedisArguments) {
        arguments.append(type)
        arguments.append(offset)
    }
}

/// One reading of BITFIELD_RO.
public struct RedisBitfieldRead: Sendable, RedisCommandOption {
    private let place: RedisBitfieldPlace

    /// Reads a number.
    public static func get(_ place: RedisBitfieldPlace) -> RedisBitfieldRead { RedisBitfieldRead(place: place) }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append("GET")
        place.append(to: &arguments)
    }
}

/// One step of BITFIELD.
public struct RedisBitfieldOperation: Sendable, RedisCommandOption {
    private let word: String
    private let place: RedisBitfieldPlace?
    private let number: Int?

    /// Reads a number; the reply is that number.
    public static func get(_ place: RedisBitfieldPlace) -> RedisBitfieldOperation {
        RedisBitfieldOperation(word: "GET", place: place, number: nil)
    }

    /// Writes a number; the reply is the one before it.
    public static func set(_ place: RedisBitfieldPlace, _ number: Int) -> RedisBitfieldOperation {
        RedisBitfieldOperation(word: "SET", place: place, number: number)
    }

    /// Adds to a number; the reply is the one after it.
    public static func increment(_ place: RedisBitfieldPlace, by amount: Int) -> RedisBitfieldOperation {
        RedisBitfieldOperation(word: "INCRBY", place: place, number: amount)
    }

    /// From here on a number that does not fit starts again at the other end, the default.
    /// Has no reply.
    public static let wrapping = RedisBitfieldOperation(word: "OVERFLOW WRAP", place: nil, number: nil)
    /// From here on a number that does not fit stops at the limit; has no reply.
    public static let saturating = RedisBitfieldOperation(word: "OVERFLOW SAT", place: nil, number: nil)
    /// From here on a number that does not fit is left as it was, and the reply is nil; has no reply itself.
    public static let failing = RedisBitfieldOperation(word: "OVERFLOW FAIL", place: nil, number: nil)

    @usableFromInline func append(to arguments: inout RedisArguments) {
        for word in word.split(separator: " ") { arguments.append(String(word)) }
        place?.append(to: &arguments)
        if let number { arguments.append(number) }
    }
}
