/// Sorted sets: members each with a score, in the order of scores, and of their bytes where scores are equal.
///
/// All throw WRONGTYPE if the key holds another type. A missing key is an empty set; a set that becomes empty is
/// removed. Places count from 0; negative ones count from the end, -1 the last. Where no member is named nothing is
/// sent, and counts are 0.
extension RedisCommand {
    /// Adds members with scores, `["ada": 10, "bob": 2.5]`, or changes the scores of those that are there.
    ///
    /// - Returns: How many members are new; changed ones do not count.
    /// - Complexity: O(N*log(S)) for N members added to a set of S
    /// - Since: Redis 1.2.0; several members 2.4.0, conditions 3.0.2
    @inlinable
    public static func zadd(
        _ key: some RedisArgument, _ members: KeyValuePairs<String, Double>, condition: RedisScoreCondition? = nil,
        countingChanges: Bool = false
    ) -> RedisCommand<Int> {
        zadd(key, pairs: members.lazy.map { $0 }, condition: condition, countingChanges: countingChanges)
    }

    /// Adds members with scores, the pairs of a dictionary or another sequence, or changes the scores of those that
    /// are there.
    ///
    /// - Returns: How many members are new; changed ones do not count.
    /// - Complexity: O(N*log(S)) for N members added to a set of S
    /// - Since: Redis 1.2.0; several members 2.4.0, conditions 3.0.2
    @inlinable
    public static func zadd(
        _ key: some RedisArgument, pairs: some Sequence<(key: some RedisArgument, value: Double)>,
        condition: RedisScoreCondition? = nil, countingChanges: Bool = false
    ) -> RedisCommand<Int> {
        RedisCommand<Int>(
            "ZADD", least: 4 + (condition?.words.count ?? 0) + (countingChanges ? 1 : 0), else: .answered(.zero)
        ) { arguments in
            arguments.append(key)
            condition?.append(to: &arguments)
            if countingChanges { arguments.append("CH") }
            for (member, score) in pairs {
                arguments.append(score)
                arguments.append(member)
            }
        }
    }

