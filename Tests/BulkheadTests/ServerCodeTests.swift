import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The codes that programs match on, each as a real server gives it, in both forms.
@Suite(.timeLimit(.minutes(10))) struct `A server's own code is the error's` {
    /// What asynchronous and blocking callers see.
    private func expect(
        _ code: RedisError.Code, _ word: String, from databases: RedisDatabases, in name: DatabaseName = .main,
        _ words: [String], _ location: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(code.name == word, sourceLocation: location)
        let database = try databases[name], blocking = try databases.blocking(name)
        let errors = [
            await #expect(throws: RedisError.self, sourceLocation: location) {
                try await database.send(words[0], Array(words[1...]))
            },
            #expect(throws: RedisError.self, sourceLocation: location) {
                try blocking.send(words[0], Array(words[1...]))
            },
        ]
        for error in errors {
            #expect(error?.code == code && error?.stage == .answered, sourceLocation: location)
            #expect(error?.message.hasPrefix(word + " ") == true, sourceLocation: location)
        }
    }

    @Test func `READONLY for a write on a replica, MASTERDOWN for a read where it must not be stale`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let nobody = DeafListener.refusing()
            try await main.send("REPLICAOF", "127.0.0.1", nobody.port)
            try await expect(.readOnly, "READONLY", from: databases, ["SET", "key", "value"])
            try await main.send("CONFIG", "SET", "replica-serve-stale-data", "no")
            try await expect(.masterDown, "MASTERDOWN", from: databases, ["GET", "key"])
            try await main.send("REPLICAOF", "NO", "ONE")
            #expect(try await main.get("key") == nil)
        }
    }

    @Test func `MISCONF for a write while snapshots fail`() async throws {
        try await withDatabases { databases, server in
            let main = try databases[.main]
            // What is a folder cannot be replaced by a file.
            try FileManager.default.createDirectory(
                atPath: server.folder + "/dump.rdb/in-the-way", withIntermediateDirectories: true)
            try await main.set("key", "value")
            try await main.send("CONFIG", "SET", "save", "3600 1000000")
            try await main.send("BGSAVE")
            #expect(try await eventually { try await main.info("persistence")["rdb_last_bgsave_status"] == "err" })
            try await expect(.misconfigured, "MISCONF", from: databases, ["SET", "key", "other"])
            #expect(try await main.get("key") == "value")
            // Else the server would try to save when it is asked to end.
            try await main.send("CONFIG", "SET", "save", "")
            try await main.set("key", "other")
        }
    }

    @Test func `BUSY while a script holds the server`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.send("CONFIG", "SET", "lua-time-limit", 20)
            // A connection made meanwhile could not select its database.
            #expect(try await databases[.knowledge].ping() == "PONG")
            #expect(try databases.blocking(.knowledge).ping() == "PONG")
            let script = Task { try await main.send("EVAL", "while true do end", 0) }
            let isBusy = await eventually {
                do throws(RedisError) {
                    _ = try await databases[.knowledge].get("key")
                    return false
                } catch {
                    return error.code == .busy
                }
            }
            #expect(isBusy)
            try await expect(.busy, "BUSY", from: databases, in: .knowledge, ["GET", "key"])
            try await databases[.knowledge].send("SCRIPT", "KILL")
            await #expect(throws: RedisError.self) { try await script.value }
            #expect(try await databases[.knowledge].get("key") == nil)
        }
    }

    @Test func `NOREPLICAS for a write where too few replicas are connected`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.send("CONFIG", "SET", "min-replicas-to-write", 1)
            try await expect(.noReplicas, "NOREPLICAS", from: databases, ["SET", "key", "value"])
            #expect(try await main.get("key") == nil)
        }
    }

    @Test func `NOSCRIPT for a digest that the server does not know`() async throws {
        try await withDatabases { databases, _ in
            let digest = String(repeating: "f", count: 40)
            try await expect(.noScript, "NOSCRIPT", from: databases, ["EVALSHA", digest, "0"])
        }
    }

    @Test func `EXECABORT for a transaction with a command that was refused`() async throws {
        try await withDatabases { databases, _ in
            let error = try await databases[.main].withConnection { connection in
                try await connection.send("MULTI")
                await #expect(throws: RedisError.self) { try await connection.send("SET", "key") }
                return await #expect(throws: RedisError.self) { try await connection.send("EXEC") }
            }
            let other = try databases.blocking(.main).withConnection { connection in
                try connection.send("MULTI")
                #expect(throws: RedisError.self) { try connection.send("SET", "key") }
                return #expect(throws: RedisError.self) { try connection.send("EXEC") }
            }
            for error in [error, other] {
                #expect(RedisError.Code.transactionAborted.name == "EXECABORT")
                #expect(error?.code == .transactionAborted && error?.stage == .answered)
            }
        }
    }

    @Test func `OOM for a write where the memory is full and nothing may be evicted`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "value")
            try await main.send("CONFIG", "SET", "maxmemory", 1)
            try await expect(.outOfMemory, "OOM", from: databases, ["SET", "key", "other"])
            #expect(try await main.get("key") == "value")
        }
    }
}
