import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import BulkheadTools
import Foundation
import Testing

/// The cases, on the server under test. A real server that fails one shows that the case is wrong, or the versions that
/// it says it is for.
@Suite(.enabled(if: TestTier.hasTime)) struct ConformanceTests {
    @Test func `the server under test passes every case that is for its version, and is left as it was`() throws {
        try withConformanceServer { target, options, server in
            let before = try Self.state(of: server)
            let chapters = try ConformanceChapter.own()
            let report = try ConformanceRun(target, options, chapters: chapters).run()
            for failure in report.failures {
                Issue.record("\(failure.id) RESP\(failure.resp): \(failure.reason ?? "")")
            }
            #expect(report.count(.pass) > 1_000)
            // What there is to clean up differs from version to version.
            #expect(try Self.state(of: server) == before)
            // Only a version or a missing module may keep a case from being run.
            for result in report.results where result.outcome == .notOffered {
                let reason = result.reason ?? ""
                let isExpected = ["it is about other versions", "the server has no ", "it is about a primary of"]
                    .contains { reason.hasPrefix($0) }
                #expect(isExpected, "\(result.id): \(reason)")
            }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a run without destructive cases leaves keys, users and settings as they were`() throws {
        try withConformanceServer { target, options, server in
            var options = options
            options.allowsDestructive = false
            let before = try Self.state(of: server)
            let report = try ConformanceRun(target, options, chapters: try ConformanceChapter.own()).run()
            #expect(report.results.contains { $0.reason?.hasPrefix("it is destructive") ?? false })
            #expect(try Self.state(of: server) == before)
        }
    }

    @Test func `cases that need empty databases are not offered where there are keys`() throws {
        try withConformanceServer { target, options, server in
            let chapter = try ConformanceChapter(
                named: "x", "title x\nsource y\ncase a: It is alone.\n alone\n > DBSIZE => :0")
            let run = ConformanceRun(target, options, chapters: [chapter])
            #expect(try run.run().count(.pass) == 2)
            let foreign = try say("SELECT 14\r\nSET foreign x", to: server)
            #expect(foreign.contains("+OK"))
            let report = try run.run()
            #expect(report.count(.notOffered) == 2)
            #expect(report.results.first?.reason == "it needs empty databases, and 14 has keys")
        }
    }

    @Test func `a case that a server does not fulfil fails and shows what was sent and received`() throws {
        try withConformanceServer { target, options, _ in
            let text = """
                title x
                source y
                case a: GET answers another value.
                  > SET {k} v => +OK
                  > GET {k} => "w"
                case b: More comes than is expected, and late.
                  > ECHO first => "first"
                  > PING
                case c: Nothing comes.
                  < +PONG
                """
            var options = options
            options.timeLimit = .milliseconds(200)
            let chapter = try ConformanceChapter(named: "x", text)
            let report = try ConformanceRun(target, options, chapters: [chapter]).run()
            #expect(report.count(.fail) == 6)
            #expect(report.results[0].reason == #"line 5, > GET {k} => "w": the reply is "v""#)
            #expect(report.results[0].messages.last?.bytes == #"$1\r\nv\r\n"#)
            #expect(report.results[2].reason?.hasPrefix("more came on connection a") ?? false)
            #expect(report.results[4].reason == "line 10, < +PONG: no whole reply came in time")
        }
    }

    @Test func `each case has key names of its own in each protocol`() throws {
        try withConformanceServer { target, options, _ in
            let text = """
                title x
                source y
                case a: Writes and looks.
                  > SET {k} v NX => +OK
                case b: Writes and looks as well.
                  > SET {k} v NX => +OK
                """
            let chapter = try ConformanceChapter(named: "x", text)
            let report = try ConformanceRun(target, options, chapters: [chapter]).run()
            #expect(report.count(.pass) == 4)
            #expect(Set(report.results.map { $0.messages.first?.bytes }).count == 4)
        }
    }

    @Test func `a server that does not show who is blocked is not accused`() throws {
        try withConformanceServer { _, options, server in
            let proxy = LyingProxy(to: server.socketPath, Lie(command: "CLIENT", alteration: .content))
            defer { proxy.stop() }
            let text = """
                title x
                source y
                case served: The element comes.
                  b> BLPOP {l} 0
                  b blocked
                  > RPUSH {l} a => :1
                  b< ["{l}" "a"]
                case wrong: The length is wrong.
                  b> BLPOP {l} 0
                  b blocked
                  > RPUSH {l} a => :2
                """
            var options = options
            options.timeLimit = .seconds(2)
            let chapter = try ConformanceChapter(named: "x", text)
            let target = ConformanceTarget(unixSocket: proxy.path)
            let report = try ConformanceRun(target, options, chapters: [chapter]).run()
            let wrong = report.results.filter { $0.id == "x/wrong" }
            #expect(wrong.allSatisfy { $0.outcome == .notOffered })
            #expect(wrong.allSatisfy { $0.reason?.hasPrefix("CLIENT LIST does not show who is blocked") ?? false })
            #expect(report.count(.fail) == 0)
        }
    }

    @Test func `a case that breaks the server is the only one that fails`() throws {
        try withConformanceServer { target, options, _ in
            let text = """
                title x
                source y
                case breaks: It shuts down all logins.
                  last
                  > CONFIG SET requirepass x => +PONG
                case before: It stands behind and runs before.
                  > PING => +PONG
                case after: It is not run.
                  last
                  > PING => +PONG
                """
            let chapter = try ConformanceChapter(named: "x", text)
            let report = try ConformanceRun(target, options, chapters: [chapter]).run()
            #expect(
                report.results.map(\.id)
                    == ["breaks", "breaks", "before", "before", "after", "after"].map { "x/" + $0 })
            #expect(report.results.map(\.outcome) == [.fail, .notOffered, .pass, .pass, .notOffered, .notOffered])
            #expect(report.results.last?.reason == "the server has served no new connection since x/breaks")
        }
    }

    /// What a run might leave behind: keys, users, settings.
    private static func state(of server: RedisTestServer) throws -> [String] {
        try [
            "INFO keyspace", "ACL LIST", "CONFIG GET maxmemory*", "CONFIG GET notify-keyspace-events",
            "CONFIG GET *-max-*", "PUBSUB CHANNELS",
        ].map { try say($0, to: server) }
    }
}

/// A private server with what all cases need.
func withConformanceServer(
    _ body: (ConformanceTarget, ConformanceOptions, RedisTestServer) throws -> Void
) throws {
    let server = try RedisTestServer.start(RedisTestServer.Options(arguments: ServerUnderTest.debugArguments))
    defer { server.stop() }
    var options = ConformanceOptions()
    options.allowsDestructive = true
    options.timeLimit = .seconds(60)
    try body(ConformanceTarget(unixSocket: server.socketPath), options, server)
}
