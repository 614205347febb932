import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

private final class TransactionListener: RedisObserver {
    let events = Mutex<[RedisCommandEvent]>([])

    func commandEnded(_ event: RedisCommandEvent) { events.withLock { $0.append(event) } }
}

/// Both forms, for what must hold of both.
extension Form {
    func run<Replies>(
        _ transaction: RedisTransaction<Replies>, in databases: RedisDatabases
    ) async throws(RedisError) -> Replies {
        switch self {
        case .asynchronous: try await databases[.main].transaction(transaction)
        case .blocking: try databases.blocking(.main).transaction(transaction)
        }
    }

}

@Suite(.timeLimit(.minutes(10))) struct `A transaction` {
    @Test func `returns each command's own type, in both forms`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let (isSet, visits, name, missing) = try await main.transaction(
                .set("name", "alice"), .incr("visits"), .get("name"), .get("missing", as: Int.self))
            #expect(isSet && visits == 1 && name == "alice" && missing == nil)
            let (again, fields) = try databases.blocking(.main).transaction(
                .incr("visits"), .hset("h", ["a": 1, "b": 2, "a": 3]))
            #expect(again == 2 && fields == 2)
            #expect(try await main.hgetall("h") == ["a": "3", "b": "2"])
            let eight = try await main.transaction(
                .incr("n"), .incr("n"), .incr("n"), .incr("n"), .incr("n"), .incr("n"), .incr("n"), .get("n"))
            #expect(eight.0 == 1 && eight.6 == 7 && eight.7 == "7")
        }
    }

    @Test(arguments: Form.allCases)
    func `made at run time gives each command its own result, an error in its place`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.rpush("list", "a")
            let results = try await form.run(
                RedisTransaction([.incr("n"), .incr("list"), .incr("n")]), in: databases)
            #expect(try results[0].get() == 1)
            let failure = #expect(throws: RedisError.self) { try results[1].get() }
            #expect(failure?.code == .wrongType && failure?.command == "INCR" && failure?.database == .main)
            #expect(try results[2].get() == 2)

            var batch = RedisBatch()
            batch.append(.incr("n"))
            batch.append(.del([String]()))  // known without asking: nothing is named
            batch.append(.lpush("n", "x"))
            batch.append(.get("n"))
            let replies = try await form.run(RedisTransaction(batch), in: databases)
            #expect(replies.count == 4 && replies[0] == .integer(3) && replies[1] == .integer(0))
            #expect(replies[2].errorMessage.map { String(decoding: $0, as: UTF8.self) }?.hasPrefix("WRONGTYPE") == true)
            #expect(replies[3].bytes?.text == "3")
        }
    }

    @Test(arguments: Form.allCases)
    func `throws the error of a command that failed when it ran, with its place, and the others stand`(
        form: Form
    ) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.rpush("list", "a")
            let error = await #expect(throws: RedisError.self) {
                try await form.run(RedisTransaction(.incr("a"), .incr("list"), .incr("b")), in: databases)
            }
            #expect(error?.code == .wrongType && error?.command == "INCR" && error?.database == .main)
            #expect(error?.stage == .answered && error?.message.contains("command 2 of 3") == true)
            #expect(try await main.mget("a", "b") == ["1", "1"])
        }
    }

    @Test(arguments: Form.allCases)
    func `of commands of different types gives each its own result where that is asked for`(form: Form) async throws {
        try await withDatabases { databases, _ in
            try await databases[.main].rpush("list", "a")
            let (count, failed, fields) = try await form.run(
                RedisTransaction(results: .incr("a"), .get("list"), .hset("h", ["f": 1, "g": 2])), in: databases)
            #expect(try count.get() == 1)
            #expect(failed.failure?.code == .wrongType && failed.failure?.command == "GET")
            #expect(failed.failure?.message.contains("command 2 of 3") == true)
            #expect(try fields.get() == 2)
            _ = try await form.run(
                RedisTransaction(
                    results: .incr("a"), .incr("a"), .incr("a"), .incr("a"), .incr("a"), .incr("a"), .incr("a"),
                    .incr("a")), in: databases)
            #expect(try await databases[.main].get("a") == "9")
        }
    }

    @Test func `notifies its observer`() async throws {
        let listener = TransactionListener()
        try await withDatabases(configure: { $0.observer = listener }) { databases, _ in
            try await databases[.main].transaction(.incr("a"), .incr("b"))
            let events = listener.events.withLock(\.self)
            #expect(events.map(\.command) == ["MULTI", "MULTI"] && events.map(\.commandCount) == [2, 4])
            #expect(events.allSatisfy { $0.code == nil && $0.stage == .answered })
        }
    }

    @Test(arguments: Form.allCases)
    func `of which the server refuses a command when it is queued runs not at all, and says which it was`(
        form: Form
    ) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            _ = try await form.run(RedisTransaction([.incr("before")]), in: databases)
            #expect(try await main.mget("a", "b") == [nil, nil])
            let connections = try await databases.acceptedConnections()
            let error = await #expect(throws: RedisError.self) {
                try await form.run(
                    RedisTransaction(.incr("a"), .raw("LINDEX", ["only"]), .incr("b")), in: databases)
            }
            #expect(error?.code == .transactionAborted && error?.command == "LINDEX" && error?.database == .main)
            #expect(error?.stage == .answered && error?.message.contains("command 2 of 3") == true)
            #expect(error?.message.contains("wrong number of arguments") == true)
            #expect(try await main.mget("a", "b") == [nil, nil])
            #expect(try await form.run(RedisTransaction([.incr("a")]), in: databases)[0].get() == 1)
            #expect(try await databases.acceptedConnections() == connections, "its connection is lent again")
        }
    }

    @Test(arguments: Form.allCases)
    func `that cannot run atomically is refused before anything is sent`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let refused: [(RedisCommand<RESPValue>, String)] = [
                (.raw("BLPOP", ["queue", "0"]), "BLPOP"), (.raw("SUBSCRIBE", ["news"]), "SUBSCRIBE"),
                (.raw("MULTI", []), "MULTI"), (.raw("EXEC", []), "EXEC"), (.raw("WATCH", ["key"]), "WATCH"),
                (.raw("SELECT", ["1"]), "SELECT"), (.raw("WAIT", ["1", "0"]), "WAIT"),
                (.raw("XREAD", ["BLOCK", "0", "STREAMS", "s", "$"]), "XREAD"),
            ]
            for (command, word) in refused {
                let error = await #expect(throws: RedisError.self) {
                    try await form.run(RedisTransaction(.raw("INCR", ["a"]), command), in: databases)
                }
                #expect(error?.code == .commandRefused && error?.command == word && error?.database == .main)
                #expect(error?.stage == .refused && error?.isSafeToRetry == true)
            }
            let statistics = try await databases[.main].info("commandstats")
            #expect(statistics["cmdstat_multi"] == nil && statistics["cmdstat_incr"] == nil)
        }
    }

    @Test(arguments: Form.allCases)
    func `of nothing is not sent`(form: Form) async throws {
        try await withDatabases { databases, _ in
            #expect(try await form.run(RedisTransaction([RedisCommand<Int>]()), in: databases).isEmpty)
            #expect(try await form.run(RedisTransaction(RedisBatch()), in: databases).isEmpty)
            let (none, nothing) = try await form.run(
                RedisTransaction(.del([String]()), .mget([String]())), in: databases)
            #expect(none == 0 && nothing == [])
            #expect(try await databases[.main].info("commandstats")["cmdstat_multi"] == nil)
        }
    }

    /// Sums that others see half done, or a reply of `QUEUED` in a neighbour's call, would show here.
    @Test func `is seen by others as a whole or not at all, and leaks into no other call of its name`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<50 { try await main.transaction(.incr("a"), .incr("b")) }
                    }
                    group.addTask {
                        for _ in 0..<50 {
                            let (a, b) = try await main.transaction(
                                .get("a", as: Int.self), .get("b", as: Int.self))
                            #expect(a == b)
                        }
                    }
                    group.addTask {
                        for _ in 0..<200 { _ = try await main.incr("alone") }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await main.mget("a", "b", "alone") == ["400", "400", "1600"])
        }
    }

    @Test func `on a lease keeps its watch, and is refused within an open one`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                try await connection.send("WATCH", "key")
                let (count, _) = try await connection.transaction(.incr("key"), .get("key"))
                #expect(count == 1)
                try await connection.send("WATCH", "key")
                try await main.incr("key")
                let conflict = await #expect(throws: RedisError.self) {
                    try await connection.transaction(.incr("key"), .get("key"))
                }
                #expect(conflict?.code == .transactionConflict && conflict?.stage == .answered)
                try await connection.send("MULTI")
                let nested = await #expect(throws: RedisError.self) {
                    try await connection.transaction(.incr("key"), .incr("key"))
                }
                #expect(nested?.code == .commandRefused && nested?.stage == .refused)
                try await connection.send("DISCARD")
                #expect(try await connection.get("key") == "2")
            }
            try databases.blocking(.main).withConnection { connection in
                let (_, key) = try connection.transaction(.incr("key"), .get("key"))
                #expect(key == "3")
            }
        }
    }

    @Test func `is counted with MULTI and EXEC, and with the errors within`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            _ = try await main.transaction([.incr("a"), .incr("b")])
            let before = try #require(databases.metrics()[.main])
            _ = try await main.transaction([.incr("a"), .lpush("a", "x")])
            let after = try #require(databases.metrics()[.main])
            #expect(after.answered - before.answered == 4 && after.errors - before.errors == 1)
        }
    }
}

