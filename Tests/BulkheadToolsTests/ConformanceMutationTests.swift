import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// Whether the cases notice a server that answers wrongly: a proxy alters the replies to one command in one way, and
/// the cases that send this command are run.
@Suite(.enabled(if: TestTier.isWhole)) struct ConformanceMutationTests {
    static let commands = [
        "PING", "ECHO", "SET", "GET", "MGET", "INCR", "APPEND", "STRLEN", "EXISTS", "DEL", "TTL", "PTTL", "EXPIRE",
        "TYPE",
        "KEYS", "SCAN", "RENAME", "COPY", "MOVE", "SELECT", "DBSIZE", "LPUSH", "RPUSH", "LRANGE", "LLEN", "BLPOP",
        "HSET",
        "HGETALL", "HMGET", "SADD", "SMEMBERS", "ZADD", "ZSCORE", "ZRANGE", "XADD", "XRANGE", "XREAD", "MULTI", "EXEC",
        "WATCH", "EVAL", "SUBSCRIBE", "PUBLISH",
    ]
    static let lies = commands.flatMap { command in
        Lie.Alteration.allCases.map { Lie(command: command, alteration: $0) }
    }

    /// An alteration that is noticed is mostly one whose reply never comes, so it takes a second and no work. So many
    /// at once, each with a server of its own.
    private static let lanes = 8

    @Test func `at least 95 of 100 alterations of replies are noticed`() async throws {
        #expect(Self.lies.count >= 200)
        let chapters = try ConformanceChapter.own()
        let missed = try await withThrowingTaskGroup(of: [Lie].self) { group in
            for lane in 0..<Self.lanes {
                let lies = stride(from: lane, to: Self.lies.count, by: Self.lanes).map { Self.lies[$0] }
                group.addTask { try await onThread { try Self.missed(of: lies, chapters) } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let caught = Self.lies.count - missed.count
        print("\(caught) of \(Self.lies.count) alterations were noticed; not: \(missed)")
        #expect(caught * 100 >= Self.lies.count * 95, "not noticed: \(missed)")
    }

    private static func missed(of lies: [Lie], _ chapters: [ConformanceChapter]) throws -> [Lie] {
        var missed: [Lie] = []
        try withConformanceServer { _, options, server in
            var options = options
            options.stopsAtFailure = true
            options.timeLimit = .seconds(1)
            missed = lies.filter { !isNoticed($0, server, options, chapters) }
        }
        return missed
    }

    /// Whether a case fails, or the server cannot be judged at all.
    private static func isNoticed(
        _ lie: Lie, _ server: RedisTestServer, _ options: ConformanceOptions, _ chapters: [ConformanceChapter]
    ) -> Bool {
        let proxy = LyingProxy(to: server.socketPath, lie)
        defer { proxy.stop() }
        var concerned = chapters
        for index in concerned.indices { concerned[index].cases.removeAll { !$0.commands.contains(lie.command) } }
        let run = ConformanceRun(ConformanceTarget(unixSocket: proxy.path), options, chapters: concerned)
        do throws(ConformanceError) {
            let report = try run.run()
            return !report.failures.isEmpty
        } catch {
            return true
        }
    }
}
