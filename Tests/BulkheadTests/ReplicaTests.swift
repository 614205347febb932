import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// A primary with a replica that follows it, both on ports.
private struct Pair {
    let primary: RedisTestServer
    let replica: RedisTestServer

    init(_ arguments: [String] = []) throws {
        // A primary says each second that it lives.
        let heartbeat = ["--repl-ping-replica-period", "1", "--repl-diskless-sync-delay", "0"] + arguments
        primary = try RedisTestServer.start(.init(listening: .tcp, arguments: heartbeat))
        let port = String(try #require(primary.port))
        replica = try RedisTestServer.start(
            .init(listening: .tcp, arguments: ["--replicaof", "127.0.0.1", port]))
        // A client that asks a primary for replicas before it has any asks again ten seconds later.
        let talk = try ServerConversation(with: primary)
        let end = ContinuousClock.now + .seconds(120)
        while try !talk.text("INFO replication").contains("state=online") {
            try #require(.now < end, "the replica does not follow")
            usleep(5_000)
        }
    }

    func end() { [primary, replica].forEach { $0.stop() } }

    func databases(_ reads: RedisReads, isUnlimited: Bool = false) throws -> RedisDatabases {
        let place = try DatabaseServer(url: primary.url)
        let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place, reads: reads)])
        var configuration = testConfiguration(primary)
        if isUnlimited { configuration.commandTimeout = nil }
        return RedisDatabases(configuration, catalogue: catalogue)
    }

    /// Until reads go to the replica.
    func awaitReads(_ form: Form, _ databases: RedisDatabases) async throws {
        let areThere = try await eventually {
            #expect(await form.run(.get("key"), in: databases).isSuccess)
            return try await Self.calls("get", at: replica) > 0
        }
        #expect(areThere)
    }

    /// Commands of that name that a server has run.
    static func calls(_ name: String, at server: RedisTestServer) async throws -> Int {
        let databases = RedisDatabases(testConfiguration(server))
        let stats = try await databases[.main].info("commandstats")["cmdstat_\(name)"] ?? ""
        await databases.close()
        return stats.split(separator: ",").first.flatMap { Int($0.dropFirst("calls=".count)) } ?? 0
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A replica` {
    @Test(arguments: Form.allCases, [true, false])
    func `answers reads of keys, and nothing else is sent to it`(form: Form, isListed: Bool) async throws {
        let pair = try Pair()
        defer { pair.end() }
        let listed = isListed ? [try DatabaseServer(url: pair.replica.url)] : []
        let databases = try pair.databases(.replicaPreferred(replicas: listed, staleness: .seconds(60)))
        #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
        try await pair.awaitReads(form, databases)
        let before = try await Pair.calls("get", at: pair.primary)
        for number in 0..<50 {
            #expect(await form.run(.set("key", "value \(number)"), in: databases).isSuccess)
            #expect(await form.run(.get("key"), in: databases).isSuccess)
            #expect(await form.run(.raw("HSCAN", ["hash", "0"]), in: databases).isSuccess)
            #expect(await form.run(.raw("DBSIZE", []), in: databases).isSuccess)
            #expect(await form.run(.raw("SET", ["a", "b", "GET"]), in: databases).isSuccess)
        }
        #expect(try await Pair.calls("get", at: pair.primary) == before)
        // The link brings writes too, and they are counted like those of callers: what is refused is not.
        for name in ["hscan", "dbsize"] { #expect(try await Pair.calls(name, at: pair.replica) == 0) }
        for name in ["hscan", "dbsize"] { #expect(try await Pair.calls(name, at: pair.primary) == 50) }
        let admin = RedisDatabases(testConfiguration(pair.replica))
        let errors = try await admin[.main].info("errorstats")["errorstat_READONLY"]
        if ServerUnderTest.isAtLeast(redis: 6, 2) { #expect(errors == nil) }
        await admin.close()
        await databases.close()
    }

    @Test(arguments: Form.allCases)
    func `that has lost its primary for longer than the bound answers no reads`(form: Form) async throws {
        let pair = try Pair()
        defer { pair.end() }
        let listed = [try DatabaseServer(url: pair.replica.url)]
        let databases = try pair.databases(.replicaPreferred(replicas: listed, staleness: .seconds(4)))
        #expect(await form.run(.set("key", "old"), in: databases).isSuccess)
        let isUsed = try await eventually {
            _ = await form.run(.get("key"), in: databases)
            return try await Pair.calls("get", at: pair.replica) > 0
        }
        #expect(isUsed)
        let admin = RedisDatabases(testConfiguration(pair.replica))
        // Its primary is gone for it, and it serves what it has.
        try await admin[.main].send("REPLICAOF", "127.0.0.1", "1")
        #expect(await form.run(.set("key", "new"), in: databases).isSuccess)
        // Until the bound is over it may serve what it has. However long this takes, it may not behind it.
        try await Task.sleep(for: .seconds(6))
        for _ in 0..<200 {
            guard case .success("new"?) = await form.run(.get("key"), in: databases) else {
                Issue.record("an old value")
                break
            }
        }
        await admin.close()
        await databases.close()
    }

    @Test(arguments: Form.allCases)
    func `that is killed, or becomes a primary, fails no read`(form: Form) async throws {
        let pair = try Pair()
        defer { pair.end() }
        let listed = [try DatabaseServer(url: pair.replica.url)]
        let databases = try pair.databases(.replicaPreferred(replicas: listed, staleness: .seconds(60)))
        #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
        try await pair.awaitReads(form, databases)
        pair.replica.kill()
        for _ in 0..<100 {
            let value = await form.run(.get("key"), in: databases)
            guard case .success("value"?) = value else {
                Issue.record("\(value)")
                break
            }
        }
        await databases.close()
    }

    @Test(arguments: Form.allCases)
    func `that hangs is left, and a read without a time limit goes on at the primary`(form: Form) async throws {
        let pair = try Pair()
        defer { pair.end() }
        let listed = [try DatabaseServer(url: pair.replica.url)]
        let reads = RedisReads.replicaPreferred(replicas: listed, staleness: .seconds(120))
        let databases = try pair.databases(reads, isUnlimited: true)
        #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
        try await pair.awaitReads(form, databases)
        let used = try await Pair.calls("get", at: pair.replica)
        let before = try await Pair.calls("get", at: pair.primary)
        try pair.replica.pause()
        defer { pair.replica.resume() }
        for _ in 0..<3 { #expect(try await form.run(.get("key"), in: databases).get() == "value") }
        #expect(try await Pair.calls("get", at: pair.primary) >= before + 3)
        pair.replica.resume()
        // It serves again; what had waited there may run too.
        let isBack = try await eventually {
            for _ in 0..<10 { #expect(try await form.run(.get("key"), in: databases).get() == "value") }
            return try await Pair.calls("get", at: pair.replica) > used + 3
        }
        #expect(isBack)
        await databases.close()
    }

    /// What a replica answers that cannot serve now; that it can is all that it says of itself.
    @Test(
        arguments: Form.allCases,
        [
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        ])
    func `that cannot serve now fails no read`(form: Form, error: String) async throws {
        let refused = Counter()
        let replica = ScriptedServer { peer in
            while let command = peer.readCommand() {
                switch command[0] {
                case "HELLO": peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                case "INFO":
                    let info = "role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:0\r\n"
                    peer.write("$\(info.utf8.count)\r\n\(info)\r\n")
                case "GET", "MGET":
                    refused.next()
                    peer.write("-\(error)\r\n")
                default: peer.write("+OK\r\n")
                }
            }
        }
        defer { replica.stop() }
        try await withServer { server in
            let listed = [try DatabaseServer(url: "unix://\(replica.path)")]
            let catalogue = try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0, reads: .replicaPreferred(replicas: listed))
            ])
            let databases = RedisDatabases(testConfiguration(server.socketPath), catalogue: catalogue)
            #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
            let isRefused = try await eventually { () async throws -> Bool in
                #expect(try await form.run(.get("key"), in: databases).get() == "value")
                #expect(try await form.run(.mget("key", "none"), in: databases).get() == ["value", nil])
                return refused.value >= 4
            }
            #expect(isRefused)
            await databases.close()
        }
    }

    @Test func `in a catalogue is read, and what contradicts itself is refused`() throws {
        let json = #"""
            {"databases": [
                {"name": "main", "number": 0, "reads": "replica-preferred", "max_staleness": 2.5,
                    "replicas": ["redis://a.internal"]},
                {"name": "orders", "number": 1, "copies": ["redis://b.internal", "redis://c.internal:6380"]}
            ]}
            """#
        let catalogue = try DatabaseCatalogue(json: Array(json.utf8))
        let server = try DatabaseServer(url: "redis://a.internal")
        #expect(
            try catalogue[.main].reads
                == .replicaPreferred(replicas: [server], staleness: .milliseconds(2_500)))
        #expect(try catalogue["orders"].copies.servers.map(\.address) == ["b.internal:6379", "c.internal:6380"])
        for (members, words) in [
            (#""replicas": ["redis://a"]"#, "replica-preferred"), (#""reads": "all""#, "expected primary"),
            (#""reads": "replica-preferred", "max_staleness": 0"#, "max_staleness"),
            (#""copies": ["redis://a", "redis://a"]"#, "twice"),
            (#""copies": ["nonsense"]"#, "copies[0]"),
            (#""copies": ["redis://a", 7]"#, "copies[1]"),
            (#""copies": [{"weight": 2}]"#, "copies[0].url is missing"),
            (#""copies": [{"url": "redis://a", "wait": 2}]"#, "known: url, weight"),
            (#""copies": [{"url": "redis://a", "weight": "2"}]"#, "copies[0].weight"),
            (#""copies": [{"url": "redis://a", "weight": 0}]"#, "a copy whose weight is not above 0, a:6379"),
            (#""copies": [5]"#, "copies[0]: expected a URL, or an object of url and weight"),
            (#""copies": [null]"#, "copies[0]: expected a URL, or an object of url and weight"),
            (#""copies": ["redis://a"], "reads": "replica-preferred""#, "both copies and reads"),
            (#""cluster": ["c:6379"], "copies": ["redis://a"]"#, "cluster"),
        ] {
            let json = "{\"databases\": [{\"name\": \"main\", \"number\": 0, \(members)}]}"
            let error = #expect(throws: RedisError.self) { try DatabaseCatalogue(json: Array(json.utf8)) }
            #expect(error?.code == .invalidCatalogue && error?.message.contains(words) == true, "\(members): \(error!)")
        }
    }
}
