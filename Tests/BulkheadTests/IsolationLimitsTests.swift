import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What names on one server do not separate: each claim of the page Limits, on a real server.
@Suite struct IsolationLimitsTests {
    @Test func `a command of one database holds up all others`() async throws {
        try await withDatabases { databases, _ in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await main.set("session:42", "alice")
            let work = Task {
                try await analytics.send(
                    "EVAL",
                    """
                    local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
                    local start = now()
                    redis.call('SET', 'begun', 1)
                    repeat until now() - start > 2000000
                    return 'over'
                    """, 0, as: String.self)
            }
            // The script has the server for 2 s; until it has begun, main is answered.
            var error: RedisError?
            for _ in 0..<10_000 where error == nil {
                error = await failure { () async throws(RedisError) in
                    try await main.within(.milliseconds(200)).get("session:42")
                }
            }
            #expect(error?.code == .timedOut)
            #expect(error?.database == .main)
            #expect(try await work.value == "over")
            #expect(try await databases[.main].get("session:42") == "alice")
        }
    }

    @Test func `what one database writes evicts the keys of another`() async throws {
        let arguments = ["--maxmemory", "12mb", "--maxmemory-policy", "allkeys-lru"]
        try await withDatabases(arguments: arguments) { databases, _ in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await main.mset(pairs: (0..<2_000).map { (key: "session:\($0)", value: "v") })
            let value = String(repeating: "x", count: 10_000)
            for index in 0..<4_000 { try await analytics.set("event:\(index)", value) }
            let left = try await main.dbsize()
            #expect(left < 200, "\(left) of 2,000 sessions are left")
        }
    }

