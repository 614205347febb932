import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `Faults on purpose` {
    @Test(arguments: [RedisTestServer.Listening.unixSocket, .tcp])
    func `a killed server comes back on the same address, with the data it saved`(
        _ listening: RedisTestServer.Listening
    ) throws {
        let arguments = ["--appendonly", "yes", "--appendfsync", "always"]
        try RedisTestServer.withServer(.init(listening: listening, arguments: arguments)) { server throws in
            let before = (server.url, try #require(server.processIdentifier))
            _ = try say("SET kept yes", to: server)
            server.kill()
            #expect(server.processIdentifier == nil && !isAlive(before.1))
            #expect(throws: NotConnected.self) { try say("PING", to: server) }
            #expect(exists(server.folder))
            try server.restart()
            #expect(server.url == before.0)
            #expect(server.processIdentifier != before.1)
            #expect(try say("GET kept", to: server, overTCP: listening == .tcp) == "$3\r\nyes\r\n")
        }
    }

    @Test func `a running server is restarted too, and an empty one comes back empty`() throws {
        try RedisTestServer.withServer { server throws in
            let before = server.processIdentifier
            _ = try say("SET lost yes", to: server)
            try server.restart()
            #expect(server.processIdentifier != before)
            #expect(try say("DBSIZE", to: server) == ":0\r\n")
        }
    }

    @Test(arguments: [[], ["--requirepass", "secret"]])
    func `a restart lets the server save what it was configured to save`(_ password: [String]) throws {
        try RedisTestServer.withServer(.init(arguments: ["--save", "3600", "1"] + password)) { server throws in
            let login = password.isEmpty ? "" : "AUTH secret\r\n"
            _ = try say(login + "SET saved yes", to: server)
            try server.restart()
            #expect(try say(login + "GET saved", to: server).hasSuffix("$3\r\nyes\r\n"))
        }
    }

    @Test func `a server that ends by itself is noticed, and can be restarted`() async throws {
        let server = try RedisTestServer.start()
        #expect(try say("SHUTDOWN NOSAVE", to: server) == "")
        try await eventually { !server.isRunning }
        server.kill()
        try server.restart()
        #expect(try say("PING", to: server) == "+PONG\r\n")
    }

    @Test func `a restart that fails says why, and may be tried again`() async throws {
        try await withFolder { folder in
            let file = folder + "/redis.conf"
            try "".write(toFile: file, atomically: true, encoding: .utf8)
            let server = try RedisTestServer.start(.init(arguments: [file]))
            try "nonsense 1\n".write(toFile: file, atomically: true, encoding: .utf8)
            let error = try #require(throws: RedisTestServerError.self) { try server.restart() }
            #expect(error.code == .endedAtStart && error.message.contains("nonsense"))
            #expect(!server.isRunning)
            try "".write(toFile: file, atomically: true, encoding: .utf8)
            try server.restart()
            #expect(try say("PING", to: server) == "+PONG\r\n")
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a restart whose port was taken meanwhile says so, and works once it is free`() throws {
        let server = try RedisTestServer.start(.init(listening: .tcp, startTimeout: .seconds(5)))
        let port = try #require(server.port)
        server.kill()
        let squatter = try Listener(port: port)
        let error = try #require(throws: RedisTestServerError.self) { try server.restart() }
        #expect(error.code == .portTaken && error.message.contains("Address already in use"))
        squatter.stop()
        try server.restart()
        #expect(server.port == port)
        #expect(try say("PING", to: server, overTCP: true) == "+PONG\r\n")
    }

    @Test func `a paused server accepts and stays silent until it is resumed`() async throws {
        let server = try RedisTestServer.start()
        try server.pause()
        #expect(server.isRunning)
        async let reply = Task.detached { try say("PING", to: server) }.value
        try await eventually { processState(of: server) == "T" }
        server.resume()
        #expect(try await reply == "+PONG\r\n")
    }

    @Test func `what a stopped server cannot do is refused`() throws {
        let server = try RedisTestServer.start()
        server.stop()
        #expect(try #require(throws: RedisTestServerError.self) { try server.restart() }.code == .notRunning)
        #expect(try #require(throws: RedisTestServerError.self) { try server.pause() }.code == .notRunning)
        server.kill()
        server.resume()
    }

    @Test func `the log can be read while it runs and after it has stopped`() throws {
        let server = try RedisTestServer.start()
        #expect(server.log.contains("Ready to accept connections") || server.log.contains("ready to accept"))
        server.stop()
        #expect(server.log.contains("bye bye"))
    }

    /// The letter of the process's state where /proc shows it; T, for stopped, elsewhere.
    private func processState(of server: RedisTestServer) -> Character? {
        guard let process = server.processIdentifier,
            let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        else { return "T" }
        return line.split(separator: ")").last?.dropFirst().first
    }
}
