import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// No proof is late, whatever else the machine does.
func patientLimits() -> RedisCacheLimits {
    var limits = RedisCacheLimits()
    limits.maximumSilence = .seconds(3_600)
    limits.maximumAge = .seconds(3_600)
    return limits
}

/// The code of what a call throws.
func failure(_ body: () async throws -> Void) async -> RedisError.Code? {
    do { try await body() } catch { return (error as? RedisError)?.code }
    return nil
}

func blockingFailure(_ body: () throws -> Void) -> RedisError.Code? {
    do { try body() } catch { return (error as? RedisError)?.code }
    return nil
}

extension RedisTestServer {
    /// How often the server has run a command.
    func calls(of command: String) throws -> Int {
        let text = try ask(self, "INFO commandstats").bytes?.text ?? ""
        guard let line = text.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("cmdstat_\(command):") })
        else { return 0 }
        return Int(line.split(separator: "calls=")[1].prefix(while: \.isNumber)) ?? 0
    }
}

/// Connections that a server tells of changes.
private func tracked(_ server: RedisTestServer) throws -> Int {
    let list = try ask(server, "CLIENT LIST").bytes?.text ?? ""
    let tracked = list.split(separator: "\n").filter { line in
        line.split(separator: " ").contains { $0.hasPrefix("flags=") && $0.dropFirst(6).contains("t") }
    }
    return tracked.count
}

