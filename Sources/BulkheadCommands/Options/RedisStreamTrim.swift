/// How much of a stream XADD and XTRIM keep.
///
/// Unless it is to be exact, the server keeps a little more where that is much cheaper (`~`).
public struct RedisStreamTrim: Sendable, Hashable {
    private enum Threshold: Sendable, Hashable {
        case maximumLength(Int)
        case minimumID(String)
    }

    private let threshold: Threshold
    private let isExact: Bool

    /// The newest entries, so many (`MAXLEN`).
    public static func maximumLength(_ length: Int, exact: Bool = false) -> RedisStreamTrim {
        RedisStreamTrim(threshold: .maximumLength(length), isExact: exact)
    }

    /// The entries with this id and later ones (`MINID`). Since Redis 6.2.0
    public static func minimumID(_ id: String, exact: Bool = false) -> RedisStreamTrim {
        RedisStreamTrim(threshold: .minimumID(id), isExact: exact)
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        switch threshold {
        case .maximumLength(let length):
            arguments.append("MAXLEN")
            arguments.append(isExact ? "=" : "~")
            arguments.append(length)
        case .minimumID(let id):
            arguments.append("MINID")
            arguments.append(isExact ? "=" : "~")
            arguments.append(id)
        }
    }
}
