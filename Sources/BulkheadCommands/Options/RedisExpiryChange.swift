/// What `GETEX` does to a key's expiry.
public struct RedisExpiryChange: Sendable, Hashable {
    /// The new expiry; nil removes the old one.
    private let expiry: RedisExpiry?

    /// The key expires this long from now; sent in milliseconds, rounded up.
    public static func after(_ duration: Duration) -> RedisExpiryChange {
        RedisExpiryChange(expiry: .after(duration))
    }

    /// The key expires at this time: milliseconds since 1970, by the server's clock.
    public static func at(unixMilliseconds time: Int64) -> RedisExpiryChange {
        RedisExpiryChange(expiry: .at(unixMilliseconds: time))
    }

    /// The key no longer expires.
    public static let remove = RedisExpiryChange(expiry: nil)

    @usableFromInline func append(to arguments: inout RedisArguments) {
        if let expiry { expiry.append(to: &arguments) } else { arguments.append("PERSIST") }
    }
}
