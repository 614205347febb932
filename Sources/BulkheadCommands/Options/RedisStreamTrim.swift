/// How much of a stream XADD and XTRIM keep.
///
/// Unless it is to be exact, the server keeps a little more where that is much cheaper (`~`). Only such a trim has a
/// limit: how many entries one command looks at; 100 for each inner node of the stream by default, and 0 is no limit.
/// What groups know of the entries is kept by default (`references`, since Redis 8.2.0).
public struct RedisStreamTrim: Sendable, Hashable {
    private let word: String
    private let threshold: String
    private let isExact: Bool
    private let limit: Int?
    private let references: RedisReferenceMode?

    /// The newest entries, so many (`MAXLEN`).
    public static func maximumLength(
        _ length: Int, exact: Bool = false, limit: Int? = nil, references: RedisReferenceMode? = nil
    ) -> RedisStreamTrim {
        RedisStreamTrim(
            word: "MAXLEN", threshold: String(length), isExact: exact, limit: limit, references: references)
    }

    /// The entries with this id and later ones (`MINID`). Since Redis 6.2.0
    public static func minimumID(
        _ id: String, exact: Bool = false, limit: Int? = nil, references: RedisReferenceMode? = nil
    ) -> RedisStreamTrim {
        RedisStreamTrim(word: "MINID", threshold: id, isExact: exact, limit: limit, references: references)
    }

    /// How many words it has in a command.
    @usableFromInline var wordCount: Int { 3 + (limit == nil ? 0 : 2) + (references == nil ? 0 : 1) }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append(word)
        arguments.append(isExact ? "=" : "~")
        arguments.append(threshold)
        if let limit {
            arguments.append("LIMIT")
            arguments.append(limit)
        }
        if let references { arguments.append(references) }
    }
}
