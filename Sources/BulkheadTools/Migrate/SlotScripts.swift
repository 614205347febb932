import Bulkhead
import BulkheadRESP

/// The steps of a migration where a side is a cluster, each one script for one key, so that it is atomic and of one
/// slot.
///
/// The first keys of every script are the notes of the key's slot (``SlotNotes``), whose field `owner` is the run that
/// may work there. Any other run is refused in the same step: -1; and -2 if no run is named there any more.
enum SlotScript {
    /// Returns unless the first `count` keys name the run in ARGV.
    private static func owning(_ count: String) -> String {
        """
        for place = 1, \(count) do
          local owner = redis.call('HGET', KEYS[place], 'owner')
          if not owner then return -2 end
          if owner ~= ARGV[1] then return -1 end
        end
        """
    }

    /// KEYS: the notes; and last, if ARGV names one, the key of an ended process. ARGV: the run, what goes into the
    /// field `process`, a word if the server may be full, the time after which the keys expire or nothing, and the
    /// name of an ended process or nothing. Null if a newer run is the owner; the name in `process` if it is another
    /// one than was expected, and nothing was done; else all fields.
    ///
    /// The key of an ended process goes in the step that replaces its name: behind that nobody could find it.
    ///
    /// A full server refuses a script's first command that needs memory, and none behind a deletion. Numbers of runs
    /// are compared as texts: a script's own numbers have 53 bits.
    private static let claiming = """
        local former = redis.call('HGET', KEYS[1], 'process') or ''
        if former ~= '' and former ~= ARGV[2] and former ~= ARGV[5] then return former end
        for place = 1, #KEYS do
          local owner = redis.call('HGET', KEYS[place], 'owner') or ''
          if #owner > #ARGV[1] or (#owner == #ARGV[1] and owner > ARGV[1]) then return false end
        end
        if ARGV[3] ~= '' then redis.call('HDEL', KEYS[1], '') end
        local count = #KEYS
        if ARGV[5] ~= '' then
          redis.call('UNLINK', KEYS[count])
          redis.call('HDEL', KEYS[1], 'process')
          count = count - 1
        end
        for place = 1, count do redis.call('HSET', KEYS[place], 'owner', ARGV[1]) end
        if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'process', ARGV[2]) end
        if not redis.call('HGET', KEYS[1], 'since') then redis.call('HSET', KEYS[1], 'since', ARGV[1]) end
        if ARGV[4] ~= '' then
          for place = 1, count do redis.pcall('PEXPIRE', KEYS[place], ARGV[4]) end
        end
        return redis.call('HGETALL', KEYS[1])
        """

    /// KEYS: the notes, the name. ARGV: the run, the note's field and the note or nothing, a word if the name may be
    /// taken, then what RESTORE takes. 0 if the name is taken, 1 if it is restored; an error is RESTORE's.
    private static let copying = """
        \(owning("#KEYS - 1"))
        local name = KEYS[#KEYS]
        if ARGV[4] == '' and redis.call('EXISTS', name) == 1 then return 0 end
        local done = redis.pcall('RESTORE', name, unpack(ARGV, 5))
        if type(done) == 'table' and done.err then return done end
        if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
        return 1
        """

    /// KEYS: the notes, the key. ARGV: the run, the mark's field and the mark or nothing, the length of the key's DUMP,
    /// the checksum at the end of that, when it expires or -1. 1 if it is deleted, 0 if it has changed, 2 if it is
    /// gone.
    private static let removing = """
        \(owning("#KEYS - 1"))
        if redis.replicate_commands then redis.replicate_commands() end
        local key = KEYS[#KEYS]
        local value = redis.call('DUMP', key)
        if not value then return 2 end
        if #value ~= tonumber(ARGV[4]) or string.sub(value, -8) ~= ARGV[5] then return 0 end
        local time = redis.pcall('PEXPIRETIME', key)
        if type(time) ~= 'number' then
          time = redis.call('PTTL', key)
          if time >= 0 then
            local now = redis.call('TIME')
            time = time + now[1] * 1000 + math.floor(now[2] / 1000)
          end
        end
        if math.abs(time - tonumber(ARGV[6])) > 2 then return 0 end
        redis.call('UNLINK', key)
        if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
        return 1
        """

