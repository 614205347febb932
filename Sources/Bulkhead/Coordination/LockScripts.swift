import BulkheadCommands
import BulkheadRESP

/// What a lock is on the server: a hash with `token` and `until` while somebody holds it, and the last `number` given.
///
/// `until` and `number` are microseconds of the server's clock. A number is the one before and one more, or the clock,
/// whichever is larger: so it grows also where a failover or a restart lost the last one. The hash lives a day longer
/// than the lease, so that a clock that is set back is noticed too.
enum LockScripts {
    /// The first command that reads, and the first that writes, run by `pcall`, and their errors pass through this:
    /// Redis 6.2 would give them another form, in which READONLY is not the first word.
    static let refusal = """
        local function refusal(reply)
            if type(reply) ~= 'table' or not reply.err then return nil end
            return {err = string.match(reply.err, '^@user_script: %d+: %-(.*)') or reply.err}
        end

        """

    /// Takes a lock (a number of 0), or extends it with its number.
    ///
    /// One with the same token keeps its number, so a repetition after a lost reply is harmless. An extension that
    /// finds nobody takes the lock again with the number it has, unless a higher one was given since.
    static let take = RedisScript<LockReply>(
        refusal + """
            local time = redis.call('TIME')
            local now = time[1] * 1000000 + time[2]
            local held = redis.pcall('HMGET', KEYS[1], 'token', 'until', 'number', 'done')
            if refusal(held) then return refusal(held) end
            if held[4] then return {2} end
            local last, number = tonumber(held[3] or 0), tonumber(ARGV[3])
            if held[1] == ARGV[1] then
                number = last
            elseif held[1] and tonumber(held[2]) > now then
                return {0, tonumber(held[2]) - now}
            elseif number == 0 then
                number = math.max(last + 1, now)
            elseif last > number then
                return {0, 0}
            end
            local done = redis.pcall('HSET', KEYS[1], 'token', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]),
                'number', string.format('%.0f', number))
            if refusal(done) then return refusal(done) end
            redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000) + 86400000)
            return {1, number}
            """,
        decode: LockReply.init)

    /// Releases a lock: 1 if it was held by the token. The number grows, so that an extension that comes late finds
    /// a higher one.
    static let release = RedisScript<Int>(
        refusal + """
            local held = redis.pcall('HMGET', KEYS[1], 'token', 'number')
            if refusal(held) then return refusal(held) end
            if held[1] ~= ARGV[1] then return 0 end
            local done = redis.pcall('HSET', KEYS[1], 'number', string.format('%.0f', held[2] + 1))
            if refusal(done) then return refusal(done) end
            redis.call('HDEL', KEYS[1], 'token', 'until')
            return 1
            """)
}

/// What the server says to who wants a lock.
enum LockReply: Sendable, Equatable {
    case taken(number: Int64)
    /// Somebody else has it for so long, unless they extend it.
    case held(left: Duration)
    /// What it stands for was done already.
    case done

    init(_ value: RESPValue) throws(RedisConversionError) {
        let words = try [Int64](redis: value)
        switch words.first {
        case 1 where words.count == 2: self = .taken(number: words[1])
        case 0 where words.count == 2: self = .held(left: .microseconds(words[1]))
        case 2: self = .done
        default: throw RedisConversionError(expected: "the answer of a lock", found: value)
        }
    }
}
