import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// A consumer that runs for tasks. It has a task of its own, so that cancelling the caller's stops the reading and not
/// the handlers.
final class StreamConsumption<Value: RedisDecodable>: Sendable {
    typealias Entry = ConsumerCommands.Entry
    typealias Handler = @Sendable (RedisStreamEntry<Value>) async throws -> Void

    private struct State {
        var machine: ConsumerMachine
        var counts = RedisStreamCounts()
        /// Ends the step that may take long.
        var interrupt: (@Sendable () -> Void)?
    }

    private let database: RedisDatabase
    private let consumer: RedisStreamConsumer
    private let commands: ConsumerCommands
    private let handler: Handler
    private let state: Mutex<State>

    init(_ consumer: RedisStreamConsumer, in database: RedisDatabase, handler: @escaping Handler) {
        self.database = database
        self.consumer = consumer
        self.handler = handler
        commands = ConsumerCommands(consumer: consumer)
        state = Mutex(
            State(machine: ConsumerMachine(consumer, concurrency: consumer.concurrency, at: .now)))
    }

    /// Reads no more; what is under way goes on to its end.
    func stop() {
        let interrupt = state.withLock { state in
            state.machine.stop()
            return state.interrupt
        }
        interrupt?()
    }

    func run() async -> Result<RedisStreamCounts, RedisError> {
        await withTaskGroup(of: Void.self) { group in
            // Handlers that were begun and whose task was not collected yet.
            var handlers = 0
            while true {
                let (step, running) = state.withLock { ($0.machine.next(at: .now), $0.machine.underWay.count) }
                while handlers > running {
                    await group.next()
                    handlers -= 1
                }
                switch step {
                case .end:
                    await group.waitForAll()
                    return state.withLock { state in
                        state.machine.failure.map { .failure($0) } ?? .success(state.counts)
                    }
                case .waitForHandler:
                    await group.next()
                    handlers -= 1
                case .pause(let pause):
                    await interruptible { _ = await sleepTask(for: pause) }
                default:
                    do throws(RedisError) {
                        for entry in try await entries(of: step) {
                            guard state.withLock({ $0.machine.begin(entry.id) }) else { continue }
                            handlers += 1
                            group.addTask { await self.handle(entry) }
                        }
                    } catch {
                        let isTriedAgain = state.withLock { $0.machine.failed(error, at: .now) }
                        if isTriedAgain { note(.interrupted, error: error) }
                    }
                }
            }
        }
    }

    // MARK: Reading

    private func entries(of step: ConsumerMachine.Step) async throws(RedisError) -> [Entry] {
        switch step {
        case .makeGroup:
            try await makeGroup()
            return []
        case .readOwn(let id, let count):
            let found = try await database.run(commands.readOwn(after: id, count: count)).first?.value ?? []
            let living = try await living(found)
            state.withLock { $0.machine.readOwn(last: found.last?.id) }
            return living
        case .claim(let id, let count):
            let page = try await database.run(commands.claim(from: id, count: count))
            state.withLock { $0.machine.claimed(next: page.next, at: .now) }
            for id in page.deleted { note(.vanished, id) }
            let others = state.withLock { state in page.elements.filter { !state.machine.underWay.contains($0.id) } }
            for entry in others { note(.reclaimed, entry.id) }
            return try await living(others)
        case .readNew(let count, let wait):
            let read = commands.readNew(count: count, wait: wait)
            let found = try await interruptible { [database] in
                do throws(RedisError) {
                    return Result<ConsumerCommands.Read, RedisError>.success(try await database.run(read))
                } catch {
                    return .failure(error)
                }
            }.get()
            state.withLock { $0.machine.readNew() }
            return found.first?.value ?? []
        case .waitForHandler, .pause, .end: return []
        }
    }

    private func makeGroup() async throws(RedisError) {
        do throws(RedisError) {
            try await database.run(commands.makeGroup)
            note(.groupMade)
        } catch {
            guard error.code.name == "BUSYGROUP" else { throw error }
        }
        state.withLock { $0.machine.madeGroup() }
    }

    /// Those of these entries that are to be handled: the deleted are acknowledged, and the dead buried.
    private func living(_ entries: [Entry]) async throws(RedisError) -> [Entry] {
        if entries.isEmpty { return [] }
        var pending: [RedisPendingEntry?] = []
        if state.withLock({ $0.machine.countsDeliveries }) {
            for result in try await database.pipeline(commands.pending(entries)) {
                pending.append(try result.get().first)
            }
        }
        var living: [Entry] = []
        for (place, entry) in entries.enumerated() {
            if entry.fields.isEmpty {
                try await database.run(commands.acknowledge(entry.id))
                note(.vanished, entry.id)
                continue
            }
            guard let letters = consumer.deadLetters else {
                living.append(entry)
                continue
            }
            switch state.withLock({ $0.machine.verdict(pending[place]) }) {
            case .leave: break
            case .handle: living.append(entry)
            case .bury:
                do throws(RedisError) {
                    let moved = try await database.run(commands.bury(entry, in: letters.stream))
                    if moved > 0 { note(.deadLettered, entry.id) }
                } catch {
                    // It stays pending, and the others are handled.
                    note(.failed, entry.id, error: error)
                }
            }
        }
        return living
    }

    /// Runs what may take long in a task of its own, which `stop` cancels.
    private func interruptible<Outcome: Sendable>(
        _ work: @escaping @Sendable () async -> Outcome
    ) async -> Outcome {
        let task = Task { await work() }
        let isStopping = state.withLock { state in
            state.interrupt = { task.cancel() }
            return state.machine.isStopping
        }
        if isStopping { task.cancel() }
        let outcome = await task.value
        state.withLock { $0.interrupt = nil }
        return outcome
    }

    // MARK: Handling

    private func handle(_ entry: Entry) async {
        defer { state.withLock { $0.machine.end(entry.id) } }
        do {
            try await handler(entry.converted(to: RedisStreamEntry<Value>.self))
        } catch {
            note(.failed, entry.id, error: error)
            return
        }
        var failures = 0
        while true {
            do throws(RedisError) {
                try await database.run(commands.acknowledge(entry.id))
                return note(.handled, entry.id)
            } catch {
                failures += 1
                guard failures < ConsumerCommands.acknowledgements, !error.endsConsumer else {
                    return note(.unacknowledged, entry.id, error: error)
                }
                _ = await sleepTask(for: ConsumerMachine.pause(after: failures))
            }
        }
    }

    private func note(_ kind: RedisStreamEvent.Kind, _ id: String? = nil, error: (any Error)? = nil) {
        state.withLock { $0.counts.count(kind) }
        consumer.observe?(RedisStreamEvent(kind, id, error: error))
    }
}

extension ConsumerCommands {
    /// How often an entry that was handled is acknowledged in vain before it is left to be handled again.
    static let acknowledgements = 8
}
