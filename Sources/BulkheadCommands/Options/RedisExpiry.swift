/// When the key that `SET` writes expires.
public struct RedisExpiry: Sendable, Hashable {
    private enum Option: Sendable, Hashable {
        case after(Duration)
        case at(unixMilliseconds: Int64)
        case keep
    }

    private let option: Option

    /// The key expires this long from now; sent in milliseconds, rounded up.
    public static func after(_ duration: Duration) -> RedisExpiry { RedisExpiry(option: .after(duration)) }

    /// The key expires at this time: milliseconds since 1970, by the server's clock. Since Redis 6.2.0
    public static func at(unixMilliseconds time: Int64) -> RedisExpiry {
        RedisExpiry(option: .at(unixMilliseconds: time))
    }

    /// The key keeps its expiry; without this `SET` removes it. Since Redis 6.0.0
    public static let keep = RedisExpiry(option: .keep)

    @usableFromInline func append(to arguments: inout RedisArguments) {
        switch option {
        case .after(let duration):
            arguments.append("PX")
            arguments.append(duration.redisMilliseconds)
        case .at(let milliseconds):
            arguments.append("PXAT")
            arguments.append(milliseconds)
        case .keep:
            arguments.append("KEEPTTL")
        }
    }
}
