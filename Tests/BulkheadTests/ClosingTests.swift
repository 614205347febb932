import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The error of `body`, as its code; nil if there was none.
private func code(of body: () async throws(RedisError) -> Void) async -> RedisError.Code? {
    do throws(RedisError) {
        try await body()
        return nil
    } catch {
        return error.code
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Closing` {
    /// Databases to be closed, and others that look on from outside.
    private func withTwo(_ body: (RedisDatabases, _ other: RedisDatabases) async throws -> Void) async throws {
        try await withServer { server in
            let other = RedisDatabases(testConfiguration(server))
            try await body(RedisDatabases(testConfiguration(server)), other)
            await other.close()
        }
    }

    @Test func `refuses on both sides at once, and lets what is under way finish on both`() async throws {
        try await withTwo { databases, other in
            let outside = try other[.main]
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            async let popped = onThread { try? blocking.blpop("first", timeout: .seconds(300))?.value }
            async let taken = main.blpop("second", timeout: .seconds(300))?.value
            #expect(try await eventually { try await outside.info("clients")["blocked_clients"] == "2" })
            async let closed: Void = databases.close(grace: .seconds(300))
            #expect(await eventually { await code { () throws(RedisError) in _ = try blocking.ping() } == .closed })
            #expect(await eventually { await code { () throws(RedisError) in _ = try await main.ping() } == .closed })
            // Both are under way still.
            #expect(try await outside.info("clients")["blocked_clients"] == "2")
            try await outside.rpush("first", "one")
            #expect(await popped == "one")
            try await outside.rpush("second", "two")
            #expect(try await taken == "two")
            await closed
        }
    }

    @Test func `ends what is under way on both sides when the grace is over`() async throws {
        try await withTwo { databases, other in
            let outside = try other[.main]
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            async let interrupted = onThread { () -> RedisError.Code? in
                do throws(RedisError) {
                    _ = try blocking.blpop("first", timeout: .seconds(300))
                    return nil
                } catch {
                    return error.code
                }
            }
            async let ended = code { () throws(RedisError) in
                _ = try await main.blpop("second", timeout: .seconds(300))
            }
            #expect(try await eventually { try await outside.info("clients")["blocked_clients"] == "2" })
            await databases.close(grace: .milliseconds(20))
            #expect(await interrupted == .closed)
            #expect(await ended == .closed)
        }
    }

    @Test func `by a program without concurrency has one grace for all names together`() async throws {
        try await withTwo { databases, other in
            let outside = try other[.main]
            let names: [DatabaseName] = [.main, .knowledge, .prompts]
            let waiting = try names.map { name in
                let database = try databases.blocking(name)
                return Task { await onThread { try? database.blpop("queue", timeout: .seconds(300))?.value } }
            }
            #expect(try await eventually { try await outside.info("clients")["blocked_clients"] == "3" })
            let closing = Task { await onThread { databases.closeBlocking(grace: .seconds(300)) } }
            for name in names {
                let database = try databases.blocking(name)
                #expect(await eventually { await code { () throws(RedisError) in _ = try database.ping() } == .closed })
            }
            for name in names { try await other[name].rpush("queue", "kept") }
            for task in waiting { #expect(await task.value == "kept") }
            await closing.value
        }
    }
}
