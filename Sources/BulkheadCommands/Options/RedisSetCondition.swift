import BulkheadRESP

/// When `SET` writes.
public struct RedisSetCondition: Sendable, Hashable {
    private let word: String
    /// What stands behind the word.
    private var value: RESPBytes?

    /// Only a key that does not exist yet (`NX`).
    public static let ifAbsent = RedisSetCondition(word: "NX")
    /// Only a key that exists already (`XX`).
    public static let ifPresent = RedisSetCondition(word: "XX")

    /// Only a key whose value is a string of exactly these bytes (`IFEQ`). Since Valkey 8.1 and Redis 8.4.0
    ///
    /// Another server throws `ERR`, and nothing changes.
    public static func ifEqual(to value: some RedisArgument) -> RedisSetCondition {
        RedisSetCondition(word: "IFEQ", value: RESPBytes(value.encodedBytes))
    }

    @usableFromInline package func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        if let value { arguments.append(value) }
    }
}

/// When `DELEX` deletes a string. Since Redis 8.4.0
public struct RedisValueCondition: Sendable, RedisCommandOption {
    private let word: String
    private let value: RESPBytes

    private init(_ word: String, _ value: some RedisArgument) {
        self.word = word
        self.value = RESPBytes(value.encodedBytes)
    }

    /// Only a string of exactly these bytes (`IFEQ`).
    public static func ifEqual(to value: some RedisArgument) -> RedisValueCondition {
        RedisValueCondition("IFEQ", value)
    }
    /// Only a string of other bytes (`IFNE`).
    public static func ifNotEqual(to value: some RedisArgument) -> RedisValueCondition {
        RedisValueCondition("IFNE", value)
    }
    /// Only a string with this digest, as `digest` reads it (`IFDEQ`).
    public static func ifDigest(is digest: String) -> RedisValueCondition { RedisValueCondition("IFDEQ", digest) }
    /// Only a string with another digest (`IFDNE`).
    public static func ifDigest(isNot digest: String) -> RedisValueCondition { RedisValueCondition("IFDNE", digest) }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        arguments.append(value)
    }
}

extension RedisArgument {
    /// The bytes that stand for it in a command.
    package var encodedBytes: [UInt8] {
        var arguments = EncodedArguments(RedisArguments.encode { $0.append(self) }.array)
        return arguments.next().map { Array($0) } ?? []
    }
}
