import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// A cursor means nothing to another process. All keys are written before the scan and stay.
@Suite(.timeLimit(.minutes(10))) struct `A scan whose server is restarted` {
    private static let keys = 5_000

    private func withKeys(
        _ body: (RedisDatabases, RedisTestServer) async throws -> Void
    ) async throws {
        let server = try RedisTestServer.start(.init(arguments: ["--appendonly", "yes", "--appendfsync", "always"]))
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server))
        do {
            let main = try databases[.main]
            try await main.mset(pairs: (0..<Self.keys).map { (key: "key:\($0)", value: "v") })
            try await main.sadd("set", (0..<Self.keys).map { "member:\($0)" })
            try await body(databases, server)
        } catch {
            await databases.close()
            throw error
        }
        await databases.close()
    }

    @Test func `finds every key that was there all the time, and begins again for it`() async throws {
        try await withKeys { databases, server in
            var found: [String] = []
            for try await key in try databases[.main].scan(match: "key:*", count: 100) {
                found.append(key)
                if found.count == 2_000 { try server.restart() }
            }
            #expect(Set(found).count == Self.keys)
            #expect(found.count > Self.keys, "it went on with a cursor of the process before")
        }
    }

    @Test func `finds every key for a thread, too`() async throws {
        try await withKeys { databases, server in
            let found = try await onThread {
                Result {
                    var found: [String] = []
                    var scan = try databases.blocking(.main).scan(match: "key:*", count: 100)
                    while let key = try scan.next() {
                        found.append(key)
                        if found.count == 2_000 { try server.restart() }
                    }
                    return found
                }
            }.get()
            #expect(Set(found).count == Self.keys && found.count > Self.keys)
        }
    }

    @Test func `finds every member of a set`() async throws {
        try await withKeys { databases, server in
            var found: [String] = []
            for try await member in try databases[.main].sscan("set", count: 100) {
                found.append(member)
                if found.count == 2_000 { try server.restart() }
            }
            #expect(Set(found).count == Self.keys)
        }
    }

    @Test func `finds every key for a thread whose connections lead to several servers`() async throws {
        try await withKeys { databases, server in
            let other = try RedisTestServer.start()
            defer { other.stop() }
            let copy = RedisDatabases(testConfiguration(other))
            try await copy[.main].mset(pairs: (0..<Self.keys).map { (key: "key:\($0)", value: "v") })
            let name = MovingName(to: server.socketPath)
            let moved = RedisDatabases(testConfiguration(name.path))
            let found = try await onThread {
                Result {
                    let main = try moved.blocking(.main)
                    // Two connections, one to each.
                    try main.withConnection { first in
                        _ = try first.ping()
                        name.point(to: other.socketPath)
                        try main.withConnection { _ = try $0.ping() }
                    }
                    var found: [String] = []
                    var scan = main.scan(match: "key:*", count: 100)
                    while let key = try scan.next() {
                        found.append(key)
                        // From here on the connection that was used is lent.
                        if found.count == 2_000 { break }
                    }
                    try main.withConnection { _ in
                        while let key = try scan.next() { found.append(key) }
                    }
                    return found
                }
            }.get()
            #expect(Set(found).count == Self.keys)
            await moved.close()
            await copy.close()
        }
    }

    @Test func `a lost connection alone has no scan begin again`() async throws {
        try await withKeys { databases, server in
            var found: [String] = []
            for try await key in try databases[.main].scan(match: "key:*", count: 100) {
                found.append(key)
                if found.count == 2_000 { _ = try await databases[.analytics].send("CLIENT", "KILL", "TYPE", "normal") }
            }
            #expect(Set(found).count == Self.keys)
            // SCAN itself may show a few twice.
            #expect(found.count < Self.keys + 1_000)
        }
    }

    @Test func `a scan of several pages asks for INFO once, and one of one page never`() async throws {
        try await withKeys { databases, server in
            let main = try databases[.main]
            for try await _ in main.scan(count: 2) { break }
            try await main.send("CONFIG", "RESETSTAT")
            var pages = 0
            for try await _ in main.hscan("none") { pages += 1 }
            #expect(try await calls(of: "info", main) == 0)
            try await main.send("CONFIG", "RESETSTAT")
            for try await _ in main.scan(count: 100) {}
            #expect(try await calls(of: "info", main) == 1)
        }
    }

    @Test func `finds every key over a failover`() async throws {
        var options = RedisTestSentinelGroup.Options()
        options.downAfter = .seconds(5)
        try await withGroup(options) { databases, group in
            let main = try databases[.main]
            let copies = try await main.withConnection { connection in
                try await connection.mset(pairs: (0..<Self.keys).map { (key: "key:\($0)", value: "v") })
                return try await connection.wait(replicas: options.replicas, timeout: .seconds(100))
            }
            #expect(copies == options.replicas)
            var found: [String] = []
            for try await key in main.scan(count: 100) {
                found.append(key)
                if found.count == 2_000 { try group.failOver() }
            }
            #expect(Set(found).count == Self.keys && found.count > Self.keys)
        }
    }

    @Test func `finds every key of a cluster, and every member of a set there`() async throws {
        var options = RedisTestCluster.Options()
        options.server.arguments = ["--appendonly", "yes", "--appendfsync", "always"]
        try await withCluster(options) { databases, cluster in
            let main = try databases[.main]
            try await main.mset(pairs: (0..<Self.keys).map { (key: "key:\($0)", value: "v") })
            var found: [String] = []
            for try await key in main.scan(count: 100) {
                found.append(key)
                if found.count == 500 { try cluster.primaries[0].restart() }
            }
            #expect(Set(found).count == Self.keys)
            for index in 0..<3 { try await main.sadd("set\(index)", (0..<Self.keys).map { "member:\($0)" }) }
            for index in 0..<3 {
                var found: [String] = []
                for try await member in main.sscan("set\(index)", count: 100) {
                    found.append(member)
                    if found.count == 2_000 { for server in cluster.primaries { try server.restart() } }
                }
                #expect(Set(found).count == Self.keys && found.count > Self.keys)
            }
        }
    }

    /// How often the server has run a command since the last RESETSTAT, this call not counted.
    private func calls(of command: String, _ database: RedisDatabase) async throws -> Int {
        let statistics = try await database.info("commandstats").text
        guard let line = statistics.split(separator: "\r\n").first(where: { $0.hasPrefix("cmdstat_\(command):") })
        else { return 0 }
        let calls = line.split(separator: "=")[1].prefix { $0.isNumber }
        return Int(calls) ?? 0
    }
}
