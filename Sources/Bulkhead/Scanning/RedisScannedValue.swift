/// A key that a scan found, and what was read of it.
public struct RedisScannedValue<Key: Sendable, Value: Sendable>: Sendable {
    /// The key, as the type that the scan was asked for.
    public let key: Key
    /// The value, or why this one could not be read: WRONGTYPE, for example, of a key of another type.
    public let result: Result<Value, RedisError>

    /// The value; throws why it could not be read.
    public var value: Value {
        get throws(RedisError) { try result.get() }
    }
}

extension RedisScannedValue: Equatable where Key: Equatable, Value: Equatable {}
extension RedisScannedValue: Hashable where Key: Hashable, Value: Hashable {}
