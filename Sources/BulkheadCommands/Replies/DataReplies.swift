public import BulkheadRESP

/// Where two strings have text in common.
public struct RedisCommonText: RedisDecodable {
    /// A piece of text that both strings have.
    public struct Match: RedisDecodable {
        /// Where it is in the first string, in bytes.
        public let first: ClosedRange<Int>
        /// Where it is in the second string.
        public let second: ClosedRange<Int>
        /// Its length in bytes.
        public let length: Int

        /// Reads two ranges and a length; throws if it is something else.
        public init(redis value: RESPValue) throws(RedisConversionError) {
            let parts = try value.requireElements("two ranges and a length", count: 3)
            first = try Self.range(parts[0])
            second = try Self.range(parts[1])
            length = try Int(redis: parts[2])
        }

        private static func range(_ value: RESPValue) throws(RedisConversionError) -> ClosedRange<Int> {
            let ends = try [Int](redis: value)
            guard ends.count == 2, ends[0] <= ends[1] else {
                throw RedisConversionError(expected: "the ends of a range", found: value)
            }
            return ends[0]...ends[1]
        }
    }

    /// The pieces, the last one first.
    public let matches: [Match]
    /// How long the common text is, in bytes; pieces that are left out count as well.
    public let length: Int

    /// Reads a record of both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let record = try RedisRecord(redis: value)
        matches = try record.required("matches")
        length = try record.required("len")
    }
}

/// A number after it was added to. Since Redis 8.8.0
public struct RedisIncrease<Number: RedisDecodable>: RedisDecodable {
    /// The number.
    public let number: Number
    /// What was added: 0 if a bound forbade it, and less than was asked for if the number became the bound.
    public let added: Number

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a number and what was added", count: 2)
        number = try Number(redis: parts[0])
        added = try Number(redis: parts[1])
    }
}

extension RedisIncrease: Equatable where Number: Equatable {}

/// A place on the earth, in degrees.
public struct RedisCoordinate: RedisDecodable, Hashable {
    /// East of Greenwich; negative to its west. Servers take -180 through 180.
    public let longitude: Double
    /// North of the equator; negative to its south. Servers take -85.05112878 through 85.05112878.
    public let latitude: Double

    /// A place by its degrees.
    public init(longitude: Double, latitude: Double) {
        self.longitude = longitude
        self.latitude = latitude
    }

    /// Reads longitude and latitude; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("longitude and latitude", count: 2)
        self.init(longitude: try Double(redis: parts[0]), latitude: try Double(redis: parts[1]))
    }
}

/// A member that a search has found.
public struct RedisGeoMatch<Member: RedisDecodable>: RedisDecodable {
    /// The member.
    public let member: Member
    /// How far it is from the centre, in the unit of the search.
    public let distance: Double
    /// Where it is, exact to less than a metre.
    public let place: RedisCoordinate

    /// Reads the three; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a member, its distance and place", count: 3)
        member = try Member(redis: parts[0])
        distance = try Double(redis: parts[1])
        place = try RedisCoordinate(redis: parts[2])
    }
}

/// The place of a member in a sorted set, with its score.
public struct RedisRank: RedisDecodable, Hashable {
    /// Counted from 0.
    public let place: Int
    /// The score.
    public let score: Double

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a place and a score", count: 2)
        place = try Int(redis: parts[0])
        score = try Double(redis: parts[1])
    }
}

/// What is known of a vector set.
public struct RedisVectorSetInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many elements there are.
    public let size: Int
    /// How many dimensions their vectors have.
    public let dimensions: Int
    /// In which form vectors are kept: `f32`, `int8`, `bin`.
    public let quantization: String

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        size = try record.required("size")
        dimensions = try record.required("vector-dim")
        quantization = try record.required("quant-type")
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
