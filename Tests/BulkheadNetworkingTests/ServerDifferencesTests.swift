@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Where servers answer differently, what each of them says: the one place where the differences stand.
@Suite(.timeLimit(.minutes(10))) struct `What servers answer differently` {
    private func onServer(_ arguments: [String] = [], _ body: (RedisTestServer) throws -> Void) throws {
        let server = try RedisTestServer.start(.init(arguments: arguments))
        defer { server.stop() }
        try body(server)
    }

    @Test func `the server under test is the one asked for, by its own --version`() throws {
        let environment = ProcessInfo.processInfo.environment
        let name = environment["REDIS_TEST_SERVER"] ?? "redis-server"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name, "--version"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let line = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0 || environment["REDIS_TEST_SERVER"] == nil)
        // Without REDIS_TEST_SERVER a valkey-server may be all there is on PATH.
        if process.terminationStatus != 0 { return }
        let version = try #require(line.split(separator: " ").first { $0.hasPrefix("v=") }?.dropFirst(2))
        try onServer { server throws in
            let info = try #require(try Probe(server).say("INFO server").bytes?.text)
            let flavour = line.hasPrefix("Valkey") ? "valkey" : "redis"
            #expect(info.contains("\(flavour)_version:\(version)\r\n"))
            #expect(server.version == version && server.flavour.rawValue == flavour)
        }
    }

    @Test func `connections speak the protocol asked for`() throws {
        let asked = ProcessInfo.processInfo.environment["BULKHEAD_TEST_RESP"] ?? "3"
        try onServer { server throws in
            switch try Probe(server).say("CONFIG GET maxmemory") {
            case .map: #expect(asked == "3")
            case .array: #expect(asked == "2")
            case let other: Issue.record("CONFIG GET answered \(other)")
            }
        }
    }

    @Test func `HELLO names server, version and protocol in the same fields everywhere`() throws {
        try onServer { server throws in
            let connection = try BlockingConnection(.to(server.socketPath, version: .resp3))
            guard case .map(let fields) = try connection.send(command("HELLO")) else {
                Issue.record("HELLO answered no map")
                return
            }
            // Valkey says its availability zone too, where one is configured.
            let names = stride(from: 0, to: fields.flat.count, by: 2).map { fields.flat[$0].bytes?.text }
            #expect(names == ["server", "version", "proto", "id", "mode", "role", "modules"])
            let beginning = fields.flat.prefix(4).map { $0.bytes?.text }
            #expect(beginning == ["server", server.flavour.rawValue, "version", server.version])
        }
    }

    @Test func `CLIENT SETINFO is known from Redis 7.2 on`() throws {
        try onServer { server throws in
            let reply = try Probe(server).say("CLIENT SETINFO LIB-NAME bulkhead")
            #expect((reply == .simpleString("OK")) == ServerUnderTest.isAtLeast(redis: 7, 2))
        }
    }

    @Test(arguments: [
        ("LMPOP 1 list LEFT", 7, 0), ("EXPIRETIME key", 7, 0), ("FUNCTION LIST", 7, 0), ("SINTERCARD 1 set", 7, 0),
        ("CLIENT NO-TOUCH ON", 7, 2), ("HEXPIRE hash 1 FIELDS 1 field", 7, 4),
    ])
    func `commands are known from their version on`(_ line: String, _ major: Int, _ minor: Int) throws {
        try onServer { server throws in
            let error = try Probe(server).say(line).errorMessage?.text
            let isUnknown = error?.lowercased().hasPrefix("err unknown") ?? false
            // Valkey went its own way after 7.2 and has the times of fields since 9.0.
            let isKnown =
                ServerUnderTest.isAtLeast(redis: major, minor)
                || line.hasPrefix("HEXPIRE") && ServerUnderTest.isAtLeast(valkey: 9, 0)
            #expect(isUnknown == !isKnown, "\(error ?? "no error")")
        }
    }

    @Test func `a wrong password is WRONGPASS everywhere`() throws {
        try onServer(["--requirepass", "sesame"]) { server throws in
            for line in ["AUTH swordfish", "HELLO 3 AUTH default swordfish"] {
                #expect(try say(line, to: server).hasPrefix("-WRONGPASS "))
            }
            #expect(try say("HELLO 3", to: server).hasPrefix("-NOAUTH "))
        }
    }

    @Test func `a password nobody asked for is refused in other words`() throws {
        try onServer { server throws in
            #expect(try say("AUTH sesame", to: server).hasPrefix("-ERR AUTH <password> called without any"))
            // The default user takes any password then.
            #expect(!(try say("HELLO 3 AUTH default sesame", to: server).hasPrefix("-")))
        }
    }

    @Test func `before the login an unknown command is unknown, and on Valkey 9.1 NOAUTH as every other`() throws {
        try onServer(["--requirepass", "sesame", "--rename-command", "HELLO", ""]) { server throws in
            let reply = try say("HELLO 3 AUTH default sesame", to: server)
            #expect(reply.hasPrefix(ServerUnderTest.isAtLeast(valkey: 9, 1) ? "-NOAUTH " : "-ERR unknown command "))
        }
    }

    @Test func `unknown commands are quoted with backticks before 7_0 and apostrophes since`() throws {
        try onServer { server throws in
            let error = try #require(try Probe(server).say("NOSUCH").errorMessage?.text)
            #expect(error.contains(ServerUnderTest.isAtLeast(redis: 7, 0) ? "'NOSUCH'" : "`NOSUCH`"))
        }
    }

    @Test func `before 7_0 a timeout of 0_001 s waits for ever, and of 0_002 s nowhere`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server))
        #expect(await connection.send(command("BLPOP list 0.002")).value == .null)
        async let shortest = connection.send(command("BLPOP list 0.001"))
        if !ServerUnderTest.isAtLeast(redis: 7, 0) {
            let probe = try Probe(server)
            #expect(try await probe.waitForBlocked(1))
            // As long as a hundred such timeouts; who waits for ever still does.
            try await Task.sleep(for: .milliseconds(100))
            #expect(try probe.number("blocked_clients", in: "clients") == 1)
            try probe.say("RPUSH list x")
            #expect(await shortest.value?.elements?.count == 2)
        } else {
            #expect(await shortest.value == .null)
        }
        await connection.close(grace: .zero)
    }

    @Test func `DEBUG is allowed before 7_0 and asks for permission since`() throws {
        try onServer { server throws in
            let reply = try Probe(server).say("DEBUG SLEEP 0")
            #expect((reply == .simpleString("OK")) == !ServerUnderTest.isAtLeast(redis: 7, 0))
        }
        try onServer(ServerUnderTest.debugArguments) { server throws in
            #expect(try Probe(server).say("DEBUG SLEEP 0") == .simpleString("OK"))
        }
    }
}
