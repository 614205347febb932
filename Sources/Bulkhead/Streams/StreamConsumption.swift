import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// A consumer that runs for tasks. It has a task of its own, so that cancelling the caller's stops the reading and not
/// the handlers.
final class StreamConsumption<Value: RedisDecodable>: Sendable {
    typealias Entry = ConsumerCommands.Entry
    typealias Delivery = ConsumerCommands.Delivery
    typealias Handler = @Sendable (RedisStreamEntry<Value>) async throws -> Void
    typealias DeadLetters = @Sendable (Entry) async throws -> Void

    private struct State {
        var machine: ConsumerMachine
        var keeper: EntryKeeper
        var counts = RedisStreamCounts()
        /// Ends the step that may take long.
        var interrupt: (@Sendable () -> Void)?
    }

    private let database: RedisDatabase
    private let consumer: RedisStreamConsumer
    private let commands: ConsumerCommands
    private let handler: Handler
    private let deadLetters: DeadLetters?
    private let state: Mutex<State>

    init(
        _ consumer: RedisStreamConsumer, in database: RedisDatabase, handler: @escaping Handler,
        deadLetters: DeadLetters?
    ) throws(RedisError) {
        self.database = database
        self.consumer = consumer
        self.handler = handler
        self.deadLetters = deadLetters
        commands = try ConsumerCommands(consumer, in: database.binding, takesDead: deadLetters != nil)
        state = Mutex(
            State(
                machine: ConsumerMachine(consumer, concurrency: consumer.concurrency, at: .now),
                keeper: EntryKeeper(consumer)))
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
        let keeping = Task { await keep() }
        let result = await runSteps()
        keeping.cancel()
        await keeping.value
        return result
    }

    /// Keeps the entries under way until its task is cancelled.
    private func keep() async {
        while !Task.isCancelled {
            let now = ContinuousClock.now
            switch state.withLock({ $0.keeper.next(at: now) }) {
            case .end: return
            case .pause(let pause): _ = await sleepTask(for: pause)
            case .keep(let ids):
                do throws(RedisError) {
                    try await database.run(commands.keep(ids))
                    state.withLock { $0.keeper.kept(ids, at: now) }
                } catch {
                    if Task.isCancelled { return }
                    state.withLock { $0.keeper.failed(error, at: .now) }
                    note(.interrupted, error: error)
                }
            }
        }
    }

    private func runSteps() async -> Result<RedisStreamCounts, RedisError> {
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
                        for delivery in try await deliveries(of: step) {
                            guard begin(delivery.entry.id) else { continue }
                            handlers += 1
                            group.addTask { await self.handle(delivery) }
                        }
                    } catch {
                        let isTriedAgain = state.withLock { $0.machine.failed(error, at: .now) }
                        if isTriedAgain { note(.interrupted, error: error) }
                    }
                }
            }
        }
    }

    private func begin(_ id: String) -> Bool {
        state.withLock { state in
            guard state.machine.begin(id) else { return false }
            state.keeper.begin(id, at: .now)
            return true
        }
    }

    private func end(_ id: String) {
        state.withLock { state in
            state.machine.end(id)
            state.keeper.end(id)
        }
    }

    // MARK: Reading

    private func deliveries(of step: ConsumerMachine.Step) async throws(RedisError) -> [Delivery] {
        switch step {
        case .makeGroup:
            try await makeGroup()
            return []
        case .readOwn(let id, let count):
            let found = try await database.run(commands.readOwn(after: id, count: count)).first?.value ?? []
            let deliveries = try await judged(found)
            state.withLock { $0.machine.readOwn(last: found.last?.id) }
            return deliveries
        case .claim(let id, let count):
            let page = try await database.run(commands.claim(from: id, count: count))
            state.withLock { $0.machine.claimed(next: page.next, at: .now) }
            for id in page.deleted { note(.vanished, id) }
            let others = state.withLock { state in page.elements.filter { !state.machine.underWay.contains($0.id) } }
            for entry in others { note(.reclaimed, entry.id) }
            return try await judged(others)
        case .readNew(let count, let wait):
            let found = try await waiting(commands.readNew(count: count, wait: wait))
            state.withLock { $0.machine.readNew() }
            return (found.first?.value ?? []).map { Delivery(entry: $0) }
        case .readOrClaim(let count, let wait):
            do throws(RedisError) {
                let found = try await waiting(commands.readOrClaim(count: count, wait: wait)).first?.value ?? []
                state.withLock { $0.machine.readNew() }
                return try await deliveries(of: found)
            } catch {
                guard state.withLock({ $0.machine.refusedClaim(error) }) else { throw error }
                return []
            }
        case .waitForHandler, .pause, .end: return []
        }
    }

    /// What others had before is judged; what is new is handled.
    private func deliveries(of found: [ConsumerCommands.Delivered]) async throws(RedisError) -> [Delivery] {
        let claimed = state.withLock { state in
            found.filter { $0.wasPending && !state.machine.underWay.contains($0.entry.id) }.map(\.entry)
        }
        for entry in claimed { note(.reclaimed, entry.id) }
        return try await judged(claimed) + found.filter { !$0.wasPending }.map { Delivery(entry: $0.entry) }
    }

    /// Runs a command that waits on the server; `stop` ends it.
    private func waiting<Reply: RedisDecodable>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply {
        try await interruptible { [database] in
            do throws(RedisError) {
                return Result<Reply, RedisError>.success(try await database.run(command))
            } catch {
                return .failure(error)
            }
        }.get()
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

    /// Those of these entries that are to be handled or buried: the deleted are acknowledged.
    private func judged(_ entries: [Entry]) async throws(RedisError) -> [Delivery] {
        if entries.isEmpty { return [] }
        var pending: [RedisPendingEntry?] = []
        if state.withLock({ $0.machine.countsDeliveries }) {
            for result in try await database.pipeline(commands.pending(entries)) {
                pending.append(try result.get().first)
            }
        }
        var deliveries: [Delivery] = []
        for (place, entry) in entries.enumerated() {
            if entry.fields.isEmpty {
                try await database.run(commands.acknowledge(entry.id))
                note(.vanished, entry.id)
                continue
            }
            switch pending.isEmpty ? .handle : state.withLock({ $0.machine.verdict(pending[place]) }) {
            case .leave: break
            case .handle: deliveries.append(Delivery(entry: entry))
            case .bury: deliveries.append(Delivery(entry: entry, isDead: true))
            }
        }
        return deliveries
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

    private func handle(_ delivery: Delivery) async {
        let entry = delivery.entry
        defer { end(entry.id) }
        do {
            if !delivery.isDead {
                try await handler(entry.converted(to: RedisStreamEntry<Value>.self))
            } else {
                try await deadLetters?(entry)
                if let stream = consumer.deadLetters?.stream {
                    if try await database.run(commands.bury(entry, in: stream)) > 0 { note(.deadLettered, entry.id) }
                    return
                }
            }
        } catch {
            // It stays pending.
            note(.failed, entry.id, error: error)
            return
        }
        var failures = 0
        while true {
            do throws(RedisError) {
                try await database.run(commands.acknowledge(entry.id))
                return note(delivery.isDead ? .deadLettered : .handled, entry.id)
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