@Suite(.timeLimit(.minutes(10))) struct `A cache` {
    @Test func `answers from memory until the key changes`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases[.main]
            try await main.set("key", "one")
            let cache = try await main.cached(within: patientLimits())
            for _ in 0..<100 { #expect(try await cache.get("key") == "one") }
            #expect(try server.calls(of: "get") == 1)
            #expect(cache.metrics().hits == 99)
            try await main.set("key", "two")
            try await cache.catchUp()
            #expect(try await cache.get("key") == "two")
            #expect(try server.calls(of: "get") == 2)
            // What is not there is kept too.
            for _ in 0..<10 { #expect(try await cache.get("nothing") == nil) }
            #expect(try server.calls(of: "get") == 3)
            try await main.set("nothing", "something")
            try await cache.catchUp()
            #expect(try await cache.get("nothing") == "something")
            #expect(cache.metrics().invalidations == 2)
            #expect(cache.metrics().isServing)
        }
    }

    /// How a key may change, by the words said to the server; the cache reads number 0.
    static let changes: [String] = [
        "SET key 2", "APPEND key 2", "DEL key", "UNLINK key", "RENAME key other", "RENAME source key",
        "COPY source key REPLACE", "EXPIRE key 0", "PEXPIREAT key 1", "GETDEL key", "GETSET key 2", "SETRANGE key 0 2",
        "INCRBY key 5",
        "MOVE key 5", "FLUSHDB", "FLUSHDB ASYNC", "FLUSHALL", "FLUSHALL ASYNC", "SWAPDB 0 1", "SWAPDB 1 0",
        "BITOP NOT key source", "SORT list STORE key",
        "MULTI\r\nSET key 2\r\nEXEC", "MULTI\r\nSWAPDB 0 1\r\nEXEC", "CONFIG RESETSTAT\r\nSWAPDB 0 1",
        "SWAPDB 0 1\r\nCONFIG RESETSTAT", "SELECT 1\r\nMOVE apart 0", "DEBUG RELOAD",
    ]

    @Test(arguments: changes)
    func `returns what the server has, however that came about`(change: String) async throws {
        try await withDatabases(version: .resp3, arguments: ServerUnderTest.debugArguments) { databases, server in
            let main = try databases[.main]
            try await main.set("key", "1")
            try await main.set("source", "3")
            try await main.rpush("list", ["1", "2"])
            _ = try say("SELECT 1\r\nSET key elsewhere\r\nSET apart 1", to: server)
            let cache = try await main.cached(within: patientLimits())
            for key in ["key", "other", "apart"] {
                for _ in 0..<2 { _ = try await cache.run(.type(key)) }
            }
            #expect(try await cache.get("key") == "1")
            _ = try say(change, to: server)
            // The last of several commands may still run when the first is answered.
            try await Self.waitUntilDone(change, server)
            try await cache.catchUp()
            for key in ["key", "other", "apart"] {
                #expect(try await cache.run(.type(key)) == main.type(key), "\(key)")
            }
            if try await main.type("key") == "string" {
                #expect(try await cache.get("key", as: RESPBytes.self) == main.get("key", as: RESPBytes.self))
            }
        }
    }

    private static func waitUntilDone(_ change: String, _ server: RedisTestServer) async throws {
        let last = change.split(whereSeparator: \.isNewline).last!.split(separator: " ")
        let name = last.count > 1 && last[1] == "RESETSTAT" ? "config" : last[0].lowercased()
        #expect(
            try await eventually {
                let text = try ask(server, "INFO commandstats").bytes?.text ?? ""
                return text.contains("cmdstat_\(name):") || text.contains("cmdstat_\(name)|")
            })
    }

    @Test func `drops what another database's change names, and reads its own again`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let (main, knowledge) = (try databases[.main], try databases[.knowledge])
            try await main.set("key", "mine")
            let cache = try await main.cached(within: patientLimits())
            let theirs = try await knowledge.cached(within: patientLimits())
            #expect(try await cache.get("key") == "mine")
            #expect(try await theirs.get("key") == nil)
            try await knowledge.set("key", "theirs")
            try await cache.catchUp()
            try await theirs.catchUp()
            #expect(try await cache.get("key") == "mine")
            #expect(try await theirs.get("key") == "theirs")
            #expect(cache.metrics().invalidations == 1)
            #expect(try server.calls(of: "get") == 4)
        }
    }

    @Test func `lets no value outlive its key, though the server has not removed it yet`() async throws {
        try await withDatabases(version: .resp3, arguments: ServerUnderTest.debugArguments) { databases, server in
            _ = try say("DEBUG SET-ACTIVE-EXPIRE 0", to: server)
            let main = try databases[.main]
            let cache = try await main.cached(within: patientLimits())
            try await main.set("key", "short", expiry: .after(.milliseconds(300)))
            _ = try await cache.get("key")
            #expect(try await eventually { try await main.exists("key") == 0 })
            #expect(try await cache.get("key") == nil)
        }
    }

    @Test func `sends one request for all who read the same`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            try await databases[.main].set("key", "value")
            let cache = try await databases[.main].cached(within: patientLimits())
            let values = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<500 { group.addTask { try await cache.get("key") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: "value", count: 500))
            #expect(try server.calls(of: "get") == 1)
            let metrics = cache.metrics()
            #expect(metrics.hits + metrics.misses == 500)
            #expect(metrics.misses == metrics.joined + 1)
        }
    }

    @Test func `reads every type through the command that is its own`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases[.main]
            try await main.hset("hash", ["a": "1", "b": "2"])
            try await main.sadd("set", ["x", "y"])
            try await main.zadd("scores", ["m": 1, "n": 2])
            try await main.rpush("list", ["p", "q"])
            try await main.set("floats", [1.5, -2] as [Float])
            let cache = try await main.cached(within: patientLimits())
            for _ in 0..<2 {
                #expect(try await cache.hgetall("hash") == ["a": "1", "b": "2"])
                #expect(try await cache.hget("hash", "b", as: Int.self) == 2)
                #expect(try await cache.smembers("set") == ["x", "y"])
                #expect(try await cache.zscore("scores", "n") == 2)
                #expect(try await cache.zrange("scores", from: 0, through: 1) == ["m", "n"])
                #expect(try await cache.lrange("list", from: 0, through: -1) == ["p", "q"])
                #expect(try await cache.get("floats", as: [Float].self) == [1.5, -2])
                #expect(try await cache.run(.exists("set")) == 1)
            }
            #expect(cache.metrics().hits == 8)
            #expect(cache.metrics().misses == 8)
            try await main.hset("hash", ["b": "3"])
            try await cache.catchUp()
            #expect(try await cache.hget("hash", "b", as: Int.self) == 3)
            #expect(try await cache.hgetall("hash") == ["a": "1", "b": "3"])
        }
    }

    @Test func `refuses what it cannot keep, and sends nothing`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let cache = try await databases[.main].cached(within: patientLimits())
            #expect(await failure { _ = try await cache.run(.set("key", "value")) } == .commandRefused)
            #expect(await failure { _ = try await cache.run(.mget(["a", "b"])) } == .commandRefused)
            #expect(await failure { _ = try await cache.run(.ttl("key")) } == .commandRefused)
            #expect(await failure { _ = try await cache.run(.raw("SELECT", ["1"])) } == .commandRefused)
            #expect(await failure { _ = try await cache.run(.raw("NONSENSE", ["key"])) } == .commandRefused)
            #expect(try await cache.run(.hmget("key", [String]())) == [], "answered without the server, as ever")
            #expect(try server.calls(of: "set") == 0)
        }
    }

    @Test func `keeps no error`() async throws {
        try await withDatabases(version: .resp3) { databases, _ in
            let main = try databases[.main]
            try await main.rpush("key", ["x"])
            let cache = try await main.cached(within: patientLimits())
            for _ in 0..<2 { #expect(await failure { _ = try await cache.get("key") } == .wrongType) }
            #expect(cache.metrics().entries == 0)
        }
    }

    @Test func `is empty after its connection was lost, and serves again over the next`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases[.main]
            try await main.set("key", "value")
            let cache = try await main.cached(within: patientLimits())
            for round in 1...3 {
                #expect(try await cache.get("key") == "value")
                let clears = cache.metrics().clears
                _ = try say("CLIENT KILL TYPE normal", to: server)
                #expect(await eventually { cache.metrics().clears > clears && cache.metrics().isServing })
                #expect(cache.metrics().entries == 0, "round \(round)")
                #expect(try await cache.get("key") == "value")
                #expect(cache.metrics().entries == 1)
            }
        }
    }

    @Test func `reads from the server while it has no connection, and serves when that is back`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases[.main]
            let cache = try await main.cached(within: patientLimits())
            try await main.set("key", "one")
            #expect(try await cache.get("key") == "one")
            server.kill()
            #expect(await eventually { !cache.metrics().isServing })
            await #expect(throws: RedisError.self) { try await cache.get("key") }
            try server.restart()
            #expect(await eventually { cache.metrics().isServing })
            #expect(try await cache.get("key") == nil)
            try await main.set("key", "two")
            try await cache.catchUp()
            #expect(try await cache.get("key") == "two")
        }
    }

    @Test func `ends with its last copy, and with the databases`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            try await databases[.main].set("key", "value")
            var cache: RedisCache? = try await databases[.main].cached(within: patientLimits())
            let copy = cache
            #expect(try tracked(server) == 1)
            cache = nil
            #expect(try await copy?.get("key") == "value")
            let closed = try await databases[.main].cached(within: patientLimits())
            #expect(try tracked(server) == 2)
            await databases.close()
            #expect(try await eventually { try tracked(server) == 0 })
            #expect(await failure { _ = try await closed.get("key") } == .closed)
            #expect(await failure { _ = try await databases[.main].cached() } == .closed)
        }
    }

    @Test func `ends when nobody has it`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            for _ in 0..<3 { _ = try await databases[.main].cached(within: patientLimits()) }
            #expect(
                try await eventually {
                    try tracked(server) == 0
                })
        }
    }

    @Test func `serves threads as it serves tasks`() async throws {
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases.blocking(.main)
            try main.set("key", "one")
            let cache = try main.cached(within: patientLimits())
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                for _ in 0..<100 { #expect((try? cache.get("key")) == "one") }
            }
            #expect(try server.calls(of: "get") == 1)
            #expect(cache.metrics().hits + cache.metrics().misses == 800)
            try main.set("key", "two")
            try cache.catchUp()
            #expect(try cache.get("key") == "two")
            #expect(blockingFailure { _ = try cache.run(.set("key", "value")) } == .commandRefused)
        }
    }

    @Test func `refuses limits that make no sense`() async throws {
        try await withDatabases(version: .resp3) { databases, _ in
            for change in [\RedisCacheLimits.maximumAge, \.maximumSilence] {
                var limits = RedisCacheLimits()
                limits[keyPath: change] = .zero
                #expect(await failure { _ = try await databases[.main].cached(within: limits) } == .invalidArgument)
            }
            var limits = patientLimits()
            limits.maximumBytes = 0
            let cache = try await databases[.main].cached(within: limits)
            #expect(try await cache.get("key") == nil)
            #expect(cache.metrics().entries == 0)
        }
    }
}
