import BulkheadCommands
import BulkheadRESP

/// How often something may happen: so many times in a period, evenly, with so many at once.
///
/// ```swift
/// let answer = try await main.allow("user:1", RedisRateLimit(100, per: .seconds(60), burst: 20))
/// guard answer.isAllowed else { return tooMany(retryAfter: answer.retryAfter) }
/// ```
/// It is the generic cell rate algorithm (GCRA): one key and one number for each name, by the server's clock, so it
/// holds for all programs together. What is refused does not count.
public struct RedisRateLimit: Sendable, Hashable {
    /// How many in a period.
    public var count: Int
    /// The period. A share of it, `period / count` rounded up to whole microseconds, is what one of them costs.
    public var period: Duration
    /// How many may come at once after a pause. One allows no more than an even flow.
    public var burst: Int

    /// A limit of `count` in `period`; `burst` is `count` if nothing is said.
    public init(_ count: Int, per period: Duration, burst: Int? = nil) {
        self.count = count
        self.period = period
        self.burst = burst ?? count
    }

    /// The words for the script: what one costs, and how far ahead of the clock the limit may run.
    func arguments(cost: Int) throws(RedisError) -> [any RedisArgument] {
        let longest = Duration.seconds(365 * 86_400)
        guard count > 0, burst > 0, period >= .microseconds(1), period <= longest else {
            throw RedisError(
                .invalidArgument, "a rate limit needs a count and a burst of 1 at least, and a period up to 365 days")
        }
        let interval = (period.wholeMicroseconds - 1) / Int64(count) + 1
        let (room, isTooLong) = interval.multipliedReportingOverflow(by: Int64(burst))
        guard !isTooLong, room <= longest.wholeMicroseconds else {
            throw RedisError(.invalidArgument, "the burst of a rate limit would last longer than 365 days")
        }
        guard (0...burst).contains(cost) else {
            throw RedisError(.invalidArgument, "the cost is 0 at least, and the burst at most: more is never allowed")
        }
        return [interval, room, Int64(cost) * interval]
    }
}

/// What a rate limit says to one request.
public struct RedisRateAnswer: Sendable, Hashable, Codable {
    /// True if it may go on, and was counted.
    public let isAllowed: Bool
    /// How many more of cost 1 would be allowed now.
    public let remaining: Int
    /// When the same is allowed, if nothing else comes; zero if it was. In microseconds of the server's clock.
    public let retryAfter: Duration
    /// When the whole burst is free again, if nothing else comes.
    public let resetAfter: Duration
}

/// The number is the moment at which all that was allowed is paid for, in microseconds of the server's clock. It is
/// never further ahead than the burst; if it is, the clock was set back.
enum RateScript {
    static let allow = RedisScript<RedisRateAnswer>(
        LockScripts.refusal + """
            local time = redis.call('TIME')
            local now = time[1] * 1000000 + time[2]
            local interval, room, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
            local paid = redis.pcall('GET', KEYS[1])
            if refusal(paid) then return refusal(paid) end
            paid = math.min(math.max(tonumber(paid or 0), now), now + room)
            local late = paid + cost - room - now
            if late > 0 then return {0, math.floor((now + room - paid) / interval), late, paid - now} end
            paid = paid + cost
            if cost > 0 then
                local done = redis.pcall('SET', KEYS[1], string.format('%.0f', paid), 'PX',
                    math.ceil((paid - now) / 1000))
                if refusal(done) then return refusal(done) end
            end
            return {1, math.floor((now + room - paid) / interval), 0, paid - now}
            """
    ) { value throws(RedisConversionError) in
        let words = try [Int64](redis: value)
        guard words.count == 4 else { throw RedisConversionError(expected: "a rate limit's answer", found: value) }
        return RedisRateAnswer(
            isAllowed: words[0] == 1, remaining: Int(words[1]), retryAfter: .microseconds(words[2]),
            resetAfter: .microseconds(words[3]))
    }
}

extension RedisExecutor {
    /// Asks whether something may happen now, and counts it if so: see ``RedisRateLimit``.
    ///
    /// One script, one key (`limit:` and the name), which expires when the whole burst is free again. A cost of 0 only
    /// looks. If its connection is lost it may have been counted: it is not asked again, and `error.isAmbiguous` is
    /// true. A failover may forget what was counted last; then more is allowed, by the burst at most. For as long as
    /// two servers take themselves for the primary, each of them allows the whole rate.
    ///
    /// Throws `invalid-argument`, with nothing sent, if a number of the limit cannot be, or the cost is above the
    /// burst.
    public func allow(
        _ name: String, _ limit: RedisRateLimit, cost: Int = 1
    ) async throws(RedisError) -> RedisRateAnswer {
        try await run(RateScript.allow, keys: ["limit:" + name], arguments: limit.arguments(cost: cost))
    }
}

extension BlockingRedisExecutor {
    /// Asks whether something may happen now, and counts it if so, as the asynchronous form does.
    public func allow(
        _ name: String, _ limit: RedisRateLimit, cost: Int = 1
    ) throws(RedisError) -> RedisRateAnswer {
        try run(RateScript.allow, keys: ["limit:" + name], arguments: limit.arguments(cost: cost))
    }
}
