import Bulkhead
import BulkheadRESP

/// What a migration writes in a server whose memory is at its limit, and which evicts nothing.
///
/// Such a server refuses whatever MULTI would queue, an UNLINK too. A script it refuses only at its first command that
/// needs memory, and no longer once it has written: it would be half done. So these begin with a deletion. They leave
/// some bytes more than there were, and then the keys go. Scripts are no part of a transaction and heed no WATCH:
/// what a deletion depends on is compared in the script itself.
enum FullServer {
    /// KEYS: those of the fence, that of the note, the keys to delete. ARGV: how many of the fence there are, its
    /// token, the note or nothing, then for each key the length of its DUMP, the checksum at the end of that, and
    /// when it expires. False if one of all that is not so; else 1 or 0 for each key, for whether it was there.
    private static let deleting = """
        if redis.replicate_commands then redis.replicate_commands() end
        local fences = tonumber(ARGV[1])
        for place = 1, fences do
          if redis.call('GET', KEYS[place]) ~= ARGV[2] then return false end
        end
        local first = fences + 2
        for place = first, #KEYS do
          local at = 4 + (place - first) * 3
          local value = redis.call('DUMP', KEYS[place])
          if not value or #value ~= tonumber(ARGV[at]) or string.sub(value, -8) ~= ARGV[at + 1] then return false end
          local time = redis.pcall('PEXPIRETIME', KEYS[place])
          if type(time) ~= 'number' then
            time = redis.call('PTTL', KEYS[place])
            if time >= 0 then
              local now = redis.call('TIME')
              time = time + now[1] * 1000 + math.floor(now[2] / 1000)
            end
          end
          if math.abs(time - tonumber(ARGV[at + 2])) > 2 then return false end
        end
        local deleted = {}
        for place = first, #KEYS do deleted[#deleted + 1] = redis.call('UNLINK', KEYS[place]) end
        if ARGV[3] ~= '' then
          redis.call('UNLINK', KEYS[first - 1])
          redis.call('SET', KEYS[first - 1], ARGV[3])
        end
        return deleted
        """

    /// Deletes keys that are as they were dumped, while the source is this run's.
    static func delete(
        _ keys: [(key: RESPBytes, dump: DumpedKey)], _ fence: MigrationFence, note: (key: String, value: String)?
    ) -> RedisCommand<RESPValue> {
        var arguments: [any RedisArgument] = [deleting, fence.names.count + 1 + keys.count]
        for name in fence.names { arguments.append(name) }
        arguments.append(note?.key ?? "")
        for (key, _) in keys { arguments.append(key) }
        arguments += [fence.names.count, fence.token, note?.value ?? ""] as [any RedisArgument]
        for (_, dump) in keys {
            let payload = dump.value.payload
            let time: Int64 = if case .at(let time) = dump.expiry { time } else { -1 }
            arguments += [payload.count, Array(payload.suffix(8)), time] as [any RedisArgument]
        }
        return .raw("EVAL", arguments)
    }
}

extension RedisError {
    /// The server has no memory left for what it was asked to keep.
    var saysFull: Bool { code.name == "OOM" }
}
