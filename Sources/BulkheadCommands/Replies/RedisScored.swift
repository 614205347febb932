public import BulkheadRESP

/// A member of a sorted set with its score.
public struct RedisScored<Member: RedisDecodable>: Sendable {
    /// The member.
    public let member: Member
    /// Its score: any number but nan, infinities among them.
    public let score: Double

    /// A member with a score.
    public init(_ member: Member, score: Double) {
        self.member = member
        self.score = score
    }
}

extension RedisScored: RedisDecodable {
    /// Reads an array of a member and its score; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pair = try value.requireElements("a member and its score", count: 2)
        self.init(try Member(redis: pair[0]), score: try Double(redis: pair[1]))
    }

    /// Reads members with scores: pairs or a flat array, as either protocol sends them.
    public static func elements(redis value: RESPValue) throws(RedisConversionError) -> [RedisScored] {
        try RedisPairs(value, of: "members with scores").map { member, score throws(RedisConversionError) in
            RedisScored(try Member(redis: member), score: try Double(redis: score))
        }
    }
}

extension RedisScored: Equatable where Member: Equatable {}
extension RedisScored: Hashable where Member: Hashable {}
extension RedisScored: Codable where Member: Codable {}
