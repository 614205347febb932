import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct NamedDatabaseTests {
    @Test func `a key set by one name is seen by that name alone`() async throws {
        try await withDatabases { databases, _ in
            for (index, name) in databases.catalogue.entries.map(\.name).enumerated() {
                try await databases[name].set("key", index)
            }
            for (index, name) in databases.catalogue.entries.map(\.name).enumerated() {
                #expect(try await databases[name].get("key", as: Int.self) == index)
                #expect(try databases.blocking(name).get("key", as: Int.self) == index)
                #expect(try await databases[name].dbsize() == 1)
            }
            try await databases[.main].flushdb()
            #expect(try await databases[.main].dbsize() == 0)
            #expect(try await databases[.knowledge].dbsize() == 1)
        }
    }

    @Test func `SELECT is sent once for each connection, by the server's own count, over 10,000 commands of 50 tasks`()
        async throws
    {
        try await withDatabases { databases, server in
            let before = try await Counts(of: server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        let database = try databases[[.main, .knowledge, .prompts, .analytics][task % 4]]
                        for turn in 0..<200 {
                            switch turn % 50 {
                            case 0: try await database.blpop(["no-such-list"], timeout: .milliseconds(1))
                            case 1: #expect(try await database.hgetall("no-such-hash").isEmpty)
                            case 2:
                                try await database.withConnection { connection in
                                    try await connection.send("WATCH", "key")
                                    try await connection.send("UNWATCH")
                                }
                            default: try await database.incr("counter:\(task)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let after = try await Counts(of: server)
            // Counting took one connection and its SELECT itself.
            let opened = after.connections - before.connections - 1
            #expect(after.selects - before.selects - 1 == opened)
            #expect(after.commands - before.commands >= 10_000)
            // Two lanes and at most eight leases for each of four databases.
            #expect(opened >= 8 && opened <= 40)
            for task in 0..<50 {
                let database = try databases[[.main, .knowledge, .prompts, .analytics][task % 4]]
                #expect(try await database.get("counter:\(task)", as: Int.self) == 188)
            }
        }
    }

    @Test func `a user whose ACL denies SELECT gets a typed error naming the database, and nothing is written`()
        async throws
    {
        try await withServer { server in
            let admin = RedisDatabases(testConfiguration(server))
            try await admin[.main].send("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-select")
            var configuration = testConfiguration(server)
            configuration.username = "app"
            configuration.password = "secret"
            let databases = RedisDatabases(configuration)
            for _ in 0..<3 {
                let error = await #expect(throws: RedisError.self) {
                    try await databases[.knowledge].set("key", "lost")
                }
                #expect(error?.code == .databaseDenied)
                #expect(error?.database == .knowledge)
                #expect(error?.isSafeToRetry == true)
            }
            let blocking = #expect(throws: RedisError.self) {
                try databases.blocking(.knowledge).set("key", "lost")
            }
            #expect(blocking?.code == .databaseDenied)
            for name in admin.catalogue.entries.map(\.name) { #expect(try await admin[name].dbsize() == 0) }
            await databases.close()
            await admin.close()
        }
    }

    @Test func `a number outside the server's databases is a typed error, and nothing is written`() async throws {
        try await withServer(arguments: ["--databases", "3"]) { server in
            let databases = RedisDatabases(testConfiguration(server))
            let error = await #expect(throws: RedisError.self) { try await databases[.analytics].set("key", "lost") }
            #expect(error?.code == .databaseOutOfRange)
            #expect(error?.database == .analytics)
            #expect(error?.message.contains("no database 3") == true)
            try await databases[.prompts].set("key", "kept")
            let keyspace = try await databases[.main].info(["keyspace"])
            #expect(keyspace["db0"] == nil)
            await databases.close()
        }
    }

    @Test(arguments: ["wrong", nil])
    func `a wrong or missing password is an authentication failure, without a fall-back`(
        password: String?
    ) async throws {
        try await withServer(arguments: ["--requirepass", "right"]) { server in
            var configuration = testConfiguration(server)
            configuration.password = password.map { RedisPassword($0) }
            let databases = RedisDatabases(configuration)
            let error = await #expect(throws: RedisError.self) { try await databases[.main].ping() }
            #expect(error?.code == .authenticationFailed)
            #expect(error.map { "\($0)".contains("wrong name or password") || password == nil } == true)
            configuration.password = "right"
            let others = RedisDatabases(configuration)
            let pong = try await others[.main].ping()
            #expect(pong == "PONG")
            await databases.close()
            await others.close()
        }
    }

    @Test func `a server that knows no HELLO is spoken to in RESP2`() async throws {
        try await withServer(arguments: ["--rename-command", "HELLO", "", "--requirepass", "right"]) { server in
            var configuration = testConfiguration(server)
            configuration.password = "right"
            configuration.clientName = "old-friend"
            let databases = RedisDatabases(configuration)
            try await databases[.knowledge].hset("hash", "field", "value")
            #expect(try await databases[.knowledge].hgetall("hash") == ["field": "value"])
            let list = try await databases[.knowledge].send("CLIENT", "LIST", as: String.self)
            #expect(list.contains("name=old-friend") && list.contains("db=1"))
            #expect(try await databases[.main].dbsize() == 0)
            await databases.close()
        }
    }

    @Test func `a database is flushed only if the catalogue allows it for every name of its number`() async throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry("cache", number: 0, mayBeFlushed: true),
            DatabaseEntry("queue", number: 0, mayBeFlushed: false, aliasOf: "cache"),
            DatabaseEntry("scratch", number: 1, mayBeFlushed: true),
        ])
        try await withDatabases(catalogue: catalogue) { databases, _ in
            try await databases["cache"].set("key", 1)
            try await databases["scratch"].set("key", 1)
            for name in ["cache", "queue"] as [DatabaseName] {
                let error = await #expect(throws: RedisError.self) { try await databases[name].flushdb() }
                #expect(error?.code == .flushRefused)
                #expect(throws: RedisError.self) { try databases.blocking(name).flushdb() }
            }
            try await databases["scratch"].flushdb(.synchronous)
            #expect(try await databases["cache"].dbsize() == 1)
            #expect(try await databases["scratch"].dbsize() == 0)
        }
    }

    @Test func `closing ends every connection, and later commands say so`() async throws {
        try await withServer { server in
            let admin = RedisDatabases(testConfiguration(server))
            let databases = RedisDatabases(testConfiguration(server))
            for name in databases.catalogue.entries.map(\.name) {
                try await databases[name].set("key", 1)
                try await databases[name].scan().reduce(into: ()) { _, _ in }
                try databases.blocking(name).set("key", 1)
            }
            await databases.close()
            await databases.close()
            let error = await #expect(throws: RedisError.self) { try await databases[.main].ping() }
            #expect(error?.code == .closed)
            let blocking = #expect(throws: RedisError.self) { try databases.blocking(.main).ping() }
            #expect(blocking?.code == .closed)
            #expect(
                try await eventually {
                    try await admin[.main].info(["clients"])["connected_clients"] == "1"
                })
            await admin.close()
        }
    }

    @Test func `a handle keeps its connections alive, and the last handle takes them along`() async throws {
        try await withServer { server in
            let admin = RedisDatabases(testConfiguration(server))
            func clients() async throws -> String? { try await admin[.main].info(["clients"])["connected_clients"] }
            do {
                let handle = try RedisDatabases(testConfiguration(server))[.main]
                #expect(try await handle.ping() == "PONG")
                try await handle.withConnection { connection in _ = try await connection.ping() }
                #expect(try await clients() == "3")
            }
            #expect(try await eventually { try await clients() == "1" })
            await admin.close()
        }
    }
}

/// What the server counted, asked over a connection that counts too but stays the same.
private struct Counts {
    let selects: Int
    let connections: Int
    let commands: Int

    init(of server: RedisTestServer) async throws {
        let admin = RedisDatabases(testConfiguration(server))
        let info = try await admin[.main].info(["everything"])
        // "calls=5,usec=…": this connection's own SELECT and itself are in both counts.
        let calls = (info["cmdstat_select"] ?? "calls=0,").dropFirst(6).prefix { $0 != "," }
        selects = try #require(Int(calls))
        connections = try #require(info["total_connections_received"].flatMap { Int($0) })
        commands = try #require(info["total_commands_processed"].flatMap { Int($0) })
        await admin.close()
    }
}
