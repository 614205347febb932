import Bulkhead
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Key events` {
    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `are of the keys of one name, though another has the same keys`(version: RESPVersion) async throws {
        try await withDatabases(version: version, arguments: ["--notify-keyspace-events", "KA"]) { databases, _ in
            let events = try await databases[.knowledge].keyEvents(matching: "doc:*")
            for name in [DatabaseName.main, .knowledge, .analytics] {
                try await databases[name].set("doc:1", name.text)
                try await databases[name].set("fact:1", 1)
            }
            try await databases[.knowledge].rename("doc:1", to: "doc:of:2")
            try await databases[.knowledge].del("doc:of:2")
            let received = try await received(4, of: events).compactMap(\.message)
            #expect(received.map(\.kind) == [.set, .renamedFrom, .renamedTo, .deleted])
            #expect(received.map(\.key) == ["doc:1", "doc:1", "doc:of:2", "doc:of:2"])
        }
    }

    @Test func `are of some kinds, for tasks and for threads`() async throws {
        try await withDatabases(arguments: ["--notify-keyspace-events", "Eg$x"]) { databases, _ in
            let main = try databases[.main]
            let expired = try await main.keyEvents(.expired)
            let deleted = try await Task.detached {
                try databases.blocking(.main).keyEvents(.deleted, .set)
            }.value
            try await main.set("session:1", 1, expiry: .after(.milliseconds(1)))
            try await main.set("session:2", 1)
            try await main.del("session:2")
            #expect(try await received(1, of: expired).first?.message?.key == "session:1")
            let kinds = try await Task.detached {
                try (0..<3).compactMap { _ in try deleted.next()?.message?.kind }
            }.value
            #expect(kinds == [.set, .set, .deleted])
        }
    }

    @Test(arguments: ["", "E", "EA", "K", "Kx"])
    func `that the server does not send are refused, and the error says what to set`(setting: String) async throws {
        try await withDatabases(arguments: ["--notify-keyspace-events", setting]) { databases, _ in
            let main = try databases[.main]
            if !setting.contains("K") || setting == "K" {
                let error = await #expect(throws: RedisError.self) { try await main.keyEvents(matching: "a*") }
                #expect(error?.code == .keyEventsOff && error?.message.contains("\"KA\"") == true)
            }
            if setting != "EA" {
                let error = await #expect(throws: RedisError.self) { try await main.keyEvents(.expired) }
                #expect(error?.code == .keyEventsOff && error?.message.contains("\"Ex\"") == true)
            }
            let error = await #expect(throws: RedisError.self) { try await main.keyEvents(.missed) }
            #expect(error?.code == .keyEventsOff, "A holds all but m and n")
        }
    }

    @Test func `come where the login may not ask for the setting`() async throws {
        try await withServer(arguments: ["--notify-keyspace-events", "KA"]) { server in
            let owner = RedisDatabases(testConfiguration(server))
            try await owner[.main].send("ACL", "SETUSER", "ann", "on", ">sesame", "+@all", "-config", "~*", "&*")
            var configuration = testConfiguration(server)
            configuration.username = "ann"
            configuration.password = "sesame"
            let databases = RedisDatabases(configuration)
            let events = try await databases[.main].keyEvents()
            try await owner[.main].set("a", 1)
            #expect(try await received(1, of: events).first?.message?.key == "a")
            await databases.close()
            await owner.close()
        }
    }
}
