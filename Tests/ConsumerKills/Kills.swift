import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A worker ended although nobody killed it.
struct WorkerEnded: Error {}

/// Kills one of two workers again and again, has them finish, and counts how often each entry was handled.
struct Kills {
    private static let entriesOfRound = 100

    private let settings: Settings
    private let server: RedisTestServer
    private let main: BlockingRedisDatabase
    private var random: SeededGenerator
    private var workers: [ChildProcess] = []
    private var names = ["worker-0", "worker-1"]
    private var added = 0

    init(_ settings: Settings) throws {
        self.settings = settings
        let seed = settings.seed ?? Int.random(in: 0...999_999)
        random = SeededGenerator(seed: UInt64(seed))
        server = try RedisTestServer.start()
        main = try RedisDatabases(RedisConfiguration(unixSocket: server.socketPath)).blocking(.main)
        print("consumer-kills: \(settings.kills) kills, seed \(seed)")
    }

    /// Prints what was found; true if nothing was lost, and all that was doubled had been under way at a kill.
    mutating func run() throws -> Bool {
        defer {
            for worker in workers { worker.send(SIGKILL) }
            for worker in workers { _ = worker.wait() }
            server.stop()
        }
        workers = try names.map(start)
        for kill in 0..<settings.kills {
            try add()
            try waitForProgress()
            usleep(UInt32.random(in: 0...20_000, using: &random))
            let victim = Int.random(in: 0...1, using: &random)
            workers[victim].send(SIGKILL)
            _ = workers[victim].wait()
            // Mostly it comes back; at times nobody does, and the other claims what it left.
            if Int.random(in: 0..<4, using: &random) == 0 { names[victim] = "worker-\(kill + 2)" }
            workers[victim] = try start(names[victim])
        }
        try waitForEnd()
        let times = try main.hgetall(Worker.handled, as: Int.self)
        let lost = added - times.count
        let doubled = times.values.reduce(0) { $0 + $1 - 1 }
        let most = settings.kills * Worker.concurrency
        print("\(added) entries, \(lost) lost, \(doubled) handled again, \(most) at most were under way at a kill")
        let isClean = lost == 0 && doubled <= most
        print(isClean ? "Nothing was lost." : "SOMETHING WAS LOST, OR HANDLED AGAIN WITHOUT A KILL.")
        return isClean
    }

    private func start(_ name: String) throws -> ChildProcess {
        try ChildProcess([CommandLine.arguments[0], "--worker", name, "--socket", server.socketPath])
    }

    private mutating func add() throws {
        let numbers = added..<added + Self.entriesOfRound
        for result in try main.pipeline(numbers.map { .xadd(Worker.stream, ["n": "\($0)"]) }) { _ = try result.get() }
        added = numbers.upperBound
    }

    /// Until a handler has run since now. All that is new is for somebody, so one does.
    private func waitForProgress() throws {
        let before = try main.get(Worker.progress, as: Int.self) ?? 0
        while try (main.get(Worker.progress, as: Int.self) ?? 0) == before { try look() }
    }

    /// Until all that was added has been acknowledged: then each was handled, and none is pending.
    private func waitForEnd() throws {
        while true {
            let group = try main.xinfoGroups(Worker.stream).first { $0.name == Worker.group }
            let last = try main.xinfoStream(Worker.stream).lastID
            if let group, group.lastDeliveredID == last, group.pending == 0 { return }
            try look()
        }
    }

    private func look() throws {
        for worker in workers where worker.hasEnded {
            throw WorkerEnded()
        }
        usleep(1_000)
    }
}
