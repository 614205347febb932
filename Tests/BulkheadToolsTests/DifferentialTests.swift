import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Two servers that are sent the same random commands.
@Suite(.enabled(if: TestTier.hasTime)) struct DifferentialTests {
    @Test func `two servers of one version answer 20000 commands alike, and hold the same`() throws {
        try withPair { left, right, options in
            var options = options
            options.commands = 20_000
            let report = try DifferentialRun(left, right, options).run()
            #expect(report.new.isEmpty, "\(Self.scripts(report))")
            #expect(report.known.isEmpty && report.wordings.isEmpty)
            #expect(report.commands >= 20_000)
            #expect(report.wholeStates == report.sequences)
            #expect(report.forms > 150)
        }
    }

    @Test(.enabled(if: TestTier.isWhole), arguments: ["STRLEN", "ZCARD", "EXEC", "HGET"])
    func `a server that answers one command wrongly is found out by that command`(command: String) throws {
        try withPair { left, _, options in
            let server = try RedisTestServer.start()
            defer { server.stop() }
            let proxy = LyingProxy(to: server.socketPath, Lie(command: command, alteration: .type))
            defer { proxy.stop() }
            var options = options
            options.commands = 8_000
            let report = try DifferentialRun(left, ConformanceTarget(unixSocket: proxy.path), options).run()
            #expect(!report.new.isEmpty)
            for kind in report.new {
                #expect(kind.kind.hasPrefix("\(command): "), "\(Self.scripts(report))")
                // HELLO and SELECT, what brings it about, and what each server said.
                #expect((5...11).contains(kind.script.count), "\(kind.script)")
                #expect(kind.isRepeatable)
                #expect(kind.script.contains { $0.hasPrefix(command) }, "\(kind.script)")
            }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a difference that several commands bring about is shrunk to these`() throws {
        // With nodes of one entry, MAXLEN ~ removes what it would keep otherwise.
        let server = try RedisTestServer.start(
            RedisTestServer.Options(arguments: ["--stream-node-max-entries", "1"]))
        defer { server.stop() }
        try withPair { left, _, options in
            var options = options
            options.commands = 30_000
            let report = try DifferentialRun(left, ConformanceTarget(unixSocket: server.socketPath), options).run()
            #expect(!report.new.isEmpty)
            for kind in report.new {
                let commands = kind.script.filter { !$0.hasPrefix("#") }
                #expect(commands.contains { $0.hasPrefix("XADD") }, "\(commands)")
                #expect(commands.contains { $0.hasPrefix("XTRIM") }, "\(commands)")
                #expect(commands.count <= 8, "\(commands)")
            }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `what was found can be pasted into redis-cli and shows the difference again`() throws {
        let server = try RedisTestServer.start(
            RedisTestServer.Options(arguments: ["--stream-node-max-entries", "1"]))
        defer { server.stop() }
        let plain = try RedisTestServer.start()
        defer { plain.stop() }
        var options = DifferentialOptions()
        options.commands = 30_000
        let report = try DifferentialRun(
            ConformanceTarget(unixSocket: plain.socketPath), ConformanceTarget(unixSocket: server.socketPath), options
        ).run()
        let script = try #require(report.new.first?.script)
        // Inline commands take the words that redis-cli takes.
        let lines = script.filter { !$0.hasPrefix("#") }.joined(separator: "\r\n")
        #expect(try say(lines, to: plain) != say(lines, to: server), "\(script)")
    }

    @Test func `a database that holds keys is refused, and flushed only where that was allowed`() throws {
        let servers = [try RedisTestServer.start(), try RedisTestServer.start()]
        defer { for server in servers { server.stop() } }
        #expect(try say("SELECT 14\r\nSET mine x\r\nSELECT 0\r\nSET other y", to: servers[1]).contains("+OK"))
        let targets = servers.map { ConformanceTarget(unixSocket: $0.socketPath) }
        var options = DifferentialOptions()
        options.commands = 2_000
        let refusal = #expect(throws: ConformanceError.self) {
            _ = try DifferentialRun(targets[0], targets[1], options)
        }
        #expect(refusal?.description.contains("database 14 holds keys") ?? false)
        #expect(try say("SELECT 14\r\nGET mine", to: servers[1]).contains("$1\r\nx"))
        options.allowsDestructive = true
        #expect(try DifferentialRun(targets[0], targets[1], options).run().new.isEmpty)
        for server in servers { #expect(try !say("INFO keyspace", to: server).contains("db1")) }
        #expect(try say("GET other", to: servers[1]).contains("$1\r\ny"))
    }

    @Test func `two names of one server are refused`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let target = ConformanceTarget(unixSocket: server.socketPath)
        let run = try DifferentialRun(target, target, DifferentialOptions())
        let error = #expect(throws: ConformanceError.self) { _ = try run.run() }
        #expect(error?.description == "both addresses are of one server")
    }

    @Test func `a server that closes the connection ends the run with the number of the sequence`() throws {
        try withPair { left, _, options in
            let server = try RedisTestServer.start()
            defer { server.stop() }
            var options = options
            options.commands = 40_000
            let run = try DifferentialRun(left, ConformanceTarget(unixSocket: server.socketPath), options)
            let error = #expect(throws: ConformanceError.self) { _ = try run.run { _ in server.stop() } }
            let words = error?.description ?? ""
            #expect(words.contains("closed the connection, in sequence 1 of seed 1"), "\(words)")
        }
    }

    @Test func `the same seed sends the same`() throws {
        try withPair { left, right, options in
            var options = options
            options.commands = 4_000
            options.seed = 7
            let reports = try (0..<2).map { _ in try DifferentialRun(left, right, options).run() }
            #expect(reports[0].commands == reports[1].commands)
            #expect(reports[0].seed == 7)
        }
    }

    private static func scripts(_ report: DifferentialReport) -> String {
        report.new.map { "\($0.kind)\n\($0.script.joined(separator: "\n"))" }.joined(separator: "\n")
    }
}

/// Two servers of the version under test.
private func withPair(
    _ body: (ConformanceTarget, ConformanceTarget, DifferentialOptions) throws -> Void
) throws {
    let servers = [try RedisTestServer.start(), try RedisTestServer.start()]
    defer { for server in servers { server.stop() } }
    try body(
        ConformanceTarget(unixSocket: servers[0].socketPath), ConformanceTarget(unixSocket: servers[1].socketPath),
        DifferentialOptions())
}
