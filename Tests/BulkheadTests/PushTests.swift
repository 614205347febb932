import Bulkhead
import BulkheadTestSupport
import Testing

@Suite struct `A lease that subscribes` {
    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `is answered PONG by ping, in both forms and in a pipeline`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            try await databases[.main].withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                #expect(try await connection.ping() == "PONG")
                let (first, second) = try await connection.pipeline(.ping(), .ping())
                #expect(first == "PONG" && second == "PONG")
            }
            try databases.blocking(.main).withConnection { connection in
                try connection.send("SUBSCRIBE", "news")
                #expect(try connection.ping() == "PONG")
            }
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `ends all its subscriptions without naming them`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            try await databases[.main].withConnection { connection in
                try await connection.send("SUBSCRIBE", "a", "b", "c")
                try await connection.send("PSUBSCRIBE", "n*")
                #expect(try await connection.send("UNSUBSCRIBE").elements?.count == 3)
                #expect(try await connection.send("UNSUBSCRIBE").elements?.count == 1)
                #expect(try await connection.send("PUNSUBSCRIBE").elements?.count == 1)
                try await connection.set("key", 1)
                #expect(try await connection.get("key") == "1")
            }
        }
    }

    @Test func `and loses its connection learns that messages may be missed, and not that nothing was sent`()
        async throws
    {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                try await main.send("CLIENT", "KILL", "TYPE", "pubsub")
                var pushes = connection.pushes.makeAsyncIterator()
                do throws(RedisError) {
                    while try await pushes.next(isolation: nil) != nil {}
                    Issue.record("a lost connection ends its messages without an error")
                } catch {
                    try expectMissed(error)
                }
            }
            try databases.blocking(.main).withConnection { connection in
                try connection.send("SUBSCRIBE", "news")
                try databases.blocking(.main).send("CLIENT", "KILL", "TYPE", "pubsub")
                for _ in 0..<2 {
                    let error = #expect(throws: RedisError.self) { try connection.nextPush(timeout: .seconds(60)) }
                    try expectMissed(#require(error))
                }
            }
        }
    }

    private func expectMissed(_ error: RedisError) throws {
        #expect(error.code == .connectionClosed)
        #expect(error.stage == .sent && !error.isSafeToRetry)
        #expect(error.message.contains("messages may be missed"))
        #expect(error.database == .main)
    }
}
