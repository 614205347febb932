import Bulkhead
import RedisTestServer
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct DeadlineTests {
    /// The error of a command that left before its time was over, which on a busy machine takes patience.
    private static func late(_ command: (Duration) async throws -> Void) async -> RedisError? {
        for patience in [50, 500, 5_000, 50_000] {
            do {
                try await command(.milliseconds(patience))
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
}
