import Bulkhead
import BulkheadTestServer
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A typed command in an open transaction` {
    private static func expectRefusal(_ error: RedisError?, of command: String) {
        #expect(error?.code == .commandRefused && error?.stage == .refused && error?.isSafeToRetry == true)
        #expect(error?.command == command && error?.database == .main)
        #expect(error?.message.contains(".raw") == true && error?.message.contains("EXEC") == true)
    }

    @Test func `is refused in a pipeline before anything is sent, so that nothing is sold twice`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("stock", 5)
            let error = await #expect(throws: RedisError.self) {
                try await main.withConnection { connection in
                    _ = try await connection.pipeline(
                        .raw("MULTI", []), .decr("stock"), .raw("EXEC", []) as RedisCommand<RESPValue>)
                }
            }
            Self.expectRefusal(error, of: "DECR")
            let again = await #expect(throws: RedisError.self) {
                try await main.withConnection { connection in
                    _ = try await connection.pipeline([
                        .raw("MULTI", [], as: String.self), .raw("DECR", ["stock"], as: String.self),
                        .raw("EXEC", [], as: String.self),
                    ])
                }
            }
            Self.expectRefusal(again, of: "DECR")
            let blocking = #expect(throws: RedisError.self) {
                try databases.blocking(.main).withConnection { connection in
                    _ = try connection.pipeline(.raw("MULTI", []), .decr("stock"), .raw("EXEC", []))
                }
            }
            Self.expectRefusal(blocking, of: "DECR")
            #expect(try await main.get("stock") == "5")
        }
    }

    @Test func `is refused where MULTI was sent before, in whatever way`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("stock", 5)
            for way in 0..<2 {
                try await main.withConnection { connection in
                    if way == 0 {
                        try await connection.send("MULTI")
                    } else {
                        _ = try await connection.pipeline(.raw("MULTI", []), .raw("DECR", ["stock"]))
                    }
                    let alone = await #expect(throws: RedisError.self) { try await connection.decr("stock") }
                    Self.expectRefusal(alone, of: "DECR")
                    let several = await #expect(throws: RedisError.self) {
                        try await connection.pipeline(.raw("DECR", ["stock"]), .get("stock"))
                    }
                    Self.expectRefusal(several, of: "GET")
                    let sold = try await connection.send("EXEC", as: [Int].self)
                    #expect(sold == (way == 0 ? [] : [4]))
                    #expect(try await connection.get("stock", as: Int.self) == 5 - way)
                }
                try databases.blocking(.main).withConnection { connection in
                    try connection.send("MULTI")
                    let alone = #expect(throws: RedisError.self) { try connection.decr("stock") }
                    Self.expectRefusal(alone, of: "DECR")
                    #expect(try connection.send("DISCARD", as: String.self) == "OK")
                    #expect(try connection.get("stock", as: Int.self) == 5 - way)
                }
            }
        }
    }

    @Test func `is taken before and behind it, and raw ones within`() async throws {
        try await withDatabases { databases, _ in
            try await databases[.main].withConnection { connection in
                let (first, _, queued, result, last) = try await connection.pipeline(
                    .incr("a"), .raw("MULTI", []), .raw("INCR", ["a"]), .raw("EXEC", [], as: [Int].self), .incr("a"))
                #expect(first == 1 && queued == .simpleString("QUEUED") && result == [2] && last == 3)
                // What a batch brings back is raw whatever made its commands.
                var batch = RedisBatch()
                batch.append(RedisCommand<String>.raw("MULTI", [], as: String.self))
                batch.append(.incr("a"))
                batch.append(RedisCommand<RESPValue>.raw("EXEC", []))
                #expect(try await connection.pipeline(batch).last == .array([.integer(4)]))
            }
        }
    }

    /// What ends without a success ends all the same, and what never began is not there.
    @Test func `is taken again when the server gave the transaction up, or refused to begin it`() async throws {
        try await withUser { databases, admin in
            try await databases[.main].withConnection { connection in
                try await connection.send("MULTI")
                _ = try? await connection.send("NO.SUCH.COMMAND")
                let error = await #expect(throws: RedisError.self) { try await connection.send("EXEC") }
                #expect(error?.code == .transactionAborted)
                #expect(try await connection.incr("a") == 1)
                try await connection.send("WATCH", "b")
                try await admin.set("b", 1)
                #expect(try await connection.pipeline(.raw("MULTI", []), .raw("EXEC", [])).1 == .null)
                #expect(try await connection.incr("a") == 2)
                try await admin.send("ACL", "SETUSER", "app", "-multi")
                await #expect(throws: RedisError.self) { try await connection.send("MULTI") }
                #expect(try await connection.incr("a") == 3)
            }
        }
    }
}
