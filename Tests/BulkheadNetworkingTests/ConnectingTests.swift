@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Connecting` {
    @Test(arguments: Way.allCases)
    func `both ways reach a server over TCP, by name, and over a unix socket`(_ way: Way) async throws {
        let server = try RedisTestServer.start(.init(listening: .tcp))
        defer { server.stop() }
        let port = try #require(server.port)
        // The server listens on 127.0.0.1 only; localhost may be ::1 first.
        for endpoint in [
            Endpoint.tcp(host: "127.0.0.1", port: port), .tcp(host: "localhost", port: port),
            .unix(path: server.socketPath),
        ] {
            let settings = ConnectionSettings(endpoint: endpoint, database: 3)
            #expect(await way.say("PING", settings) == .success(.simpleString("PONG")))
        }
    }

    @Test(arguments: Way.allCases)
    func `password, name and database arrive`(_ way: Way) async throws {
        let server = try RedisTestServer.start(.init(arguments: ["--requirepass", "sesame"]))
        defer { server.stop() }
        for version in [RESPVersion.resp2, .resp3] {
            var settings = ConnectionSettings.to(
                server.socketPath, database: 9, password: "sesame", version: version)
            settings.clientName = "bob"
            let info = try #require(await way.say("CLIENT INFO", settings).value?.bytes?.text)
            #expect(info.contains(" name=bob ") && info.contains(" db=9 "))
        }
    }

    /// As after a failover that moves a name: the old server is gone, and the resolver knows another address.
    @Test(arguments: Way.allCases)
    func `a name that has moved is found at its new address by the next attempt`(_ way: Way) async throws {
        let (old, new) = (try RedisTestServer.start(), try RedisTestServer.start())
        defer { [old, new].forEach { $0.stop() } }
        let home = Locked(old.socketPath)
        var settings = ConnectionSettings(endpoint: .tcp(host: "cache.internal", port: 6379), database: 3)
        settings.addresses = { endpoint throws(ConnectionFailure) in
            #expect(endpoint.description == "cache.internal:6379")
            return try SocketAddress.all(of: .unix(path: home.value))
        }
        let database = Node(settings, .upTo(1))
        let pool = BlockingPool(settings, .upTo(1))
        func say(_ line: String) async throws -> RESPValue {
            if way == .asynchronous { return try await database.send(command(line), on: .shared) }
            let lease = try pool.lease()
            defer { pool.release(lease, reusable: true) }
            return try lease.send(command(line))
        }
        #expect(try await say("SET where old") == .simpleString("OK"))
        old.kill()
        home.change { $0 = new.socketPath }
        #expect(await eventually { (try? await say("SET where new")) == .simpleString("OK") })
        #expect(try Probe(new).say("INFO keyspace").bytes?.text?.contains("db3:keys=1,") == true)
        await database.close(grace: .zero)
    }

    @Test(arguments: Way.allCases, [RESPVersion.resp2, .resp3])
    func `a Sentinel has no databases, and the failure says what to do`(
        _ way: Way, _ version: RESPVersion
    ) async throws {
        // It keeps its state in its configuration file.
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sentinel-\(UUID().uuidString).conf")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let server = try RedisTestServer.start(.init(arguments: [file.path, "--sentinel"]))
        defer { server.stop() }
        let failure = await way.say("PING", .to(server.socketPath, version: version)).failure
        #expect(failure?.reason == .handshakeRefused(code: "ERR"))
        #expect(failure?.message.contains("Is it a Sentinel") == true, "\(failure?.message ?? "none")")
    }

    @Test(arguments: Way.allCases)
    func `a wrong or missing password is an authentication failure`(_ way: Way) async throws {
        let server = try RedisTestServer.start(.init(arguments: ["--requirepass", "sesame"]))
        defer { server.stop() }
        for version in [RESPVersion.resp2, .resp3] {
            for password in ["swordfish", nil] {
                let settings = ConnectionSettings.to(server.socketPath, password: password, version: version)
                let failure = try #require(await way.say("PING", settings).failure)
                #expect(failure.reason == .authenticationFailed)
                #expect(failure.stage != .sent)
                #expect(!failure.message.contains("swordfish"))
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `a server that has no room says so`(_ way: Way) async throws {
        let server = try RedisTestServer.start(.init(arguments: ["--maxclients", "1"]))
        defer { server.stop() }
        // The one place is free as soon as the server has seen its starter's connection end.
        var only: BlockingConnection?
        _ = await eventually {
            only = try? BlockingConnection(.to(server))
            return only != nil
        }
        let holder = try #require(only)
        for version in [RESPVersion.resp2, .resp3] {
            for _ in 0..<20 {
                let failure = await way.say("PING", .to(server.socketPath, version: version)).failure
                #expect(failure?.reason == .handshakeRefused(code: "ERR"))
                #expect(failure?.message.contains("max number of clients") == true)
            }
        }
        #expect(try holder.send(command("PING")) == .simpleString("PONG"))
    }

    @Test(arguments: Way.allCases)
    func `where nothing can be reached the failure names the place`(_ way: Way) async throws {
        let deaf = DeafListener.refusing()
        let longPath = "/" + String(repeating: "x", count: 200)
        let expected: [(Endpoint, ConnectionFailure.Reason, String)] = [
            (.tcp(host: "127.0.0.1", port: deaf.port), .connectFailed, "127.0.0.1:\(deaf.port)"),
            (.unix(path: "/nowhere/redis.sock"), .connectFailed, "/nowhere/redis.sock"),
            (.unix(path: longPath), .connectFailed, longPath),
            (.unix(path: ""), .connectFailed, "unix:"),
            (.tcp(host: "no-such-host.invalid", port: 6379), .nameNotResolved, "no-such-host.invalid"),
        ]
        for (endpoint, reason, name) in expected {
            let failure = try #require(
                await way.say("PING", ConnectionSettings(endpoint: endpoint, database: 0)).failure)
            #expect(failure.reason == reason)
            #expect(failure.message.contains(name), "\(failure.message)")
            #expect(failure.stage != .sent)
        }
    }

    @Test(arguments: Way.allCases)
    func `a server that accepts and says nothing is given up`(_ way: Way) async throws {
        let server = ScriptedServer { $0.drain() }
        defer { server.stop() }
        let failure = await way.say("PING", .to(server.path, connectTimeout: .milliseconds(200))).failure
        #expect(failure?.reason == .connectTimedOut && failure?.stage != .sent)
        #expect(failure?.message.contains(server.path) == true)
    }

    @Test(arguments: Way.allCases)
    func `a server that stops in the middle of the handshake is given up`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write(hello + "+OK\r\n+O")
            peer.drain()
        }
        defer { server.stop() }
        let failure = await way.say("PING", .to(server.path, connectTimeout: .milliseconds(200))).failure
        #expect(failure?.reason == .connectTimedOut)
    }

    @Test(arguments: Way.allCases)
    func `a port whose backlog is full is given up`(_ way: Way) async throws {
        let deaf = DeafListener.full()
        let settings = ConnectionSettings(
            endpoint: .tcp(host: "127.0.0.1", port: deaf.port), database: 0, connectTimeout: .milliseconds(200))
        let failure = await way.say("PING", settings).failure
        #expect(failure?.reason == .connectTimedOut)
        #expect(failure?.message.contains("127.0.0.1:\(deaf.port)") == true)
    }

    @Test(arguments: Way.allCases)
    func `a unix socket whose backlog is full is waited for, and then given up`(_ way: Way) async throws {
        let path = "/tmp/deaf-\(UUID().uuidString.prefix(8)).sock"
        let deaf = DeafListener.full(path: path)
        let failure = await way.say("PING", .to(path, connectTimeout: .milliseconds(200))).failure
        #expect(failure?.reason == .connectTimedOut)
        withExtendedLifetime(deaf) {}
    }

    @Test func `a connection that was given up before it was made says nothing of its server`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let gate = DispatchSemaphore(value: 0)
        let end = DispatchSemaphore(value: 0)
        var settings = ConnectionSettings.to(server)
        settings.addresses = { endpoint throws(ConnectionFailure) in
            gate.wait()
            return try SocketAddress.all(of: endpoint)
        }
        let circuit = Circuit(.none)
        for _ in 0..<2 { try circuit.begin().ended(ConnectionFailure(.connectFailed, "away")) }
        let connection = AsyncConnection(settings, admission: try circuit.admit()) { _ in end.signal() }
        connection.abort()
        await onThread { end.wait() }
        gate.signal()
        // The circuit lets the next one try, and only one.
        var next: Circuit.Attempt?
        #expect(
            await eventually {
                next = try? circuit.begin()
                return next != nil
            })
        #expect(throws: ConnectionFailure.self) { try circuit.begin() }
        withExtendedLifetime(next) {}
    }

    @Test func `a connection that is still being made can be closed at once`() async {
        let deaf = DeafListener.full()
        let settings = ConnectionSettings(
            endpoint: .tcp(host: "127.0.0.1", port: deaf.port), database: 0, connectTimeout: .seconds(600))
        let connection = AsyncConnection(settings)
        async let reply = connection.send(command("PING"))
        await connection.close(grace: .zero)
        #expect(await reply.failure?.reason == .closed)
    }

    @Test(arguments: Way.allCases, [0, -1, 65_536, 65_536 + 6_379])
    func `a port out of range is refused, not cut to 16 bits`(_ way: Way, _ port: Int) async {
        let settings = ConnectionSettings(endpoint: .tcp(host: "127.0.0.1", port: port), database: 0)
        let failure = await way.say("PING", settings).failure
        #expect(failure?.reason == .connectFailed)
        #expect(failure?.message.contains("1 to 65535") == true)
    }

    @Test(arguments: Way.allCases)
    func `a paused server is given up`(_ way: Way) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        try server.pause()
        let failure = await way.say("PING", .to(server.socketPath, connectTimeout: .milliseconds(200))).failure
        #expect(failure?.reason == .connectTimedOut)
    }

    @Test(arguments: Way.allCases)
    func `a server that hangs up in the handshake closed the connection`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write(hello)
        }
        defer { server.stop() }
        let failure = try #require(await way.say("PING", .to(server.path)).failure)
        #expect([.closedByServer, .inputOutput].contains(failure.reason))
        #expect(failure.stage != .sent)
    }

    @Test(arguments: Way.allCases)
    func `a proxy that hangs up on HELLO is not guessed at, and the failure says what to set`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            while let words = peer.readCommand(), words[0] != "HELLO" { peer.write("+OK\r\n") }
        }
        defer { server.stop() }
        let failure = try #require(await way.say("PING", .to(server.path)).failure)
        // Nothing was tried a second time.
        #expect(failure.reason == .closedByServer && failure.message.contains("set the version to RESP2"))
        #expect(server.connectionCount == 1)
        #expect(await way.say("PING", .to(server.path, version: .resp2)) == .success(.simpleString("OK")))
    }

    @Test(arguments: Way.allCases)
    func `what a server says behind its refusal harms nobody`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write("-NOPERM no\r\n+OK\r\n+OK\r\n+OK\r\n+more\r\n+and more\r\n")
            peer.drain()
        }
        defer { server.stop() }
        #expect(await way.say("PING", .to(server.path)).failure?.reason == .permissionDenied)
    }

    @Test(arguments: Way.allCases)
    func `an old server without HELLO is spoken to in RESP2`(_ way: Way) async throws {
        let received = Received()
        let server = ScriptedServer { peer in
            var isLoggedIn = false
            while let words = peer.readCommand() {
                received.add(words)
                switch words[0] {
                case "HELLO": peer.write("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n")
                case "AUTH":
                    isLoggedIn = words == ["AUTH", "sesame"]
                    peer.write("+OK\r\n")
                default: peer.write(isLoggedIn ? "+OK\r\n" : "-NOAUTH Authentication required.\r\n")
                }
            }
        }
        defer { server.stop() }
        let settings = ConnectionSettings.to(server.path, database: 4, password: "sesame")
        #expect(await way.say("SET k v", settings) == .success(.simpleString("OK")))
        #expect(received.lines.suffix(3) == ["AUTH sesame", "SELECT 4", "SET k v"])
    }

    /// What a scripted server was told.
    final class Received: Sendable {
        private let words = Locked<[String]>([])
        var lines: [String] { words.value }
        func add(_ line: [String]) { words.change { $0.append(line.joined(separator: " ")) } }
    }
}
