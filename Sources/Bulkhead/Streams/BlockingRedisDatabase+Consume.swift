public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP
import Synchronization

extension BlockingRedisDatabase {
    /// Handles the entries of a stream on this thread as one consumer of a group, one after the other.
    ///
    /// It does what the asynchronous form does, with one entry in hand. Each thread needs a consumer's name of its own.
    /// Before each entry, and after ``RedisStreamConsumer/longestWait`` at the latest, it asks `goesOn`, and returns
    /// if that is false.
    /// - Returns: How much happened.
    /// - Since: Redis 6.2.0
    @discardableResult
    public func consume(
        _ consumer: RedisStreamConsumer, while goesOn: () -> Bool,
        handle: (RedisStreamEntry<String>) throws -> Void,
        deadLetters: ((RedisStreamEntry<RESPBytes>) throws -> Void)? = nil
    ) throws(RedisError) -> RedisStreamCounts {
        try consume(consumer, as: String.self, while: goesOn, handle: handle, deadLetters: deadLetters)
    }

    /// The same with values of another type, such as `RESPBytes`. An entry that does not convert counts as failed.
    @discardableResult
    public func consume<Value: RedisDecodable>(
        _ consumer: RedisStreamConsumer, as type: Value.Type, while goesOn: () -> Bool,
        handle: (RedisStreamEntry<Value>) throws -> Void,
        deadLetters: ((RedisStreamEntry<RESPBytes>) throws -> Void)? = nil
    ) throws(RedisError) -> RedisStreamCounts {
        var consumption = try BlockingStreamConsumption(consumer, in: self, takesDead: deadLetters != nil)
        let keeping = consumption.kept.start()
        defer { keeping?.stop() }
        while true {
            if !goesOn() { consumption.machine.stop() }
            do throws(RedisError) {
                guard let deliveries = try consumption.step() else { break }
                for delivery in deliveries { consumption.handle(delivery, by: handle, deadLetters) }
            } catch {
                if consumption.machine.failed(error, at: .now) { consumption.note(.interrupted, error: error) }
            }
        }
        if let failure = consumption.machine.failure { throw failure }
        return consumption.allCounts
    }
}

/// What a thread keeps while its handler runs, by another thread.
private final class KeptEntries: Sendable {
    private let keeper: Mutex<EntryKeeper>
    private let interruptions = Mutex(0)
    private let database: BlockingRedisDatabase
    private let commands: ConsumerCommands

    init(_ commands: ConsumerCommands, in database: BlockingRedisDatabase) {
        self.commands = commands
        self.database = database
        keeper = Mutex(EntryKeeper(commands.consumer))
    }

    func begin(_ id: String) { keeper.withLock { $0.begin(id, at: .now) } }

    func end(_ id: String) { keeper.withLock { $0.end(id) } }

    /// How often a command of its own failed.
    var interrupted: Int { interruptions.withLock { $0 } }

    /// The thread that keeps them; nil if none is kept.
    func start() -> RepeatingThread? {
        guard commands.consumer.keepsEntries else { return nil }
        return RepeatingThread { [self] in step() }
    }

    private func step() -> Duration? {
        let now = ContinuousClock.now
        switch keeper.withLock({ $0.next(at: now) }) {
        case .end: return nil
        case .pause(let pause): return pause
        case .keep(let ids):
            do throws(RedisError) {
                try database.run(commands.keep(ids))
                keeper.withLock { $0.kept(ids, at: now) }
            } catch {
                keeper.withLock { $0.failed(error, at: .now) }
                interruptions.withLock { $0 += 1 }
                commands.consumer.observe?(RedisStreamEvent(.interrupted, error: error))
            }
            return .zero
        }
    }
}

/// A consumer that runs on its caller's thread.
private struct BlockingStreamConsumption {
    typealias Entry = ConsumerCommands.Entry
    typealias Delivery = ConsumerCommands.Delivery

    let database: BlockingRedisDatabase
    let consumer: RedisStreamConsumer
    let commands: ConsumerCommands
    let kept: KeptEntries
    var machine: ConsumerMachine
    private var counts = RedisStreamCounts()

    init(
        _ consumer: RedisStreamConsumer, in database: BlockingRedisDatabase, takesDead: Bool
    ) throws(RedisError) {
        self.database = database
        self.consumer = consumer
        commands = try ConsumerCommands(consumer, in: database.binding, takesDead: takesDead)
        kept = KeptEntries(commands, in: database)
        machine = ConsumerMachine(consumer, concurrency: 1, at: .now)
    }

