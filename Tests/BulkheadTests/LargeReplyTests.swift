import Bulkhead
import BulkheadTestServer
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A large reply` {
    /// Short commands that were answered while `large` ran, and what it returned.
    private func count<Value: Sendable>(
        of short: RedisDatabase, during large: @escaping @Sendable () async throws -> Value
    ) async throws -> (answered: Int, Value) {
        let isOver = Mutex(false)
        let task = Task {
            defer { isOver.withLock { $0 = true } }
            return try await large()
        }
        var answered = 0
        while !isOver.withLock(\.self) {
            #expect(try await short.get("short") == "1")
            answered += 1
        }
        return (answered, try await task.value)
    }

    @Test func `of 50 MB lets short commands pass, in another database and in its own`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let knowledge = try databases[.knowledge]
            try await main.set("short", "1")
            let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
            for database in [main, knowledge] {
                for _ in 0..<50 { try await database.rpush("large", megabyte) }
            }
            for database in [main, knowledge] {
                let (answered, elements) = try await count(of: main) {
                    try await database.lrange("large", from: 0, through: -1, as: RESPBytes.self)
                }
                #expect(elements.count == 50 && elements.allSatisfy { $0.count == 1 << 20 })
                // One that had to wait for the large reply would be alone.
                #expect(answered > 5)
            }
        }
    }

    @Test func `of 200 MB is read whole, and every other lane and database goes on`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let knowledge = try databases[.knowledge]
            try await main.set("short", "1")
            try await knowledge.send("SETRANGE", "large", (200 << 20) - 1, "x", as: Int.self)
            let (answered, large) = try await count(of: main) { try await knowledge.get("large", as: RESPBytes.self) }
            #expect(large?.count == 200 << 20 && large?.last == UInt8(ascii: "x"))
            #expect(answered > 5)
            #expect(try await knowledge.get("nothing") == nil)
        }
    }

    @Test(arguments: 0..<2) func `past the server's output buffer is an error, and the next command has a connection`(
        way: Int
    ) async throws {
        let arguments = ["--client-output-buffer-limit", "normal", "1mb", "0", "0"]
        try await withDatabases(arguments: arguments) { databases, _ in
            let main = try databases[.main]
            // Elements of a list: of a large string Valkey 9 sends the value itself, and counts nothing.
            let element = [UInt8](repeating: 0x61, count: 1 << 20)
            for _ in 0..<50 { try await main.rpush("large", element) }
            try await main.set("short", "1")
            let blocking = try databases.blocking(.main)
            let error = await #expect(throws: RedisError.self) {
                _ =
                    way == 0
                    ? try await main.lrange("large", from: 0, through: -1, as: RESPBytes.self)
                    : try blocking.lrange("large", from: 0, through: -1, as: RESPBytes.self)
            }
            #expect(error?.code == .connectionClosed && error?.isAmbiguous == true)
            #expect(try await main.get("short") == "1")
            #expect(try blocking.get("short") == "1")
        }
    }
}
