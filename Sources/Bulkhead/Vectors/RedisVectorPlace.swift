/// Where the vector of a key is, and in which form.
///
/// ```swift
/// let nearest = try await knowledge.nearest(10, to: query, in: .field("vector"), match: "llama_index/*")
/// ```
public struct RedisVectorPlace: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case field(String)
        case string
    }

    let kind: Kind
    /// How the numbers are written.
    public let format: RedisVectorFormat

    /// A field of a hash. Keys of other types are left out by the server.
    public static func field(_ name: String, _ format: RedisVectorFormat = .float32) -> RedisVectorPlace {
        RedisVectorPlace(kind: .field(name), format: format)
    }

    /// The whole of a string. Keys of other types are left out by the server.
    public static func string(_ format: RedisVectorFormat = .float32) -> RedisVectorPlace {
        RedisVectorPlace(kind: .string, format: format)
    }

    /// The name of the type, as SCAN knows it.
    var type: String {
        switch kind {
        case .field: "hash"
        case .string: "string"
        }
    }
}

/// How the numbers of a vector are written.
public struct RedisVectorFormat: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case float32, float64, text
    }

    let kind: Kind

    /// Four bytes a number, little-endian: what search modules and their stores write.
    public static let float32 = RedisVectorFormat(kind: .float32)
    /// Eight bytes a number, little-endian. Each is rounded to 32 bits.
    public static let float64 = RedisVectorFormat(kind: .float64)
    /// Numbers in text, between commas or spaces, in brackets or not: `[0.5, -1, 2e-3]`. Each is rounded to 32 bits.
    public static let text = RedisVectorFormat(kind: .text)
}

/// How far two vectors are from each other. Less is nearer, and the numbers are those of search modules.
public struct RedisVectorDistance: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case cosine, l2, innerProduct
    }

    let kind: Kind

    /// 1 less the cosine of the angle: 0 for the same direction, 2 for the opposite one.
    public static let cosine = RedisVectorDistance(kind: .cosine)
    /// The square of the Euclidean distance.
    public static let l2 = RedisVectorDistance(kind: .l2)
    /// 1 less the inner product; negative where that is larger than 1.
    public static let innerProduct = RedisVectorDistance(kind: .innerProduct)
}
