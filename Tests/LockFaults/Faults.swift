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

/// A worker ended although nobody ended it, or nothing went on.
struct NothingGoesOn: Error, CustomStringConvertible {
    let description: String
}

/// Stops workers, makes the server fail over that has their locks, and has counted what must not be.
struct Faults {
    /// Half of them block.
    private static let names = ["blocking-0", "blocking-1", "tasks-0", "tasks-1"]
    private static let patience = 60_000

    private let subject: Subject
    private let settings: Settings
    private let server: RedisTestServer
    private let group: RedisTestSentinelGroup
    private let resource: BlockingRedisDatabase
    private var random: SeededGenerator
    private var workers: [ChildProcess] = []

    init(_ subject: Subject, _ settings: Settings) throws {
        self.subject = subject
        self.settings = settings
        let seed = settings.seed ?? Int.random(in: 0...999_999)
        random = SeededGenerator(seed: UInt64(seed))
        server = try RedisTestServer.start()
        var options = RedisTestSentinelGroup.Options()
        // No failover is to come but those that are ordered.
        options.downAfter = .seconds(5)
        group = try RedisTestSentinelGroup.start(options)
        resource = try RedisDatabases(RedisConfiguration(unixSocket: server.socketPath)).blocking(.main)
        print(
            "lock-faults, \(subject.rawValue): \(settings.stops) stops of a process, \(settings.failovers) failovers, "
                + "lease \(settings.lease) ms, seed \(seed)")
    }

    /// Prints what was found; true if nothing is wrong.
    mutating func run() async throws -> Bool {
        defer {
            for worker in workers { worker.send(SIGKILL) }
            for worker in workers { _ = worker.wait() }
            group.stop()
            server.stop()
        }
        for name in Self.names {
            workers.append(
                try ChildProcess([
                    CommandLine.arguments[0], "--worker", name, "--subjects", subject.rawValue,
                    "--resource", server.socketPath, "--sentinels", group.sentinelAddresses.joined(separator: ","),
                    "--lease", "\(settings.lease)",
                ]))
        }
        var faults = Array(repeating: true, count: settings.stops) + Array(repeating: false, count: settings.failovers)
        faults.shuffle(using: &random)
        for isStop in faults {
            try waitForEntries(Int.random(in: 1...15, using: &random))
            if isStop { try stopWorker() } else { try await failOver() }
        }
        // All have gone on for a while behind the last fault.
        try waitForEntries(100)
        defer { print("") }
        return switch subject {
        case .lock: try LockWork.judge(resource)
        case .once: try OnceWork.judge(resource)
        case .limit: try LimitWork.judge(resource)
        }
    }

    /// Stops the one who wrote last, until another has written, and lets it go on.
    private mutating func stopWorker() throws {
        let victim = try Self.names.firstIndex(of: latest()) ?? 0
        usleep(UInt32.random(in: 0...5_000, using: &random))
        workers[victim].send(SIGSTOP)
        defer { workers[victim].send(SIGCONT) }
        try waitForEntries(subject.entriesOfStop)
        try wait("another worker goes on") { try latest() != Self.names[victim] }
    }

    /// What was written before it begins is on all replicas then, and cannot be lost.
    private func failOver() async throws {
        guard subject != .lock else {
            try group.failOver()
            return
        }
        let before = Self.microseconds()
        if subject == .once { try resource.rpush(Worker.journal, "failover") }
        try waitForReplicas()
        try group.failOver()
        try resource.rpush(
            Worker.journal, subject == .once ? "failover" : "failover \(before) \(Self.microseconds())")
    }

    private func waitForReplicas() throws {
        guard let socket = group.primary()?.socketPath else { return }
        let main = try RedisDatabases(RedisConfiguration(unixSocket: socket)).blocking(.main)
        func offsets() throws -> (own: Int, replicas: [Int]) {
            let info = try main.info("replication")
            let replicas = (0..<group.options.replicas).compactMap { info["slave\($0)"] }.compactMap { replica in
                replica.split(separator: ",").first { $0.hasPrefix("offset=") }.flatMap { Int($0.dropFirst(7)) }
            }
            return (info["master_repl_offset"].flatMap { Int($0) } ?? 0, replicas)
        }
        let written = try offsets().own
        try wait("the replicas have all that was written") {
            let replicas = try offsets().replicas
            return replicas.count == group.options.replicas && replicas.allSatisfy { $0 >= written }
        }
    }

    /// The worker that wrote last.
    private func latest() throws -> String {
        String(try resource.lindex(Worker.journal, -1)?.prefix { $0 != " " } ?? "")
    }

    private func waitForEntries(_ count: Int) throws {
        let before = try resource.llen(Worker.journal)
        try wait("\(count) more entries") { try resource.llen(Worker.journal) >= before + count }
    }

    private func wait(_ what: String, _ isTrue: () throws -> Bool) throws {
        for _ in 0..<Self.patience {
            if try isTrue() { return }
            if workers.contains(where: { $0.hasEnded }) { throw NothingGoesOn(description: "a worker has ended") }
            usleep(1_000)
        }
        throw NothingGoesOn(description: "waited in vain until \(what)")
    }

    /// Of the clock that servers on this machine have.
    static func microseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1_000
    }
}
