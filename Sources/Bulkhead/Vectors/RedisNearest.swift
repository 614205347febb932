/// The keys whose vectors are nearest to one, and how many were looked at.
public struct RedisNearest<Key: Sendable>: Sendable {
    /// The nearest first; of equally near ones the lesser key, by its bytes.
    public let neighbours: [RedisNeighbour<Key>]
    /// How many vectors were compared. One that the scan showed twice counts twice.
    public let compared: Int
    /// How many keys of the right type and name hold no such vector: no field, another dimension, a number that is
    /// none, or no direction where the angle counts.
    public let skipped: Int
}

extension RedisNearest: Equatable where Key: Equatable {}
extension RedisNearest: Hashable where Key: Hashable {}

/// A key, and how far its vector is.
public struct RedisNeighbour<Key: Sendable>: Sendable {
    /// The key, as the type that was asked for.
    public let key: Key
    /// Less is nearer; ``RedisVectorDistance`` says what it is.
    public let distance: Float
}

extension RedisNeighbour: Equatable where Key: Equatable {}
extension RedisNeighbour: Hashable where Key: Hashable {}
