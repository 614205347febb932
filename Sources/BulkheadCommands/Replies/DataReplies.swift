public import BulkheadRESP

extension RedisCoordinate {
    /// A place by its degrees.
    public init(longitude: Double, latitude: Double) {
        self.longitude = longitude
        self.latitude = latitude
    }
}

extension RedisCommonText.Match {
    static func range(_ value: RESPValue) throws(RedisConversionError) -> ClosedRange<Int> {
        let ends = try [Int](redis: value)
        guard ends.count == 2, ends[0] <= ends[1] else {
            throw RedisConversionError(expected: "the ends of a range", found: value)
        }
        return ends[0]...ends[1]
    }
}

/// An element of a vector set that a search has found.
public struct RedisVectorMatch<Element: RedisDecodable>: Sendable {
    /// The element.
    public let element: Element
    /// How near it is: 1 is the same direction, 0 the opposite one.
    public let score: Double
    /// Its attributes, JSON text; nil if it has none.
    public let attributes: String?

    /// Reads a map from elements to score and attributes, or a flat array of the three.
    @usableFromInline
    static func elements(redis reply: RESPValue) throws(RedisConversionError) -> [RedisVectorMatch] {
        if case .map = reply.withoutAttributes {
            return try RedisPairs(reply, of: "elements with score and attributes").map {
                element, parts throws(RedisConversionError) in
                let parts = try parts.requireElements("score and attributes", count: 2)
                return try RedisVectorMatch(element, parts[0], parts[1])
            }
        }
        let parts = try reply.requireElements("elements with score and attributes")
        guard parts.count.isMultiple(of: 3) else {
            throw RedisConversionError(expected: "elements with score and attributes", found: reply)
        }
        var matches: [RedisVectorMatch] = []
        for first in stride(from: 0, to: parts.count, by: 3) {
            matches.append(try RedisVectorMatch(parts[first], parts[first + 1], parts[first + 2]))
        }
        return matches
    }

    private init(
        _ element: RESPValue, _ score: RESPValue, _ attributes: RESPValue
    ) throws(RedisConversionError) {
        self.element = try Element(redis: element)
        self.score = try Double(redis: score)
        self.attributes = try String?(redis: attributes)
    }
}

extension RedisScored {
    /// Members with their scores on each layer of a graph; nil for null.
    @usableFromInline
    static func layers(redis reply: RESPValue) throws(RedisConversionError) -> [[RedisScored]]? {
        if reply.isNull { return nil }
        var layers: [[RedisScored]] = []
        for layer in try reply.requireElements("layers") { layers.append(try elements(redis: layer)) }
        return layers
    }
}

/// Who has on disk what a connection wrote. Since Redis 7.2.0
public struct RedisDurableCopies: RedisDecodable, Hashable {
    /// True if the server has that was written to.
    public let isLocal: Bool
    /// How many of its replicas have.
    public let replicas: Int

    /// Reads two numbers; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("the copies here and at replicas", count: 2)
        isLocal = try Int(redis: parts[0]) > 0
        replicas = try Int(redis: parts[1])
    }
}
