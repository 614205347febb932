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

extension RedisArguments {
    /// The ends of a range of an array; nil is the array's own end.
    @usableFromInline mutating func append(from first: Int?, through last: Int?) {
        if let first { append(first) } else { append("-") }
        if let last { append(last) } else { append("+") }
    }
}