    @Test func `a message reaches the subscribers of every database`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases.blocking(.main)
            let received = try databases.blocking(.analytics).withConnection { connection in
                try connection.send("SUBSCRIBE", "news")
                #expect(try main.send("PUBLISH", "news", "hello", as: Int.self) == 1)
                return try connection.nextPush(timeout: .seconds(60))?.elements?[2].bytes?.text
            }
            #expect(received == "hello")
        }
    }

    @Test func `a write of the same key in another database invalidates what is cached, and an exchange does not`()
        async throws
    {
        try await withDatabases(version: .resp3) { databases, server in
            let (main, analytics) = (try databases.blocking(.main), try databases.blocking(.analytics))
            try main.set("doc:1", "of main")
            try main.withConnection { connection in
                try connection.send("CLIENT", "TRACKING", "ON")
                #expect(try connection.get("doc:1") == "of main")
                try analytics.set("doc:1", "of analytics")
                let push = try connection.nextPush(timeout: .seconds(60))?.elements
                #expect(push?.first?.bytes?.text == "invalidate")
                #expect(push?.last?.elements?.map { $0.bytes?.text } == ["doc:1"])

                #expect(try connection.get("doc:1") == "of main")
                try analytics.flushdb()
                let flush = try connection.nextPush(timeout: .seconds(60))?.elements
                #expect(flush?.first?.bytes?.text == "invalidate")
                #expect(flush?.last == .null, "all of the cache is void, of every database")

                #expect(try connection.get("doc:1") == "of main")
                #expect(try say("SWAPDB 0 1", to: server) == "+OK\r\n")
                #expect(try connection.nextPush(timeout: .milliseconds(200)) == nil)
                #expect(try connection.get("doc:1") == nil)
            }
        }
    }

    @Test func `the slow log and the statistics of commands do not say which database`() async throws {
        try await withDatabases(arguments: ["--slowlog-log-slower-than", "0"]) { databases, _ in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await main.send("CONFIG", "RESETSTAT")
            try await main.incr("visits")
            try await analytics.incr("visits")
            let entries = try await main.send("SLOWLOG", "GET", 100).elements ?? []
            let visits = entries.compactMap { entry -> [String?]? in
                guard case let words? = entry.elements?[3].elements?.map({ $0.bytes?.text }), words.first == "INCR"
                else { return nil }
                // Number, time, duration, words, address, name of the client: no database.
                #expect(entry.elements?.count == 6)
                return words
            }
            #expect(visits == [["INCR", "visits"], ["INCR", "visits"]])
            #expect(try await main.info("commandstats")["cmdstat_incr"]?.hasPrefix("calls=2,") == true)
        }
    }

    @Test func `one snapshot file holds all databases`() async throws {
        try await withDatabases { databases, server in
            try await databases[.main].set("session:1", "v")
            try await databases[.knowledge].set("doc:1", "v")
            // Asked for in one database, written for all, and loaded for all.
            try await databases[.main].send("SAVE")
            try server.restart()
            #expect(try await databases[.main].get("session:1") == "v")
            #expect(try await databases[.knowledge].get("doc:1") == "v")
        }
    }

    @Test func `a script is known in every database, and may write into any of them`() async throws {
        try await withDatabases { databases, _ in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            let digest = try await analytics.send("SCRIPT", "LOAD", "return 'shared'", as: String.self)
            #expect(try await main.send("EVALSHA", digest, 0, as: String.self) == "shared")
            let script = "redis.call('SELECT', 0) return redis.call('SET', KEYS[1], 'by analytics')"
            try await analytics.send("EVAL", script, 1, "session:1")
            #expect(try await main.get("session:1") == "by analytics")
            #expect(try await analytics.get("session:1") == nil)
            // The connection itself still serves its own database.
            try await analytics.set("key", "value")
            #expect(try await main.get("key") == nil)
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `a function is loaded for every database`() async throws {
        try await withDatabases { databases, _ in
            let code = "#!lua name=lib\nredis.register_function('hi', function() return 'hello' end)"
            try await databases[.analytics].send("FUNCTION", "LOAD", code)
            #expect(try await databases[.main].send("FCALL", "hi", 0, as: String.self) == "hello")
        }
    }

    @Test func `connections of one database may use up those of all`() async throws {
        try await withDatabases(arguments: ["--maxclients", "5"]) { databases, server in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await main.ping()
            let held = (0..<4).map { _ in Task { _ = try await analytics.blpop("never", timeout: .seconds(1_000)) } }
            // The first connection of main has its place; there is none for a second.
            while try await main.send("CLIENT", "LIST", as: String.self).split(separator: "\n").count < 5 {
                try await Task.sleep(for: .milliseconds(1))
            }
            let other = RedisDatabases(testConfiguration(server))
            let error = await #expect(throws: RedisError.self) { try await other[.main].ping() }
            #expect(error?.code == .handshakeRefused)
            #expect(error?.message.contains("max number of clients") == true)
            await other.close()
            for task in held { task.cancel() }
            for task in held { _ = await task.result }
        }
    }

    @Test func `settings of the server are those of every database`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.analytics].send("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
            let limits = try await databases[.main].send(
                "CONFIG", "GET", "client-output-buffer-limit", as: [String: String].self)
            #expect(limits["client-output-buffer-limit"]?.contains("pubsub 1048576 0 0") == true)
        }
    }

    @Test func `an exchange of databases changes what names mean for everybody, so this client refuses to ask for one`()
        async throws
    {
        try await withDatabases { databases, server in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            try await main.set("who", "main")
            try await knowledge.set("who", "knowledge")
            let refused = await #expect(throws: RedisError.self) { try await main.send("SWAPDB", 0, 1) }
            #expect(refused?.code == .commandRefused)
            #expect(try say("SWAPDB 0 1", to: server) == "+OK\r\n")
            #expect(try await main.get("who") == "knowledge")
            #expect(try await knowledge.get("who") == "main")
        }
    }

    /// Databases of the default user, and those of a user with these rights.
    private func withReader(
        _ rights: String..., body: (RedisDatabases, RedisDatabases) async throws -> Void
    ) async throws {
        let user = ["--user", "reader", "on", ">secret"] + rights
        try await withDatabases(arguments: user) { databases, server in
            var configuration = testConfiguration(server)
            configuration.username = "reader"
            configuration.password = "secret"
            let reader = RedisDatabases(configuration)
            try await body(databases, reader)
            await reader.close()
        }
    }

    @Test func `rights on keys hold in every database alike`() async throws {
        try await withReader("~doc:*", "+@read", "+@connection", "+select") { databases, reader in
            try await databases[.main].set("doc:1", "of main")
            try await databases[.knowledge].set("doc:1", "of knowledge")
            #expect(try await reader[.main].get("doc:1") == "of main")
            #expect(try await reader[.knowledge].get("doc:1") == "of knowledge")
            let error = await #expect(throws: RedisError.self) { try await reader[.knowledge].get("fact:1") }
            #expect(error?.code == .noPermission)
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(valkey: 9, 1)))
    func `on Valkey of 9 point 1 rights may name databases, and a name without them is an error`() async throws {
        try await withReader("~*", "+@all", "resetdbs", "db=1") { databases, reader in
            try await databases[.knowledge].set("doc:1", "of knowledge")
            #expect(try await reader[.knowledge].get("doc:1") == "of knowledge")
            await #expect(throws: RedisError.self) { try await reader[.main].get("doc:1") }
        }
    }

    @Test func `what is separate: keys, their count, scans, expiry, watches and a flush`() async throws {
        try await withDatabases { databases, _ in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            try await main.set("key", "main")
            try await knowledge.set("key", "knowledge", expiry: .after(.seconds(1_000)))
            #expect(try await main.dbsize() == 1)
            #expect(try await main.ttl("key") != (try await knowledge.ttl("key")))
            let result = try await main.withConnection { connection in
                try await connection.send("WATCH", "key")
                try await knowledge.set("key", "changed")
                let (_, _, result) = try await connection.pipeline(
                    .raw("MULTI", []), .raw("GET", ["key"]), .raw("EXEC", []))
                return result
            }
            #expect(result.elements?.first?.bytes?.text == "main")
            try await main.flushdb(.synchronous)
            #expect(try await knowledge.get("key") == "changed")
        }
    }
}

private func failure(_ body: () async throws(RedisError) -> some Any) async -> RedisError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
