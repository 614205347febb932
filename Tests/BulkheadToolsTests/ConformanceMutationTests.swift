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

    @Test func `at least 95 of 100 alterations of replies are noticed`() throws {
        #expect(Self.lies.count >= 200)
        try withConformanceServer { _, options, server in
            let chapters = try ConformanceChapter.own()
            var options = options
            options.stopsAtFailure = true
            options.timeLimit = .seconds(1)
            var missed: [Lie] = []
            for lie in Self.lies where !Self.isNoticed(lie, server, options, chapters) { missed.append(lie) }
            let caught = Self.lies.count - missed.count
            print("\(caught) of \(Self.lies.count) alterations were noticed; not: \(missed)")
            #expect(caught * 100 >= Self.lies.count * 95, "not noticed: \(missed)")
        }
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
