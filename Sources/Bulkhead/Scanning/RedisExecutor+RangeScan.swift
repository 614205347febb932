public import BulkheadCommands

extension RedisExecutor {
    /// The elements of a list from the place `first` on, at most `limit`, in pages of at most `count`, 1,000 if it is
    /// not given.
    ///
    /// A page goes on at a place. What is pushed or removed in front of it meanwhile moves the rest: elements come
    /// twice, or are left out. What is pushed behind it comes too.
    /// - Complexity: O(S+N) a page, with S elements before it, or behind it if that is nearer, and N in it
    public func lrangeScan<Key: RedisArgument, Value: RedisDecodable>(
        _ key: Key, from first: Int = 0, limit: Int? = nil,
        count: Int? = nil, as type: Value.Type = String.self, pace: RedisPace? = nil
    ) -> RedisRangeScan<Value> {
        RedisRangeScan(.list(key, from: first, limit: limit), count, pace, of: self)
    }

    /// The entries of a stream from the oldest to the newest, at most `limit`, in pages of at most `count`.
    ///
    /// A page goes on behind an id: each entry that is there from start to end comes once. What is added meanwhile
    /// comes too, if `last` allows it; so against steady writers it may never end. What is deleted may be left out.
    /// - Complexity: O(log(S)+N) a page of N, of S entries
    /// - Since: Redis 6.2.0
    public func xrangeScan<Key: RedisArgument, Value: RedisDecodable>(
        _ key: Key, from first: String = "-", to last: String = "+", limit: Int? = nil,
        count: Int? = nil, as type: Value.Type = String.self, pace: RedisPace? = nil
    ) -> RedisRangeScan<RedisStreamEntry<Value>> {
        RedisRangeScan(.entries(key, from: first, to: last, limit: limit, reversed: false), count, pace, of: self)
    }

    /// The entries of a stream from the newest to the oldest, at most `limit`, in pages of at most `count`.
    ///
    /// A page goes on behind an id: each entry that is there from start to end comes once. What is added after the
    /// first page does not come. What is deleted may be left out.
    /// - Complexity: O(log(S)+N) a page of N, of S entries
    /// - Since: Redis 6.2.0
    public func xrevrangeScan<Key: RedisArgument, Value: RedisDecodable>(
        _ key: Key, from last: String = "+", to first: String = "-", limit: Int? = nil,
        count: Int? = nil, as type: Value.Type = String.self, pace: RedisPace? = nil
    ) -> RedisRangeScan<RedisStreamEntry<Value>> {
        RedisRangeScan(.entries(key, from: last, to: first, limit: limit, reversed: true), count, pace, of: self)
    }

    /// The members of a sorted set with their scores from the place `first` on, at most `limit`, in pages of at most
    /// `count`.
    ///
    /// A page goes on at a place. What is added, removed or given another score in front of it meanwhile moves the
    /// rest: members come twice, or are left out. `zscan` leaves none out.
    /// - Complexity: O(log(S)+N) a page of N, of S members
    public func zrangeScan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, from first: Int = 0, limit: Int? = nil, reversed: Bool = false,
        count: Int? = nil, as type: Member.Type = String.self, pace: RedisPace? = nil
    ) -> RedisRangeScan<RedisScored<Member>> {
        RedisRangeScan(.ranks(key, from: first, limit: limit, reversed: reversed), count, pace, of: self)
    }

    /// The members with scores in a range, from the lowest up, at most `limit`, in pages of at most `count`.
    ///
    /// A page goes on at a score. A member comes once if it keeps its score and none of the same score is added or
    /// removed meanwhile. One that is given a higher score may come twice, one that is given a lower may be left out.
    /// - Complexity: O(log(S)+N+T) a page of N, of S members, with T of the score it goes on at
    public func zrangebyscoreScan<Key: RedisArgument, Member: RedisDecodable>(
        _ key: Key, from lower: RedisScoreBound, to upper: RedisScoreBound, limit: Int? = nil,
        count: Int? = nil, as type: Member.Type = String.self, pace: RedisPace? = nil
    ) -> RedisRangeScan<RedisScored<Member>> {
        RedisRangeScan(.scores(key, from: lower, to: upper, limit: limit), count, pace, of: self)
    }

    /// The members of a sorted set in which all have one score, by their bytes, at most `limit`, in pages of at most
    /// `count`. They must be UTF-8.
    ///
    /// A page goes on behind a member: each that is there from start to end comes once. What is added in front of it
    /// meanwhile does not come, what is added behind it does.
    /// - Complexity: O(log(S)+N) a page of N, of S members
    public func zrangebylexScan<Key: RedisArgument>(
        _ key: Key, from lower: RedisLexBound, to upper: RedisLexBound, limit: Int? = nil,
        count: Int? = nil, pace: RedisPace? = nil
    ) -> RedisRangeScan<String> {
        RedisRangeScan(.members(key, from: lower, to: upper, limit: limit), count, pace, of: self)
    }
}