    /// KEYS: the notes. ARGV: the run, then fields.
    private static let forgetting = """
        \(owning("#KEYS"))
        redis.call('HDEL', KEYS[1], unpack(ARGV, 2))
        return 1
        """

    /// KEYS: the notes. ARGV: the run. 0, and nothing is removed, if one of them is another run's.
    private static let releasing = """
        for place = 1, #KEYS do
          if (redis.call('HGET', KEYS[place], 'owner') or ARGV[1]) ~= ARGV[1] then return 0 end
        end
        redis.call('UNLINK', unpack(KEYS))
        return 1
        """

    /// KEYS: the chain of runs, the owners of the whole migration. ARGV: what the owners must be.
    private static let ending = """
        for place = 2, #KEYS do
          local owner = redis.call('GET', KEYS[place])
          if not owner then return -2 end
          if owner ~= ARGV[1] then return -1 end
        end
        redis.call('UNLINK', unpack(KEYS))
        return 1
        """

    private static func eval(
        _ script: String, _ keys: [RESPBytes], _ arguments: [any RedisArgument]
    ) -> RedisCommand<RESPValue> {
        let keys = keys.map { $0 as any RedisArgument }
        return .raw("EVAL", [script, keys.count] + keys + arguments)
    }

    /// - Parameter ended: the name of an ended process, and its key.
    static func claim(
        _ notes: [RESPBytes], _ run: UInt64, _ process: String, isFull: Bool, expiresSoon: Bool = false,
        replacing ended: (name: RESPBytes, key: RESPBytes)? = nil
    ) -> RedisCommand<RESPValue> {
        eval(
            claiming, notes + [ended?.key].compactMap(\.self),
            [String(run), process, isFull ? "full" : "", expiresSoon ? "10000" : "", ended?.name ?? []])
    }

    /// - Parameter note: its field and what stands there.
    static func copy(
        _ key: DumpedKey, as name: RESPBytes, _ notes: [RESPBytes], _ run: UInt64,
        _ note: (field: [UInt8], bytes: [UInt8])?, replacing: Bool
    ) -> RedisCommand<RESPValue> {
        let manner: [any RedisArgument] = [
            String(run), note?.field ?? [], note?.bytes ?? [], replacing ? "replace" : "",
        ]
        return eval(copying, notes + [name], manner + key.restoreArguments(replacing: replacing))
    }

    /// Whether the user may restore: nothing is, because there is no payload.
    static func copyNothing(as name: RESPBytes) -> RedisCommand<RESPValue> {
        eval(copying, [name], ["", "", "", "", 0, "", "ABSTTL"])
    }

    /// Deletes a key that is as it was dumped.
    static func remove(
        _ key: RESPBytes, as dump: KeyDump, _ notes: [RESPBytes], _ run: UInt64,
        _ mark: (field: [UInt8], bytes: [UInt8])? = nil
    ) -> RedisCommand<RESPValue> {
        let payload = dump.value.payload
        let time: Int64 = if case .at(let time) = dump.expiry { time } else { -1 }
        return eval(
            removing, notes + [key],
            [
                String(run), mark?.field ?? [], mark?.bytes ?? [], payload.count, Array(payload.suffix(8)), time,
            ])
    }

    static func forget(_ fields: [[UInt8]], _ notes: [RESPBytes], _ run: UInt64) -> RedisCommand<RESPValue> {
        eval(forgetting, notes, [String(run)] + fields.map { $0 as any RedisArgument })
    }

    static func release(_ notes: [RESPBytes], _ run: UInt64) -> RedisCommand<RESPValue> {
        eval(releasing, notes, [String(run)])
    }

    static func end(_ keys: [RESPBytes], owner: [UInt8]) -> RedisCommand<RESPValue> { eval(ending, keys, [owner]) }
}