    /// Removes members.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N*log(S)) for N members removed from a set of S
    /// - Since: Redis 1.2.0; several members 2.4.0
    @inlinable
    public static func zrem<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: [Member]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("ZREM", least: 3, else: .answered(.zero)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: members)
        }
    }

    /// Removes members, written one by one.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N*log(S)) for N members removed from a set of S
    /// - Since: Redis 1.2.0; several members 2.4.0
    @inlinable
    public static func zrem<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: Member...
    ) -> RedisCommand<Int> {
        zrem(key, members)
    }

    /// Reads the score of a member.
    ///
    /// - Returns: The score; nil if there is no such member or key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zscore(_ key: some RedisArgument, _ member: some RedisArgument) -> RedisCommand<Double?> {
        RedisCommand<Double?>("ZSCORE") { arguments in
            arguments.append(key)
            arguments.append(member)
        }
    }

    /// Adds to the score of a member; a missing member starts from 0.
    ///
    /// Throws if the sum is not a number (`inf` and `-inf`); nothing changes then.
    /// - Returns: The score after it.
    /// - Complexity: O(log(N)) for a set of N members
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zincrby(
        _ key: some RedisArgument, by amount: Double, _ member: some RedisArgument
    ) -> RedisCommand<Double> {
        RedisCommand<Double>("ZINCRBY") { arguments in
            arguments.append(key)
            arguments.append(amount)
            arguments.append(member)
        }
    }

    /// Counts the members.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zcard(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("ZCARD") { $0.append(key) }
    }

    /// Counts the members with scores in a range.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(log(N)) for a set of N members
    /// - Since: Redis 2.0.0
    @inlinable
    public static func zcount(
        _ key: some RedisArgument, from lower: RedisScoreBound, to upper: RedisScoreBound
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("ZCOUNT") { arguments in
            arguments.append(key)
            arguments.append(lower.text(isLower: true))
            arguments.append(upper.text(isLower: false))
        }
    }

    /// Reads the place of a member, counted from 0 at the lowest score.
    ///
    /// - Returns: The place; nil if there is no such member or key.
    /// - Complexity: O(log(N)) for a set of N members
    /// - Since: Redis 2.0.0
    @inlinable
    public static func zrank(_ key: some RedisArgument, _ member: some RedisArgument) -> RedisCommand<Int?> {
        RedisCommand<Int?>("ZRANK") { arguments in
            arguments.append(key)
            arguments.append(member)
        }
    }

    /// Reads the members at the places `first` through `last`, from the lowest score up, or from the highest down.
    ///
    /// Reversed it is sent as `ZREVRANGE`, which servers before 6.2 know as well.
    /// - Returns: The members in that order; all of them with 0 and -1.
    /// - Complexity: O(log(N)+M) for M members out of N
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zrange<Member: RedisDecodable>(
        _ key: some RedisArgument, from first: Int, through last: Int, reversed: Bool = false,
        as type: Member.Type = String.self
    ) -> RedisCommand<[Member]> {
        RedisCommand<[Member]>(reversed ? "ZREVRANGE" : "ZRANGE", route: .bulk) { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
        }
    }

    /// Reads members with scores at the places `first` through `last`, from the lowest score up, or the highest down.
    ///
    /// Reversed it is sent as `ZREVRANGE`, which servers before 6.2 know as well.
    /// - Returns: The members in that order; all of them with 0 and -1.
    /// - Complexity: O(log(N)+M) for M members out of N
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zrangeWithScores<Member: RedisDecodable>(
        _ key: some RedisArgument, from first: Int, through last: Int, reversed: Bool = false,
        as type: Member.Type = String.self
    ) -> RedisCommand<[RedisScored<Member>]> {
        RedisCommand<[RedisScored<Member>]>(
            reversed ? "ZREVRANGE" : "ZRANGE", route: .bulk
        ) { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
            arguments.append("WITHSCORES")
        }
    }

    /// Reads the members with scores in a range, from the lowest score up, without the first `offset` of them.
    ///
    /// - Returns: At most `limit` members.
    /// - Complexity: O(log(N)+M) for M members out of N, skipped ones included
    /// - Since: Redis 1.0.5
    @inlinable
    public static func zrangebyscore<Member: RedisDecodable>(
        _ key: some RedisArgument, from lower: RedisScoreBound, to upper: RedisScoreBound,
        offset: Int = 0, limit: Int? = nil, as type: Member.Type = String.self
    ) -> RedisCommand<[Member]> {
        RedisCommand<[Member]>("ZRANGEBYSCORE", route: .bulk) { arguments in
            arguments.append(key)
            arguments.append(lower.text(isLower: true))
            arguments.append(upper.text(isLower: false))
            if offset != 0 || limit != nil {
                arguments.append("LIMIT")
                arguments.append(offset)
                arguments.append(limit ?? -1)
            }
        }
    }

    /// Removes the members at the places `first` through `last`, counted from 0 at the lowest score.
    ///
    /// - Returns: How many were removed.
    /// - Complexity: O(log(N)+M) for M members out of N
    /// - Since: Redis 2.0.0
    @inlinable
    public static func zremrangebyrank(
        _ key: some RedisArgument, from first: Int, through last: Int
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("ZREMRANGEBYRANK") { arguments in
            arguments.append(key)
            arguments.append(first)
            arguments.append(last)
        }
    }

    /// Removes the members with scores in a range.
    ///
    /// - Returns: How many were removed.
    /// - Complexity: O(log(N)+M) for M members out of N
    /// - Since: Redis 1.2.0
    @inlinable
    public static func zremrangebyscore(
        _ key: some RedisArgument, from lower: RedisScoreBound, to upper: RedisScoreBound
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("ZREMRANGEBYSCORE") { arguments in
            arguments.append(key)
            arguments.append(lower.text(isLower: true))
            arguments.append(upper.text(isLower: false))
        }
    }
}
