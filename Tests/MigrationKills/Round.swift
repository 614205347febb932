import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// One round: fresh servers, fresh keys, a kill or some, resumes, and a look at every key.
struct Round {
    private let scenario: Scenario
    private let count: Int
    private let program: String
    private var random: SeededGenerator

    init(_ scenario: Scenario, keys: Int, program: String, _ random: SeededGenerator) {
        self.scenario = scenario
        count = keys
        self.program = program
        self.random = random
    }

    private static let synced = ["--appendonly", "yes", "--appendfsync", "always"]
    /// Of a run that is killed the next is killed as well with this probability.
    private static let again = 0.25
    /// Nanoseconds between the last look at the target and the kill, at most: a slice takes less.
    private static let longestDelay: Int64 = 500_000
    /// Nanoseconds that a rival has before the run it overtakes goes on, at most: it takes some 20 ms to start.
    private static let longestHead: Int64 = 60_000_000

    mutating func perform(_ tally: inout Tally) throws {
        let options = RedisTestServer.Options(arguments: Self.synced, startTimeout: .seconds(60))
        let server = try RedisTestServer.start(options)
        defer { server.stop() }
        let other = scenario.isAcross ? try RedisTestServer.start(options) : server
        defer { other.stop() }
        let (sources, targets) = (databases(on: server), databases(on: other))
        defer {
            sources.closeBlocking(grace: .zero)
            targets.closeBlocking(grace: .zero)
        }
        let (source, target) = (try sources.blocking(.main), try targets.blocking(.knowledge))
        let time = try source.send("TIME", as: [Int64].self)
        let keys = Keys(count: count, start: time[0] * 1_000)
        try keys.write(to: source)

        let writer = scenario.isWritten ? Writer(keys, source, random) : nil
        var words = [
            program, "migrate", "--from", "main", "--to", "knowledge", "--pattern", "t:*", "--quiet", "--json",
        ]
        words += ["--url", server.url] + (scenario.isAcross ? ["--to-url", other.url] : [])
        // What the writer writes behind a move is a conflict, and stays.
        if scenario.isWritten { words += ["--on-conflict", "skip"] }
        // At full pace two slices are under way at once: what a kill can leave is more.
        words += ["--pace", "full"]
        let log = server.folder + "/migrate.log"

        try runAndKill(words, log, server, other, source, target, &tally)
        while random.nextFraction() < Self.again {
            try runAndKill(words + ["--resume"], log, server, other, source, target, &tally)
        }
        let writes = writer?.stop() ?? []
        let process = try MigrateProcess(words + ["--resume"], log: log)
        tally.resumes += 1
        let code = process.wait()
        // Keys that the writer made anew are skipped.
        guard code == 0 || (code == 1 && scenario.isWritten) else {
            throw ProgramError("the resumed run ended with \(code): \(process.said)")
        }
        try check(keys, writes, source, target, &tally)
    }

    /// Starts the program and kills the victim when a random share of the keys has arrived, or a little later.
    private mutating func runAndKill(
        _ words: [String], _ log: String, _ server: RedisTestServer, _ other: RedisTestServer,
        _ source: BlockingRedisDatabase, _ target: BlockingRedisDatabase, _ tally: inout Tally
    ) throws {
        let threshold = Int.random(in: 0...count, using: &random)
        let delay = Int64.random(in: 0...Self.longestDelay, using: &random)
        let isSource = Bool.random(using: &random)
        let process = try MigrateProcess(words, log: log)
        if words.contains("--resume") { tally.resumes += 1 }
        while !process.hasEnded, try target.dbsize() < threshold {}
        MonotonicClock.sleep(until: MonotonicClock.now() + delay, spinning: Self.longestDelay)
        tally.kills += 1
        switch scenario.victim {
        case .client:
            process.kill()
            _ = process.wait()
        case .server:
            let victim = isSource ? server : other
            victim.kill()
            _ = process.wait()
            try victim.restart()
        case .rival:
            process.pause()
            let resuming = words.contains("--resume") ? words : words + ["--resume"]
            let rival = try MigrateProcess(resuming, log: log + ".rival")
            tally.resumes += 1
            let head = Int64.random(in: 0...Self.longestHead, using: &random)
            MonotonicClock.sleep(until: MonotonicClock.now() + head)
            process.goOn()
            // Either may end early, in words: what counts is what is where.
            _ = process.wait()
            _ = rival.wait()
        case .target: try fill(target, while: process, &tally)
        }
        if try whileRefused({ try isHalfDone(source, target) }) { tally.killsInside += 1 }
    }

