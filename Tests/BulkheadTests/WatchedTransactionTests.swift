@testable import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

private struct Foreign: Error {}

@Suite(.timeLimit(.minutes(10))) struct `A transaction that watches keys` {
    @Test func `begins anew when another client changed one, and then writes`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("stock", 5)
            let runs = Counter()
            let left = try await main.transaction(watching: ["stock"]) { reads async throws(RedisError) in
                let left = try await reads.get("stock", as: Int.self) ?? 0
                if runs.next() == 1 { try await main.set("stock", 3) }
                return RedisTransaction(.decrby("stock", by: 1), .set("seen", left))
            }
            #expect(left?.0 == 2 && runs.value == 2)
            #expect(try await main.mget("stock", "seen") == ["2", "3"])

            let blocking = try databases.blocking(.main)
            let again = try blocking.transaction(watching: ["stock"]) { reads throws(RedisError) in
                let left = try reads.get("stock", as: Int.self) ?? 0
                if runs.next() == 3 { try blocking.set("stock", 9) }
                return RedisTransaction(.set("stock", left - 1))
            }
            #expect(again == true && runs.value == 4)
            #expect(try await main.get("stock") == "8")
        }
    }

    @Test func `gives up after its attempts with nothing written, and says so`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let runs = Counter()
            let error = await #expect(throws: RedisError.self) {
                try await main.transaction(watching: ["stock"], attempts: 3) { _ async throws(RedisError) in
                    runs.next()
                    try await main.incr("stock")
                    return RedisTransaction(.set("written", 1))
                }
            }
            #expect(error?.code == .transactionConflict && error?.stage == .answered && error?.database == .main)
            #expect(error?.message.contains("3 attempts") == true && runs.value == 3)
            let other = #expect(throws: RedisError.self) {
                try blocking.transaction(watching: ["stock"], attempts: 2) { _ throws(RedisError) in
                    runs.next()
                    try blocking.incr("stock")
                    return RedisTransaction(.set("written", 1))
                }
            }
            #expect(other?.code == .transactionConflict && runs.value == 5)
            #expect(try await main.mget("stock", "written") == ["5", nil])
        }
    }

    @Test func `loses no update of many who change one key at once`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        for _ in 0..<5 {
                            _ = try await main.transaction(watching: ["n"], attempts: 10_000) {
                                reads async throws(RedisError) in
                                RedisTransaction(.set("n", try await reads.get("n", as: Int.self).map { $0 + 1 } ?? 1))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await main.get("n") == "100")
        }
    }

    /// With one lease the next caller has the connection of the last, if it is lent again.
    @Test(arguments: 0..<6) func `leaves no watch behind, however it ends`(end: Int) async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            _ = try await main.transaction([.incr("n")])
            let connections = try await databases.acceptedConnections()
            let task = Task {
                let replies = try await main.transaction(watching: ["key"], attempts: 1) {
                    reads async throws -> RedisTransaction<Int>? in
                    switch end {
                    case 0: return RedisTransaction(.incr("n"))
                    case 1: return nil
                    case 2: throw Foreign()
                    case 3:
                        _ = try await reads.send("NO.SUCH.COMMAND")
                        return nil
                    case 4:
                        try await main.incr("key")
                        return RedisTransaction(.incr("n"))
                    default:
                        withUnsafeCurrentTask { $0?.cancel() }
                        return RedisTransaction(.incr("n"))
                    }
                }
                return replies
            }
            switch (end, await task.result) {
            case (0, .success(2)), (1, .success(nil)): break
            case (2, .failure(let error)): #expect(error is Foreign)
            case (3, .failure(let error as RedisError)): #expect(error.code == .serverError)
            case (4, .failure(let error as RedisError)): #expect(error.code == .transactionConflict)
            case (5, .failure(let error as RedisError)): #expect(error.code == .cancelled && error.isSafeToRetry)
            case (_, let result): Issue.record("\(end): \(result)")
            }
            try await main.incr("key")
            // Were the key watched, this would not run.
            _ = try await main.transaction([.incr("key")])[0].get()
            // A task that was cancelled sends no UNWATCH: its connection is closed.
            #expect(try await databases.acceptedConnections() == connections + (end == 5 ? 1 : 0))
        }
    }

    @Test func `needs keys and an attempt`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            for (keys, attempts) in [([String](), 1), (["key"], 0), (["key"], -1)] {
                let error = await #expect(throws: RedisError.self) {
                    try await main.transaction(watching: keys, attempts: attempts) { _ async throws(RedisError) in
                        RedisTransaction(.incr("n"))
                    }
                }
                #expect(error?.code == .invalidArgument && error?.stage == .refused)
                let other = #expect(throws: RedisError.self) {
                    try blocking.transaction(watching: keys, attempts: attempts) { _ throws(RedisError) in
                        RedisTransaction(.incr("n"))
                    }
                }
                #expect(other?.code == .invalidArgument)
            }
            #expect(try await main.get("n") == nil)
        }
    }

    @Test func `passes on what its body throws, of whatever type, to blocking callers too`() async throws {
        try await withDatabases { databases, _ in
            let blocking = try databases.blocking(.main)
            #expect(throws: Foreign.self) {
                try blocking.transaction(watching: ["key"]) { _ -> RedisTransaction<Int>? in throw Foreign() }
            }
            #expect(try blocking.transaction(watching: ["key"]) { _ -> RedisTransaction<Int>? in nil } == nil)
            #expect(try blocking.incr("key") == 1)
        }
    }

    @Test func `pauses at random, up to a limit that grows, and no more often than its attempts`() throws {
        var machine = try WatchMachine(["key"], 3, in: .main)
        #expect(try machine.pauseAfterConflict() <= .milliseconds(2))
        #expect(try machine.pauseAfterConflict() <= .milliseconds(4))
        let error = #expect(throws: RedisError.self) { try machine.pauseAfterConflict() }
        #expect(error?.code == .transactionConflict)
        var patient = try WatchMachine(["key"], .max, in: .main)
        for _ in 0..<100 { #expect(try patient.pauseAfterConflict() <= .milliseconds(250)) }
    }

    @Test func `fails where its connection is lost between reading and writing, and nothing is written twice`()
        async throws
    {
        try await withDatabases { databases, server in
            let main = try databases[.main]
            let admin = try RedisDatabases(url: server.url)
            let runs = Counter()
            let error = await #expect(throws: RedisError.self) {
                try await main.transaction(watching: ["key"]) { reads async throws(RedisError) in
                    runs.next()
                    let id = try await reads.send("CLIENT", "ID", as: Int.self)
                    try await admin[.main].send("CLIENT", "KILL", "ID", id)
                    return RedisTransaction(.incr("key"))
                }
            }
            #expect(error?.code == .connectionClosed || error?.stage == .refused, "\(error as Any)")
            #expect(runs.value == 1)
            #expect(try await main.get("key") == nil)
            await admin.close()
        }
    }
}