    /// What happened on both threads.
    var allCounts: RedisStreamCounts {
        var counts = counts
        for _ in 0..<kept.interrupted { counts.count(.interrupted) }
        return counts
    }

    /// What the next step brings, perhaps nothing; nil after the last.
    mutating func step() throws(RedisError) -> [Delivery]? {
        switch machine.next(at: .now) {
        case .end: return nil
        // Nothing is under way between two steps.
        case .waitForHandler: return []
        case .pause(let pause):
            // Not longer than the caller may wait to be asked.
            sleepThread(for: min(pause, max(.milliseconds(1), consumer.longestWait)))
            return []
        case .makeGroup:
            do throws(RedisError) {
                try database.run(commands.makeGroup)
                note(.groupMade)
            } catch {
                guard error.code.name == "BUSYGROUP" else { throw error }
            }
            machine.madeGroup()
            return []
        case .readOwn(let id, let count):
            let found = try database.run(commands.readOwn(after: id, count: count)).first?.value ?? []
            let deliveries = try judged(found)
            machine.readOwn(last: found.last?.id)
            return deliveries
        case .claim(let id, let count):
            let page = try database.run(commands.claim(from: id, count: count))
            machine.claimed(next: page.next, at: .now)
            for id in page.deleted { note(.vanished, id) }
            for entry in page.elements { note(.reclaimed, entry.id) }
            return try judged(page.elements)
        case .readNew(let count, let wait):
            let found = try database.run(commands.readNew(count: count, wait: wait))
            machine.readNew()
            return (found.first?.value ?? []).map { Delivery(entry: $0) }
        case .readOrClaim(let count, let wait):
            do throws(RedisError) {
                let found = try database.run(commands.readOrClaim(count: count, wait: wait)).first?.value ?? []
                machine.readNew()
                // Nothing is under way between two steps.
                let claimed = found.filter(\.wasPending).map(\.entry)
                for entry in claimed { note(.reclaimed, entry.id) }
                return try judged(claimed) + found.filter { !$0.wasPending }.map { Delivery(entry: $0.entry) }
            } catch {
                guard machine.refusedClaim(error) else { throw error }
                return []
            }
        }
    }

    private mutating func judged(_ entries: [Entry]) throws(RedisError) -> [Delivery] {
        var deliveries: [Delivery] = []
        for entry in entries {
            if entry.fields.isEmpty {
                try database.run(commands.acknowledge(entry.id))
                note(.vanished, entry.id)
                continue
            }
            guard machine.countsDeliveries else {
                deliveries.append(Delivery(entry: entry))
                continue
            }
            let pending = try commands.pending([entry]).map { command throws(RedisError) in try database.run(command) }
            switch machine.verdict(pending.first?.first) {
            case .leave: break
            case .handle: deliveries.append(Delivery(entry: entry))
            case .bury: deliveries.append(Delivery(entry: entry, isDead: true))
            }
        }
        return deliveries
    }

    mutating func handle<Value>(
        _ delivery: Delivery, by handler: (RedisStreamEntry<Value>) throws -> Void,
        _ deadLetters: ((Entry) throws -> Void)?
    ) {
        let entry = delivery.entry
        kept.begin(entry.id)
        defer { kept.end(entry.id) }
        do {
            if !delivery.isDead {
                try handler(entry.converted(to: RedisStreamEntry<Value>.self))
            } else {
                try deadLetters?(entry)
                if let stream = consumer.deadLetters?.stream {
                    if try database.run(commands.bury(entry, in: stream)) > 0 { note(.deadLettered, entry.id) }
                    return
                }
            }
        } catch {
            return note(.failed, entry.id, error: error)
        }
        var failures = 0
        while true {
            do throws(RedisError) {
                try database.run(commands.acknowledge(entry.id))
                return note(delivery.isDead ? .deadLettered : .handled, entry.id)
            } catch {
                failures += 1
                guard failures < ConsumerCommands.acknowledgements, !error.endsConsumer else {
                    return note(.unacknowledged, entry.id, error: error)
                }
                sleepThread(for: ConsumerMachine.pause(after: failures))
            }
        }
    }

    mutating func note(_ kind: RedisStreamEvent.Kind, _ id: String? = nil, error: (any Error)? = nil) {
        counts.count(kind)
        consumer.observe?(RedisStreamEvent(kind, id, error: error))
    }
}
