import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

extension ScriptedPeer {
    /// Answers as a server does that has nothing but one key, until `read` answers GET.
    fileprivate func serveCache(_ read: (ScriptedPeer) -> Void) {
        shakeHands()
        var questions = 0
        while let command = readCommand() {
            switch command[0] {
            case "CLIENT": write("+OK\r\n")
            case "INFO":
                questions += 1
                let text = "cmdstat_info:calls=\(questions),usec=1\r\n"
                write("$\(text.utf8.count)\r\n\(text)\r\n")
            case "PTTL": write(":-1\r\n")
            case "GET": read(self)
            default: write("-ERR unknown command\r\n")
            }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A cache on a bad day` {
    private static func databases(_ path: String) -> RedisDatabases {
        var configuration = testConfiguration(path)
        configuration.version = .resp3
        return RedisDatabases(configuration)
    }

    /// The invalidation overtakes the reply, so what the reply says is older.
    @Test func `does not keep a reply that its invalidation has overtaken`() async throws {
        let reads = Mutex(0)
        let server = ScriptedServer { peer in
            peer.serveCache { peer in
                let read = reads.withLock { reads in
                    reads += 1
                    return reads
                }
                if read == 1 { peer.write(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n") }
                peer.write("$1\r\n\(read)\r\n")
            }
        }
        defer { server.stop() }
        let databases = Self.databases(server.path)
        let cache = try await databases[.main].cached(within: patientLimits())
        #expect(try await cache.get("key") == "1")
        #expect(cache.metrics().entries == 0)
        #expect(cache.metrics().races == 1)
        #expect(try await cache.get("key") == "2")
        #expect(try await cache.get("key") == "2")
        #expect(reads.withLock(\.self) == 2)
        await databases.close()
    }

    @Test func `returns nothing that is kept once its server has gone silent for too long`() async throws {
        try await withServer { server in
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            var configuration = testConfiguration(proxy.path)
            configuration.version = .resp3
            // A connection that answers nothing any more ends after this time and the silence.
            configuration.connectTimeout = .seconds(5)
            let databases = RedisDatabases(configuration)
            let main = try databases[.main]
            try await main.set("key", "old")
            var limits = patientLimits()
            limits.maximumSilence = .seconds(1)
            let cache = try await main.cached(within: limits)
            #expect(
                try await eventually {
                    _ = try await cache.get("key")
                    return cache.metrics().entries == 1
                })
            proxy[.toClient] = [.blackhole()]
            _ = try say("SET key new", to: server)
            #expect(await eventually { !cache.metrics().isServing })
            // Nothing of what is kept comes back, and who asks the server hears nothing.
            #expect(cache.metrics().entries == 1)
            #expect(await failure { _ = try await cache.within(.milliseconds(50)).get("key") } == .timedOut)
            #expect(await failure { _ = try await cache.within(.milliseconds(50)).catchUp() } == .timedOut)
            proxy[.toClient] = []
            #expect(await eventually { cache.metrics().isServing })
            #expect(try await cache.get("key") == "new")
            await databases.close()
        }
    }

    @Test func `makes another connection where one goes on being silent`() async throws {
        let connections = Mutex(0)
        let server = ScriptedServer { peer in
            let isFirst = connections.withLock { connections in
                connections += 1
                return connections == 1
            }
            peer.shakeHands()
            var questions = 0
            while let command = peer.readCommand() {
                switch command[0] {
                case "CLIENT": peer.write("+OK\r\n")
                case "INFO" where !isFirst || questions == 0:
                    questions += 1
                    let text = "cmdstat_info:calls=\(questions),usec=1\r\n"
                    peer.write("$\(text.utf8.count)\r\n\(text)\r\n")
                default: break
                }
            }
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.version = .resp3
        configuration.connectTimeout = .milliseconds(200)
        let databases = RedisDatabases(configuration)
        var limits = RedisCacheLimits()
        limits.maximumSilence = .milliseconds(100)
        let cache = try await databases[.main].cached(within: limits)
        #expect(await eventually { connections.withLock(\.self) > 1 && cache.metrics().clears > 0 })
        #expect(await eventually { cache.metrics().isServing })
        await databases.close()
    }

    @Test func `is refused where the configuration or the server speaks RESP2`() async throws {
        try await withDatabases(version: .resp2) { databases, _ in
            #expect(await failure { _ = try await databases[.main].cached() } == .cachingUnavailable)
            #expect(blockingFailure { _ = try databases.blocking(.main).cached() } == .cachingUnavailable)
        }
        let server = ScriptedServer { peer in
            while let command = peer.readCommand() {
                peer.write(command[0] == "HELLO" ? "-ERR unknown command 'HELLO'\r\n" : "+OK\r\n")
            }
        }
        defer { server.stop() }
        let databases = Self.databases(server.path)
        #expect(await failure { _ = try await databases[.main].cached() } == .cachingUnavailable)
        #expect(blockingFailure { _ = try databases.blocking(.main).cached() } == .cachingUnavailable)
        await databases.close()
    }

    @Test(arguments: ["-client|tracking", "-info"])
    func `is refused where the login may not do what it needs`(rule: String) async throws {
        guard ServerUnderTest.isAtLeast(redis: 7, 0) || rule == "-info" else { return }
        try await withServer { server in
            _ = try say("ACL SETUSER limited on >secret ~* &* +@all \(rule)", to: server)
            var configuration = testConfiguration(server.socketPath)
            configuration.version = .resp3
            configuration.username = "limited"
            configuration.password = "secret"
            let databases = RedisDatabases(configuration)
            #expect(await failure { _ = try await databases[.main].cached() } == .noPermission)
            // Where it may not ask for the expiry nothing is kept, and reads are right all the same.
            _ = try say("ACL SETUSER limited +@all -pttl", to: server)
            let cache = try await databases[.main].cached(within: patientLimits())
            for _ in 0..<2 { #expect(try await cache.get("key") == nil) }
            #expect(cache.metrics().entries == 0)
            await databases.close()
        }
    }

    @Test func `is refused, and leaves nothing, where nobody listens`() async throws {
        let databases = Self.databases("/nowhere/at/all.sock")
        #expect(await failure { _ = try await databases[.main].cached() } == .connectFailed)
        #expect(blockingFailure { _ = try databases.blocking(.main).cached() } == .connectFailed)
        await databases.close()
    }

    @Test func `a cancelled reader waits no longer, and others get the reply`() async throws {
        let mayAnswer = Mutex(false)
        let server = ScriptedServer { peer in
            peer.serveCache { peer in
                while !mayAnswer.withLock(\.self) { usleep(1_000) }
                peer.write("$5\r\nvalue\r\n")
            }
        }
        defer { server.stop() }
        let databases = Self.databases(server.path)
        let cache = try await databases[.main].cached(within: patientLimits())
        let first = Task { try await cache.get("key") }
        #expect(await eventually { cache.metrics().misses == 1 })
        let second = Task { try await cache.get("key") }
        #expect(await eventually { cache.metrics().joined == 1 })
        first.cancel()
        #expect(await failure { _ = try await first.value } == .cancelled)
        #expect(await failure { _ = try await cache.within(.milliseconds(20)).get("key") } == .timedOut)
        mayAnswer.withLock { $0 = true }
        #expect(try await second.value == "value")
        #expect(try await cache.get("key") == "value")
        await databases.close()
    }

    /// As many reads wait as may wait on one connection.
    @Test func `does not say that it has caught up while reads take all the room there is`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let isWaiting = Mutex(false)
        let server = ScriptedServer { peer in
            var reads = 0
            peer.serveCache { peer in
                reads += 1
                if reads == 1 { return peer.write("$3\r\nold\r\n") }
                if reads == 2 {
                    isWaiting.withLock { $0 = true }
                    gate.wait()
                    peer.write(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n")
                }
                peer.write("$3\r\nnew\r\n")
            }
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.version = .resp3
        configuration.maximumRequests = 4
        let databases = RedisDatabases(configuration)
        let cache = try await databases[.main].cached(within: patientLimits())
        #expect(try await cache.get("key") == "old")
        let others = (0..<4).map { number in Task { try await cache.get("other-\(number)") } }
        #expect(await eventually { isWaiting.withLock(\.self) && cache.metrics().misses == 5 })
        #expect(await failure { _ = try await cache.within(.milliseconds(50)).catchUp() } == .timedOut)
        gate.signal()
        try await cache.catchUp()
        #expect(try await cache.get("key") == "new")
        for other in others { #expect(try await other.value == "new") }
        await databases.close()
    }

    @Test func `opens where one request and one byte may wait on a connection`() async throws {
        try await withServer { server in
            var configuration = testConfiguration(server)
            configuration.version = .resp3
            configuration.maximumRequests = 1
            configuration.maximumUnwrittenBytes = 1
            let databases = RedisDatabases(configuration)
            let main = try databases[.main]
            try await main.set("key", "value")
            let cache = try await main.within(.seconds(120)).cached(within: patientLimits())
            for _ in 0..<2 { #expect(try await cache.get("key") == "value") }
            #expect(cache.metrics().entries == 1)
            await databases.close()
        }
    }
}
