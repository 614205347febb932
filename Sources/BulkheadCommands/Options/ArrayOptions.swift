import BulkheadRESP

/// What a value of an array must be like to be found. Since Redis 8.8.0
public struct RedisArrayCondition: Sendable, RedisCommandOption {
    private let word: String
    private let text: RESPBytes

    private init(_ word: String, _ text: some RedisArgument) {
        self.word = word
        self.text = RESPBytes(text.encodedBytes)
    }

    /// It is equal to this one (`EXACT`).
    public static func equal(to value: some RedisArgument) -> RedisArrayCondition {
        RedisArrayCondition("EXACT", value)
    }
    /// This stands somewhere in it (`MATCH`).
    public static func containing(_ text: some RedisArgument) -> RedisArrayCondition {
        RedisArrayCondition("MATCH", text)
    }
    /// It fits a pattern as keys do: `*`, `?`, `[abc]` (`GLOB`).
    public static func glob(_ pattern: String) -> RedisArrayCondition { RedisArrayCondition("GLOB", pattern) }
    /// It has something that fits a regular expression (`RE`).
    public static func regex(_ pattern: String) -> RedisArrayCondition { RedisArrayCondition("RE", pattern) }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        arguments.append(text)
    }
}

/// How the numbers of an array become one. Since Redis 8.8.0
///
/// Values that are not numbers are skipped. `and`, `or` and `xor` cut fractions. Ask for `Int` if results may exceed
/// 2^53.
public struct RedisArrayOperation: Sendable, RedisWordOption {
    @usableFromInline let word: String
    private init(_ word: String) { self.word = word }

    /// They are added.
    public static let sum = RedisArrayOperation("SUM")
    /// The least of them.
    public static let minimum = RedisArrayOperation("MIN")
    /// The greatest of them.
    public static let maximum = RedisArrayOperation("MAX")
    /// The bits that all have.
    public static let and = RedisArrayOperation("AND")
    /// The bits that any has.
    public static let or = RedisArrayOperation("OR")
    /// The bits that an odd number of them has.
    public static let xor = RedisArrayOperation("XOR")
}

extension RedisArguments {
    /// The ends of a range of an array; nil is the array's own end.
    @usableFromInline mutating func append(from first: Int?, through last: Int?) {
        if let first { append(first) } else { append("-") }
        if let last { append(last) } else { append("+") }
    }
}
