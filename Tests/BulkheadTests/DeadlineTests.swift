import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct DeadlineTests {
    /// The error of a command that left before its time was over, which on a busy machine may take several tries.
    private static func late(_ command: (Duration) async throws -> Void) async -> RedisError? {
        for limit in [50, 500, 5_000, 50_000] {
            do {
                try await command(.milliseconds(limit))
                return nil
            } catch let error as RedisError {
                if error.stage == .sent { return error }
            } catch {
                return nil
            }
        }
        return nil
    }

    @Test func `a call that takes too long says what, where and how far, in both forms`() async throws {
        try await withDatabases { databases, server in
            try await databases[.main].set("secret-key", "here")
            #expect(try databases.blocking(.main).ping() == "PONG")
            try server.pause()
            let error = await Self.late { _ = try await databases[.main].within($0).get("secret-key") }
            let other = await Self.late { _ = try databases.blocking(.main).within($0).get("secret-key") }
            server.resume()
            for error in [error, other] {
                #expect(error?.code == .timedOut && error?.isAmbiguous == true)
                #expect(error?.database == .main && error?.command == "GET")
                #expect(error?.description.contains("no reply within") == true)
                #expect(error?.description.contains("secret-key") == false)
            }
            // The late replies were dropped.
            #expect(try await databases[.main].get("secret-key") == "here")
            #expect(try databases.blocking(.main).get("secret-key") == "here")
        }
    }

    @Test func `what blocks has its own time on top of the limit`() async throws {
        try await withDatabases { databases, _ in
            let limited = try databases[.main].within(.seconds(300))
            #expect(try await limited.send("BLPOP", "nothing", "0.2") == .null)
            let short = try databases[.main].within(.milliseconds(1))
            let start = ContinuousClock.now
            // Its own 300 ms are not cut short, whether the last millisecond suffices or not.
            _ = try? await short.send("BLPOP", "nothing", "0.3")
            #expect(ContinuousClock.now - start > .milliseconds(290))
        }
    }

    @Test func `a database without a limit waits as long as it takes`() async throws {
        try await withDatabases(arguments: ServerUnderTest.debugArguments) { databases, _ in
            let reply = try await databases[.main].within(nil).send("DEBUG", "SLEEP", "0.2", as: String.self)
            #expect(reply == "OK")
        }
    }

    /// A call that takes more than one command.
    enum LongCall: CaseIterable, Sendable {
        case script, flush, transaction

        func fails(_ form: Form, within limit: Duration, in databases: RedisDatabases) async -> RedisError? {
            let script = RedisScript<Int>("return 1")
            do throws(RedisError) {
                let (main, blocking) = (try databases[.main].within(limit), try databases.blocking(.main).within(limit))
                switch (self, form) {
                case (.script, .asynchronous): try await main.run(script)
                case (.script, .blocking): try blocking.run(script)
                case (.flush, .asynchronous): try await main.flushdb()
                case (.flush, .blocking): try blocking.flushdb()
                case (.transaction, .asynchronous): try await main.transaction(.get("a"), .get("b"))
                case (.transaction, .blocking): try blocking.transaction(.get("a"), .get("b"))
                }
                return nil
            } catch {
                return error
            }
        }
    }

    @Test(arguments: LongCall.allCases, Form.allCases)
    func `a call that takes several commands has its time once`(_ call: LongCall, _ form: Form) async throws {
        for seconds in [2, 20, 200] {
            // The first command is answered late, and what follows never.
            let followed = Counter()
            let server = ScriptedServer { peer in
                peer.shakeHands()
                while let command = peer.readCommand() {
                    let isFirst = !["EVAL", "FLUSHDB"].contains(command[0]) && followed.value == 0
                    switch command[0] {
                    case "EVAL", "FLUSHDB": followed.next()
                    case "GET": followed.next()
                    case _ where !isFirst: break
                    case "EVALSHA":
                        sleepThread(for: .milliseconds(300))
                        peer.write("-NOSCRIPT No matching script. Please use EVAL.\r\n")
                    case "COMMAND", "EXEC":
                        sleepThread(for: .milliseconds(300))
                        peer.write("*0\r\n")
                    default: peer.write("+OK\r\n")
                    }
                }
            }
            let databases = RedisDatabases(
                testConfiguration(server.path),
                catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, mayBeFlushed: true)]))
            let error = await call.fails(form, within: .seconds(seconds), in: databases)
            await databases.close(grace: .zero)
            server.stop()
            // A busy machine may take long for the first command.
            guard followed.value > 0 else { continue }
            #expect(error?.code == .timedOut && error?.stage == .sent)
            #expect(error?.message.contains("within \(seconds) s") == false, "\(String(describing: error))")
            return
        }
        Issue.record("no second command in 200 s")
    }

    @Test func `a limit holds for the commands of a lease`() async throws {
        try await withDatabases { databases, server in
            try await databases[.main].withConnection { _ = try await $0.ping() }
            try server.pause()
            let error = await Self.late { limit in
                try await databases[.main].within(limit).withConnection { _ = try await $0.ping() }
            }
            server.resume()
            #expect(error?.code == .timedOut && error?.command == "PING")
        }
    }

    @Test func `what blocks waits for a lease no longer than the limit, in both forms`() async throws {
        try await withDatabases(configure: {
            $0.maximumLeases = 1
            $0.leaseTimeout = .seconds(5)
        }) { databases, _ in
            let main = try databases[.main]
            let error = await #expect(throws: RedisError.self) {
                try await main.withConnection { _ in
                    _ = try await main.within(.milliseconds(50)).blpop("queue", timeout: .seconds(300))
                }
            }
            let blocking = try databases.blocking(.main)
            let other = #expect(throws: RedisError.self) {
                try blocking.withConnection { _ in
                    _ = try blocking.within(.milliseconds(50)).blpop("queue", timeout: .seconds(300))
                }
            }
            for error in [error, other] {
                #expect(error?.code == .timedOut && error?.stage == .queued && error?.command == "BLPOP")
                #expect(error?.message.contains("with 1 in the queue, the first for ") == true)
            }
        }
    }

    /// The server pops when its own time is over, seen from when the command came: a client that gave up before would
    /// lose what was popped.
    @Test(.enabled(if: TestTier.isWhole))
    func `what blocks has its whole time from when it leaves, however long it waited before`() async throws {
        let server = ScriptedServer.answering { command in command[0] == "BLPOP" ? nil : "+PONG\r\n" }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.maximumLeases = 1
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        let limit = Duration.seconds(2), time = Duration.milliseconds(100), wait = Duration.milliseconds(500)
        let start = ContinuousClock.now
        let waiting = try await main.withConnection { connection in
            _ = try await connection.ping()
            let waiting = Task { try await main.within(limit).blpop("queue", timeout: time) }
            try await Task.sleep(for: wait)
            return waiting
        }
        let error = await #expect(throws: RedisError.self) { _ = try await waiting.value }
        #expect(error?.code == .timedOut && error?.stage == .sent)
        #expect(ContinuousClock.now - start >= wait + limit + time)

        let blocking = try databases.blocking(.main)
        let again = ContinuousClock.now
        let late = try blocking.withConnection { connection in
            _ = try connection.ping()
            let late = Task { try blocking.within(limit).blpop("queue", timeout: time) }
            sleepThread(for: wait)
            return late
        }
        let other = await #expect(throws: RedisError.self) { _ = try await late.value }
        #expect(other?.code == .timedOut && other?.stage == .sent)
        #expect(ContinuousClock.now - again >= wait + limit + time)
        await databases.close()
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `what blocks has its whole time from when its connection is there`() async throws {
        let server = ScriptedServer { peer in
            sleepThread(for: .milliseconds(500))
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] != "BLPOP" { peer.write("+PONG\r\n") }
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let main = try databases[.main].within(.seconds(2))
        let time = Duration.milliseconds(100), least = Duration.milliseconds(2_600)
        for form in 0..<3 {
            let start = ContinuousClock.now
            let error = await #expect(throws: RedisError.self) {
                switch form {
                case 0: _ = try await main.blpop("queue", timeout: time)
                case 1: _ = try await main.withConnection { try await $0.blpop("queue", timeout: time) }
                default:
                    _ = try await main.withConnection { connection in
                        try await connection.pipeline(.ping(), .blpop("queue", timeout: time)).0
                    }
                }
            }
            #expect(error?.code == .timedOut && error?.stage == .sent)
            #expect(ContinuousClock.now - start >= least)
        }
        await databases.close()
    }

    @Test(arguments: [1, 18])
    func `every time of a configuration may be as long as can be said`(_ factor: Int) async throws {
        let time = Duration.seconds(Int64.max) * factor
        let configure = { (configuration: inout RedisConfiguration) in
            configuration.connectTimeout = time
            configuration.reconnectDelay = time
            configuration.maximumReconnectDelay = time
            configuration.commandTimeout = time
            configuration.spinTime = time
            configuration.leaseTimeout = time
            configuration.keepAliveInterval = time
            configuration.maximumIdleTime = time
            configuration.maximumConnectionAge = time
            configuration.nameLookUpInterval = time
        }
        try await withDatabases(configure: configure) { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            #expect(try await main.set("k", "v"))
            #expect(try await main.pipeline(.get("k"), .ping()).0 == "v")
            #expect(try await main.transaction(.get("k"), .ping()).0 == "v")
            #expect(try await main.withConnection { try await $0.get("k") } == "v")
            #expect(try await main.within(time).blpop("none", timeout: .milliseconds(2)) == nil)
            #expect(try await onThread { try blocking.get("k") } == "v")
            #expect(try await onThread { try blocking.withConnection { try $0.get("k") } } == "v")
            let subscription = try await main.subscribe(to: .channels("news"))
            #expect(try await main.publish("news", "x") == 1)
            withExtendedLifetime(subscription) {}
            if ServerUnderTest.version == .resp3 { #expect(try await main.cached().get("k") == "v") }
        }
    }
}

private func sleepThread(for duration: Duration) {
    Thread.sleep(forTimeInterval: duration / .seconds(1))
}