    /// Gives the target a limit and the permission to evict, and fills it up to a rest that is less than the program
    /// has to leave. Who goes on writing then has keys evicted.
    private func fill(
        _ target: BlockingRedisDatabase, while process: MigrateProcess, _ tally: inout Tally
    ) throws {
        func number(_ field: String) throws -> Int { Int(try target.info()[field] ?? "") ?? 0 }
        let evictedBefore = try number("evicted_keys")
        let limit = try number("used_memory") + Self.roomOfTarget
        try target.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try target.send("CONFIG", "SET", "maxmemory", limit)
        let value = String(repeating: "x", count: 1_000)
        var filled = 0
        while !process.hasEnded {
            guard try number("used_memory") < limit - Self.restOfTarget else { continue }
            try target.set("filling:\(filled)", value)
            filled += 1
        }
        let code = process.wait()
        let evicted = try number("evicted_keys") - evictedBefore
        tally.evicted += evicted
        if evicted > 0 { tally.find("the target evicted \(evicted) keys", \.lost) }
        guard code == 0 || code == 1 || code == 2 else {
            throw ProgramError("the run into a full target ended with \(code): \(process.said)")
        }
        try target.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try target.send("CONFIG", "SET", "maxmemory", "0")
        for index in 0..<filled { try target.send("UNLINK", "filling:\(index)") }
    }

    /// Bytes that the target has left when it gets its limit, and what the filling leaves of them.
    private static let roomOfTarget = 640 << 10
    private static let restOfTarget = 192 << 10

    /// Again while nothing was sent: of a server that was killed and is back, clients learn a moment later.
    private func whileRefused<Result>(_ body: () throws -> Result) throws -> Result {
        let end = ContinuousClock.now + Self.timeout
        while true {
            do {
                return try body()
            } catch let error as RedisError where error.isSafeToRetry && ContinuousClock.now < end {
                continue
            }
        }
    }

    /// A server answers as soon as it is restarted; what is waited for is the next attempt of a client.
    private static let timeout = Duration.seconds(10)

    private func isHalfDone(_ source: BlockingRedisDatabase, _ target: BlockingRedisDatabase) throws -> Bool {
        let (left, arrived) = (try source.dbsize(), try target.dbsize())
        return left > count / 100 && arrived > 0
    }

    private func check(
        _ keys: Keys, _ writes: [(key: Int, token: String)], _ source: BlockingRedisDatabase,
        _ target: BlockingRedisDatabase, _ tally: inout Tally
    ) throws {
        let (left, arrived) = (try keys.read(from: source), try keys.read(from: target))
        tally.keys += count
        tally.writes += writes.count
        var known = Array(repeating: Set<String>(), count: count)
        for index in 0..<count {
            let base = keys.base(index)
            let places = [left[index], arrived[index]].filter { $0.tokens.contains(base) }
            if places.isEmpty { tally.find("\(keys.name(index)) is in neither database", \.lost) }
            if places.count > 1 { tally.find("\(keys.name(index)) is in both databases", \.doubled) }
            if !scenario.isWritten, !left[index].tokens.isEmpty {
                tally.find("\(keys.name(index)) is in the source yet", \.lost)
            }
            if let found = places.first, !isSame(found.expiry, keys.expiry(index)) {
                tally.find("\(keys.name(index)) expires at another time", \.expiriesChanged)
            }
            let tokens = (left[index].tokens + arrived[index].tokens).filter { $0 != base }
            known[index] = Set(tokens)
            if known[index].count < tokens.count {
                tally.find("a write to \(keys.name(index)) is in both databases", \.doubled)
            }
        }
        for write in writes where !known[write.key].contains(write.token) {
            tally.find("\(write.token), written to \(keys.name(write.key)), is in neither database", \.writesLost)
        }
        for database in [source, target] {
            var notes = database.scan(match: "bulkhead:*", count: 1_000)
            while try notes.next() != nil { tally.find("a note of the migration is left", \.notesLeft) }
        }
    }

    /// Milliseconds that the reading of an expiry may be off.
    private static let tolerance: Int64 = 1_000

    private func isSame(_ found: Int64?, _ expected: Int64?) -> Bool {
        guard let found, let expected else { return found == expected }
        return (found - expected).magnitude <= Self.tolerance
    }

    /// A server that comes back is found at once.
    private func databases(on server: RedisTestServer) -> RedisDatabases {
        var configuration = RedisConfiguration(unixSocket: server.socketPath)
        configuration.reconnectDelay = .zero
        configuration.maximumReconnectDelay = .zero
        configuration.commandTimeout = .seconds(60)
        return RedisDatabases(configuration)
    }
}
