import Bulkhead
import BulkheadCommands
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A fence` {
    private func expectRefusal(_ body: () async throws -> Void) async {
        let error = await #expect(throws: RedisError.self) { try await body() }
        #expect(error?.code == .fenceRefused, "\(String(describing: error))")
    }

    @Test func `lets equal and higher numbers write, and refuses lower ones with nothing written`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            func fence(_ number: Int64) -> RedisFence { RedisFence("orders", number: number) }
            // Numbers of sixteen digits are compared exactly.
            let high: Int64 = 1_764_000_000_000_001
            #expect(try await main.run(.incr("total"), behind: fence(high)) == 1)
            #expect(try await main.run(.incr("total"), behind: fence(high)) == 2)
            await expectRefusal { try await main.run(.incr("total"), behind: fence(high - 1)) }
            await expectRefusal { try blocking.run(.incr("total"), behind: fence(high - 1)) }
            #expect(try blocking.run(.incr("total"), behind: fence(high + 1)) == 3)
            await expectRefusal { try await main.run(.incr("total"), behind: fence(high)) }
            #expect(try await main.run(.get("total"), behind: fence(high + 1)) == "3")
            #expect(try await main.ttl("fence:orders") == .noExpiry)
            // Another resource has a number of its own.
            #expect(try await main.run(.incr("total"), behind: RedisFence("others", number: 1)) == 4)
            let leased = try await main.withConnection { connection in
                try await connection.run(.hset("h", ["f": "v"]), behind: fence(high + 2))
            }
            #expect(leased == 1)
        }
    }

    @Test func `lets a batch through in one piece, with an error in its place`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            var batch = RedisBatch()
            batch.append(.set("a", "1"))
            batch.append(.lpush("a", "x"))
            batch.append(.get("none"))
            batch.append(.incr("a"))
            let replies = try await main.pipeline(batch, behind: RedisFence("r", number: 2))
            #expect(replies.count == 4)
            #expect(replies[1].errorMessage != nil && replies[2] == .null && replies[3] == .integer(2))
            await expectRefusal { try await main.pipeline(batch, behind: RedisFence("r", number: 1)) }
            #expect(try await main.get("a") == "2")
            let error = await #expect(throws: RedisError.self) {
                try await main.run(.lpush("a", "x"), behind: RedisFence("r", number: 2))
            }
            #expect(error?.code == .wrongType)
        }
    }

    @Test func `refuses what may not run there before anything is sent`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for command in [RedisCommand<RESPValue>.raw("SELECT", ["1"]), .raw("BLPOP", ["k", "0"])] {
                let error = await #expect(throws: RedisError.self) {
                    try await main.run(command, behind: RedisFence("r", number: 2))
                }
                #expect(error?.code == .commandRefused && error?.isSafeToRetry == true)
            }
            #expect(try await main.exists("fence:r") == 0)
        }
    }

    @Test func `at a replica says so`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await databases.server(of: .main).replicaof("127.0.0.1", port: 1)
            let error = await #expect(throws: RedisError.self) {
                try await main.run(.incr("total"), behind: RedisFence("r", number: 2))
            }
            #expect(error?.code == .readOnly, "\(String(describing: error))")
        }
    }
}
