import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

private final class Losses: RedisObserver {
    private let received = Atomic(0)
    var count: Int { received.load(ordering: .relaxed) }

    func commandEnded(_ event: RedisCommandEvent) {}
    func connectionChanged(_ event: RedisConnectionEvent) {
        if event.change == .lost { received.add(1, ordering: .relaxed) }
    }
}

/// What a server does to connections and waiting commands by itself, or because an operator asked it to.
@Suite(.timeLimit(.minutes(10))) struct `A server that ends something by itself` {
    /// `timeout` of the configuration: one that idled too long has gone when the next command wants it.
    @Test func `closes what idles too long, and no command notices`() async throws {
        let losses = Losses()
        try await withDatabases(configure: { $0.observer = losses }) { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            func useAll() async throws {
                _ = try await main.incr("short")
                _ = try await main.hgetall("none", as: String.self)
                _ = try await main.withConnection { try await $0.incr("lease") }
                _ = try blocking.incr("thread")
            }
            try await useAll()
            try await main.send("CONFIG", "SET", "timeout", 1)
            // Another database's connection looks, so that none of main's is kept alive by it.
            let own = "db=\(main.number) "
            let haveGone = try await eventually {
                let list = try await databases[.knowledge].send("CLIENT", "LIST", as: String.self)
                return !list.contains(own)
            }
            #expect(haveGone)
            // The two lanes' and the lease's are watched; the thread's is looked at before it is lent.
            #expect(await eventually { losses.count == 3 })
            try await useAll()
            #expect(try await main.mget("short", "lease", "thread") == ["2", "2", "2"])
            #expect(databases.metrics()[.main]?.failures == [:])
        }
    }

    /// `maxmemory-clients` evicts the client that takes most, here by a request too large for all of them together.
    @Test func `evicts a client that takes too much, which is an error, and the next command runs`() async throws {
        try await withDatabases { databases, server in
            let main = try databases[.main]
            if server.flavour == .redis, server.version.hasPrefix("6.") { return }  // there since 7.0
            try await main.send("CONFIG", "SET", "maxmemory-clients", 4 << 20)
            let large = [UInt8](repeating: 120, count: 32 << 20)
            let error = await #expect(throws: RedisError.self) { try await main.set("large", large) }
            #expect(error?.code == .connectionClosed)
            let blocking = try databases.blocking(.main)
            let other = #expect(throws: RedisError.self) { try blocking.set("large", large) }
            #expect(other?.code == .connectionClosed)
            try await main.set("small", 1)
            #expect(try blocking.get("small") == "1")
            #expect(try await main.get("large") == nil)
        }
    }

    @Test(arguments: ["ERROR", "TIMEOUT"])
    func `unblocks a waiting pop, and its connection is lent again`(how: String) async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            let id = try await main.withConnection { try await $0.send("CLIENT", "ID", as: Int.self) }
            async let popped = main.send("BLPOP", "none", "0")
            #expect(
                try await eventually {
                    try await databases[.knowledge].send("CLIENT", "UNBLOCK", id, how, as: Int.self) == 1
                })
            do {
                #expect(try await popped == .null && how == "TIMEOUT")
            } catch let error as RedisError {
                #expect(error.code == .unblocked && error.code.name == "UNBLOCKED" && how == "ERROR")
            }
            #expect(try await main.withConnection { try await $0.send("CLIENT", "ID", as: Int.self) } == id)
        }
    }
}
