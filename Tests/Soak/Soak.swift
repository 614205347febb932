import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Synchronization

/// One run: a server, callers, faults, and what is left at the end.
struct Soak {
    let settings: Settings
    let seed: Int
    private let board = Scoreboard()
    private let ledgers = Ledgers()
    private let shared = SharedCounters()
    private let background: Background

    /// What all callers hand in at their end.
    private final class Ledgers: Sendable {
        private let all = Mutex<[Ledger]>([])
        var value: [Ledger] { all.withLock { $0 } }
        func hand(in some: [Ledger]) { all.withLock { $0 += some } }
    }

    init(_ settings: Settings) {
        self.settings = settings
        background = Background(board: board)
        seed = settings.seed ?? Int.random(in: 0...999_999)
    }

    func run() async throws -> Report {
        // Every acknowledged write is on disk, so a kill loses none.
        let synced = ["--appendonly", "yes", "--appendfsync", "always"]
        let server = try RedisTestServer.start(
            .init(arguments: settings.forgetful ? [] : synced, startTimeout: .seconds(120)))
        defer { server.stop() }
        try await withDatabases(server) { try await Naming.prepare($0) }
        let descriptorsBefore = openDescriptorCount()

        let start = MonotonicClock.now()
        let databases = RedisDatabases(configuration(server))
        let faults = Mutex(Faults())
        let threads = startThreads(databases) {
            let done = Faults.run(on: server, seed: UInt64(seed), board: board)
            faults.withLock { $0 = done }
        }
        startTasks(databases)
        background.start(databases, seed: UInt64(seed))
        await watch(from: start)
        let seconds = Double(MonotonicClock.now() - start) / 1e9

        // Every call has a limit of ten seconds: who is not back after a minute never comes back.
        await wait(atMost: 60) { board.underWay == 0 }
        if board.underWay == 0 { threads.forEach { $0.join() } }
        var isDrained = false
        for _ in 0..<60 * 50 where !isDrained {
            isDrained = await background.isDrained(databases)
            if !isDrained { try? await Task.sleep(for: .milliseconds(20)) }
        }
        background.stop()
        await wait(atMost: 60) { background.underWay == 0 }
        let hung = board.underWay + background.underWay
        await databases.close()
        await wait(atMost: 10) { openDescriptorCount() <= descriptorsBefore }
        let descriptors = openDescriptorCount() - descriptorsBefore

        var tally = board.tally
        if !isDrained { tally.lose("messages or entries that nobody had taken after a minute") }
        var handledAgain = 0
        if hung == 0 {
            server.kill()
            try server.restart()
            try await withDatabases(server) { databases in
                try await verify(databases, &tally)
                handledAgain = try await background.queue.verify(databases, &tally)
            }
        }
        return Report(
            server: "\(server.flavour) \(server.version)", seed: seed, seconds: seconds, tally: tally,
            faults: faults.withLock { $0 }, hung: hung, descriptors: descriptors,
            shared: shared.acknowledged, pairs: ledgers.value.reduce(0) { $0 + $1.pairs }, background: background,
            handledAgain: handledAgain)
    }
}

extension Soak {
    private func startTasks(_ databases: RedisDatabases) {
        for number in 0..<settings.callers {
            board.begin()
            Task { [board, ledgers, seed, shared, background] in
                defer { board.end() }
                var caller = Caller(
                    number: number, seed: UInt64(seed), databases: databases, board: board, shared: shared,
                    background: background)
                ledgers.hand(in: try await caller.run())
            }
        }
    }

    private func startThreads(
        _ databases: RedisDatabases, faults: @escaping @Sendable () -> Void
    ) -> [DedicatedThread] {
        var threads: [DedicatedThread] = []
        func start(_ body: @escaping @Sendable () -> Void) {
            board.begin()
            let thread = DedicatedThread { [board] in
                defer { board.end() }
                body()
            }
            if let thread { threads.append(thread) } else { board.end() }
        }
        start(faults)
        for number in 0..<settings.threads {
            start { [board, ledgers, seed, cached = background.cached] in
                var caller = BlockingCaller(
                    number: number, seed: UInt64(seed), databases: databases, board: board, cached: cached)
                ledgers.hand(in: caller.run())
            }
        }
        return threads
    }

    /// Lets the load run for its time, and says how far it is.
    private func watch(from start: Int64) async {
        let seconds = Int(settings.minutes * 60)
        var progress = ProgressLine("soak", steps: seconds, onTerminal: true, now: start)
        while !board.isOver, !Interruption.hasCome {
            let now = MonotonicClock.now()
            let done = Int((now - start) / 1_000_000_000)
            if done >= seconds { break }
            if Terminal.errorIsTerminal {
                let tally = board.tally
                let cancelled = tally.cancelled.values.reduce(0, +)
                let note = "\(tally.operations) calls, \(cancelled) cancelled, \(tally.crossed + tally.lost) wrong"
                Terminal.writeError(progress.update(done: done, note, now: now))
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
        Terminal.writeError(progress.end())
        board.stop()
    }

    private func wait(atMost seconds: Int, until condition: () -> Bool) async {
        for _ in 0..<seconds * 50 where !condition() { try? await Task.sleep(for: .milliseconds(20)) }
    }

    /// Everything that was acknowledged is there, read from disk by a server that was killed.
    private func verify(_ databases: RedisDatabases, _ tally: inout Tally) async throws {
        for ledger in ledgers.value {
            let database = try databases[ledger.name]
            ledger.check(try await database.get(ledger.key), &tally)
            ledger.check(count: try await database.get(ledger.counter, as: Int.self), &tally)
            let pair = try await database.mget(ledger.pair.first, ledger.pair.second, as: Int.self)
            ledger.check(pair: pair[0] ?? 0, pair[1] ?? 0, &tally)
        }
        for name in Naming.names {
            shared.check(try await databases[name].get(SharedCounters.key, as: Int.self) ?? 0, name, &tally)
            for key in (0..<Naming.fixedKeys).map(Naming.fixedKey) + [Naming.largeKey] {
                let value = try await databases[name].get(key)
                if value != Naming.value(name, key, 0) { tally.lose("\(key) in \(name) is not what was set") }
            }
        }
    }

    private func withDatabases(
        _ server: RedisTestServer, _ body: (RedisDatabases) async throws -> Void
    ) async throws {
        let databases = RedisDatabases(configuration(server))
        try await body(databases)
        await databases.close()
    }

    private func configuration(_ server: RedisTestServer) -> RedisConfiguration {
        var configuration = RedisConfiguration(unixSocket: server.socketPath)
        configuration.clientName = "soak"
        return configuration
    }
}
