import BulkheadCommands
import BulkheadRESP

/// What a consumer says to the server. Values are bytes here: one that is not of the handler's type fails alone.
struct ConsumerCommands: Sendable {
    typealias Entry = RedisStreamEntry<RESPBytes>
    typealias Delivered = RedisDeliveredEntry<RESPBytes>
    typealias Read = [RedisKeyed<[Entry]>]

    /// An entry to handle, or to bury.
    struct Delivery: Sendable {
        let entry: Entry
        var isDead = false
    }

    let consumer: RedisStreamConsumer

    /// Throws if dead entries would have nowhere to go, or could not get there.
    init(_ consumer: RedisStreamConsumer, in binding: DatabaseBinding, takesDead: Bool) throws(RedisError) {
        self.consumer = consumer
        guard let letters = consumer.deadLetters else { return }
        guard let stream = letters.stream else {
            if takesDead { return }
            throw RedisError(
                .invalidArgument, "the dead letters of \(consumer.group) have no stream and no closure that takes them")
        }
        // One script moves an entry, and runs on one server.
        if binding.topology.cluster != nil, Self.slot(of: stream) != Self.slot(of: consumer.stream) {
            throw RedisError(
                .crossSlot,
                "the stream of \(consumer.group) and that of its dead letters live in several slots of the cluster: "
                    + "give them the same tag, as in {orders} and {orders}:dead",
                database: binding.entry.name, stage: .refused)
        }
    }

    private static func slot(of stream: String) -> HashSlot { HashSlot(ofKey: Array(stream.utf8)) }

    var makeGroup: RedisCommand<Void> {
        .xgroupCreate(consumer.stream, group: consumer.group, after: consumer.groupStart, makeStream: true)
    }

    func readOwn(after id: String, count: Int) -> RedisCommand<Read> {
        .xreadgroup(
            group: consumer.group, consumer: consumer.name, [consumer.stream: id], count: count, as: RESPBytes.self)
    }

    func readNew(count: Int, wait: Duration) -> RedisCommand<Read> {
        .xreadgroup(
            group: consumer.group, consumer: consumer.name, [consumer.stream: ">"], count: count, timeout: wait,
            as: RESPBytes.self)
    }

    /// Claims what others left alone, and reads what is new. Servers before Redis 8.4 refuse it.
    func readOrClaim(count: Int, wait: Duration) -> RedisCommand<[RedisKeyed<[Delivered]>]> {
        .xreadgroupClaiming(
            group: consumer.group, consumer: consumer.name, [consumer.stream], minimumIdle: idleLimit, count: count,
            timeout: wait, as: RESPBytes.self)
    }

    private var idleLimit: Duration { max(.milliseconds(1), consumer.idleLimit) }

    func claim(from id: String, count: Int) -> RedisCommand<RedisClaimedPage<Entry>> {
        .xautoclaim(
            consumer.stream, group: consumer.group, consumer: consumer.name,
            minimumIdle: idleLimit, from: id, count: count, as: RESPBytes.self)
    }

    /// What the group knows of each of these entries.
    func pending(_ entries: [Entry]) -> [RedisCommand<[RedisPendingEntry]>] {
        entries.map { .xpending(consumer.stream, group: consumer.group, from: $0.id, to: $0.id, count: 1) }
    }

    func acknowledge(_ id: String) -> RedisCommand<Int> { .xack(consumer.stream, group: consumer.group, [id]) }

    /// Takes entries that are this consumer's again, so that they are not idle; their count of deliveries stays. What
    /// was acknowledged meanwhile is left alone.
    func keep(_ ids: [String]) -> RedisCommand<[String]> {
        .xclaimIDs(consumer.stream, group: consumer.group, consumer: consumer.name, minimumIdle: .zero, ids)
    }

    /// Moves an entry to the dead letters: 1 if it moved, 0 if it was acknowledged before.
    ///
    /// It is added first: if that is refused the script ends, and the entry stays where it was. If somebody else has
    /// acknowledged it, it is taken out again before anybody can see it.
    func bury(_ entry: Entry, in stream: String) -> RedisCommand<Int> {
        let script = """
            local id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
            local moved = redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
            if moved == 0 then redis.call('XDEL', KEYS[2], id) end
            return moved
            """
        var arguments: [any RedisArgument] = [script, 2, consumer.stream, stream, consumer.group, entry.id]
        for field in entry.fields {
            arguments.append(field.name)
            arguments.append(field.value)
        }
        return .raw("EVAL", arguments, as: Int.self)
    }
}

extension RedisStreamEntry<RESPBytes> {
    /// The entry with values of another type.
    func converted<Other>(to type: RedisStreamEntry<Other>.Type) throws(RedisError) -> RedisStreamEntry<Other> {
        let parts = fields.flatMap { [RESPValue.bulkString($0.name), .bulkString($0.value)] }
        let value = RESPValue.array([.bulkString(RESPBytes(id)), .array(RESPArray(parts))])
        do {
            return try RedisStreamEntry<Other>(redis: value)
        } catch {
            throw RedisError(error, of: value)
        }
    }
}

extension RedisDeliveredEntry {
    /// True if others had it before. What is given back by `xnack` as untried counts no deliveries, but was idle.
    var wasPending: Bool { deliveries > 0 || idle != .zero }
}
