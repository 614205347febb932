public import BulkheadRESP

/// A text with its vector, as a store of vectors keeps it in a hash.
public struct RedisVectorRecord: Sendable, Hashable {
    /// What the store calls it.
    public var id: String
    /// The text; nil if the store keeps none.
    public var text: String?
    /// Its embedding.
    public var vector: [Float]
    /// The other fields, as they stand in the hash; without those that the store keeps for itself.
    public var metadata: [String: RESPBytes]

    /// A record by its parts.
    public init(id: String, text: String? = nil, vector: [Float], metadata: [String: RESPBytes] = [:]) {
        self.id = id
        self.text = text
        self.vector = vector
        self.metadata = metadata
    }
}
