public import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

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
        handle: (RedisStreamEntry<String>) throws -> Void
    ) throws(RedisError) -> RedisStreamCounts {
        try consume(consumer, as: String.self, while: goesOn, handle: handle)
    }

    /// The same with values of another type, such as `RESPBytes`. An entry that does not convert counts as failed.
    @discardableResult
    public func consume<Value: RedisDecodable>(
        _ consumer: RedisStreamConsumer, as type: Value.Type, while goesOn: () -> Bool,
        handle: (RedisStreamEntry<Value>) throws -> Void
    ) throws(RedisError) -> RedisStreamCounts {
        var consumption = BlockingStreamConsumption(consumer, in: self)
        while true {
            if !goesOn() { consumption.machine.stop() }
            do throws(RedisError) {
                guard let entries = try consumption.step() else { break }
                for entry in entries { consumption.handle(entry, by: handle) }
            } catch {
                if consumption.machine.failed(error, at: .now) { consumption.note(.interrupted, error: error) }
            }
        }
        if let failure = consumption.machine.failure { throw failure }
        return consumption.counts
    }
}

/// A consumer that runs on its caller's thread.
private struct BlockingStreamConsumption {
    typealias Entry = ConsumerCommands.Entry

    let database: BlockingRedisDatabase
    let consumer: RedisStreamConsumer
    let commands: ConsumerCommands
    var machine: ConsumerMachine
    var counts = RedisStreamCounts()

    init(_ consumer: RedisStreamConsumer, in database: BlockingRedisDatabase) {
        self.database = database
        self.consumer = consumer
        commands = ConsumerCommands(consumer: consumer)
        machine = ConsumerMachine(consumer, concurrency: 1, at: .now)
    }

    /// What the next step brings, perhaps nothing; nil after the last.
    mutating func step() throws(RedisError) -> [Entry]? {
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
            let living = try living(found)
            machine.readOwn(last: found.last?.id)
            return living
        case .claim(let id, let count):
            let page = try database.run(commands.claim(from: id, count: count))
            machine.claimed(next: page.next, at: .now)
            for id in page.deleted { note(.vanished, id) }
            for entry in page.elements { note(.reclaimed, entry.id) }
            return try living(page.elements)
        case .readNew(let count, let wait):
            let found = try database.run(commands.readNew(count: count, wait: wait))
            machine.readNew()
            return found.first?.value ?? []
        }
    }

    private mutating func living(_ entries: [Entry]) throws(RedisError) -> [Entry] {
        var living: [Entry] = []
        for entry in entries {
            if entry.fields.isEmpty {
                try database.run(commands.acknowledge(entry.id))
                note(.vanished, entry.id)
                continue
            }
            guard let letters = consumer.deadLetters else {
                living.append(entry)
                continue
            }
            let pending = try commands.pending([entry]).map { command throws(RedisError) in try database.run(command) }
            switch machine.verdict(pending.first?.first) {
            case .leave: break
            case .handle: living.append(entry)
            case .bury:
                do throws(RedisError) {
                    if try database.run(commands.bury(entry, in: letters.stream)) > 0 { note(.deadLettered, entry.id) }
                } catch {
                    note(.failed, entry.id, error: error)
                }
            }
        }
        return living
    }

    mutating func handle<Value>(_ entry: Entry, by handler: (RedisStreamEntry<Value>) throws -> Void) {
        do {
            try handler(entry.converted(to: RedisStreamEntry<Value>.self))
        } catch {
            return note(.failed, entry.id, error: error)
        }
        var failures = 0
        while true {
            do throws(RedisError) {
                try database.run(commands.acknowledge(entry.id))
                return note(.handled, entry.id)
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