/// What is denied to a user, or was taken away from the server.
@Suite(.timeLimit(.minutes(10))) struct `A server that refuses transactions` {
    @Test(arguments: Form.allCases)
    func `has none of the commands run, and is asked again when it may permit them`(form: Form) async throws {
        try await withUser("-multi") { databases, admin in
            let error = await #expect(throws: RedisError.self) {
                try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases)
            }
            #expect(error?.code == .noPermission && error?.command == "MULTI" && error?.stage == .answered)
            #expect(try await admin.mget("a", "b") == [nil, nil])
            try await admin.send("ACL", "SETUSER", "app", "+multi")
            #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (1, 1))
        }
    }

    @Test(arguments: Form.allCases)
    func `from some moment on is said to have run the commands one by one`(form: Form) async throws {
        try await withUser { databases, admin in
            _ = try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases)
            try await admin.send("ACL", "SETUSER", "app", "-multi")
            let error = await #expect(throws: RedisError.self) {
                try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases)
            }
            #expect(error?.code == .noPermission && error?.command == "MULTI")
            #expect(error?.message.contains("ran one by one") == true)
        }
    }

    @Test(arguments: Form.allCases)
    func `of one command names it, and runs none`(form: Form) async throws {
        try await withUser("-incr") { databases, admin in
            let error = await #expect(throws: RedisError.self) {
                try await form.run(RedisTransaction(.set("a", "1"), .incr("b")), in: databases)
            }
            #expect(error?.code == .transactionAborted && error?.command == "INCR")
            #expect(error?.message.contains("NOPERM") == true)
            let written = try await admin.get("a")
            #expect(written == nil)
        }
    }

    /// It would go on queueing what comes next.
    @Test(arguments: Form.allCases)
    func `at their end only gets no other caller on that connection`(form: Form) async throws {
        try await withDatabases(
            arguments: ["--rename-command", "EXEC", "NOEXEC"], configure: { $0.maximumLeases = 1 }
        ) { databases, _ in
            let error = await #expect(throws: RedisError.self) {
                try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases)
            }
            #expect(error?.code == .serverError && error?.command == "EXEC")
            let main = try databases[.main]
            #expect(try await main.withConnection { try await $0.incr("a") } == 1)
            #expect(try databases.blocking(.main).incr("a") == 2)
        }
    }
}
