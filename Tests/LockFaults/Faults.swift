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

/// Stops holders and makes the lock's server fail over, and counts writes of holders that were overtaken.
struct Faults {
    /// Half of them block.
    private static let names = ["blocking-0", "blocking-1", "tasks-0", "tasks-1"]
    private static let patience = 60_000

    private let settings: Settings
    private let server: RedisTestServer
    private let group: RedisTestSentinelGroup
    private let resource: BlockingRedisDatabase
    private var random: SeededGenerator
    private var workers: [ChildProcess] = []

    init(_ settings: Settings) throws {
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
            "lock-faults: \(settings.stops) stops of a holder, \(settings.failovers) failovers, "
                + "lease \(settings.lease) ms, seed \(seed)")
    }

    /// Prints what was found; true if nobody who was overtaken wrote behind the fence.
    mutating func run() throws -> Bool {
        defer {
            for worker in workers { worker.send(SIGKILL) }
            for worker in workers { _ = worker.wait() }
            group.stop()
            server.stop()
        }
        for name in Self.names {
            workers.append(
                try ChildProcess([
                    CommandLine.arguments[0], "--worker", name, "--resource", server.socketPath,
                    "--sentinels", group.sentinelAddresses.joined(separator: ","), "--lease", "\(settings.lease)",
                ]))
        }
        var faults = Array(repeating: true, count: settings.stops) + Array(repeating: false, count: settings.failovers)
        faults.shuffle(using: &random)
        for isStop in faults {
            try waitForWrites(Int.random(in: 1...15, using: &random))
            if isStop { try stopHolder() } else { try group.failOver() }
        }
        // All have gone on for a while behind the last fault.
        try waitForWrites(100)
        return try judge()
    }

    /// Stops the one who wrote last, until another has written, and lets it go on.
    private mutating func stopHolder() throws {
        let victim = try Self.names.firstIndex(of: holder()) ?? 0
        usleep(UInt32.random(in: 0...5_000, using: &random))
        workers[victim].send(SIGSTOP)
        defer { workers[victim].send(SIGCONT) }
        try wait("another worker has the lock") { try holder() != Self.names[victim] }
    }

    /// The worker that wrote last.
    private func holder() throws -> String {
        String(try resource.lindex(Worker.plain, -1)?.prefix { $0 != " " } ?? "")
    }

    private func waitForWrites(_ count: Int) throws {
        let before = try resource.llen(Worker.plain)
        try wait("\(count) more writes") { try resource.llen(Worker.plain) >= before + count }
    }

    private func wait(_ what: String, _ isTrue: () throws -> Bool) throws {
        for _ in 0..<Self.patience {
            if try isTrue() { return }
            if workers.contains(where: { $0.hasEnded }) { throw NothingGoesOn(description: "a worker has ended") }
            usleep(1_000)
        }
        throw NothingGoesOn(description: "waited in vain until \(what)")
    }

    private func judge() throws -> Bool {
        let plain = try resource.lrange(Worker.plain, from: 0, through: -1)
        let fenced = try resource.lrange(Worker.fenced, from: 0, through: -1)
        func count(_ key: String) throws -> Int { try resource.get(key, as: Int.self) ?? 0 }
        print(
            "\(plain.count) writes by \(Set(plain).count) holders; \(try count(Worker.released)) locks released, "
                + "\(try count(Worker.lost)) lost; \(try count(Worker.refused)) writes refused by the fence")
        print("writes of a holder that was overtaken, without the fence: \(Self.overtaken(plain))")
        let violations = Self.overtaken(fenced)
        print("writes of a holder that was overtaken, behind the fence: \(violations)")
        print(violations == 0 ? "The fence held." : "THE FENCE DID NOT HOLD.")
        return violations == 0
    }

    /// Writes by a holder after another one has written that came later.
    static func overtaken(_ writes: [String]) -> Int {
        var (finished, current, count): (Set<String>, String?, Int) = ([], nil, 0)
        for write in writes {
            if finished.contains(write) {
                count += 1
            } else if write != current {
                if let current { finished.insert(current) }
                current = write
            }
        }
        return count
    }
}
