import Bulkhead
import BulkheadModules
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What takes several commands of a module; each alone is in `Tests/CommandCalls/Modules`.
@Suite(.timeLimit(.minutes(10)), .enabled(if: ModuleServer.options != nil, "\(ModuleServer.absence)"))
struct `The commands of modules` {
    private func withModules(_ body: (RedisDatabases) async throws -> Void) async throws {
        let server = try RedisTestServer.start(#require(ModuleServer.options))
        defer { server.stop() }
        for version in [RESPVersion.resp2, .resp3] {
            var configuration = testConfiguration(server)
            configuration.version = version
            let databases = RedisDatabases(configuration)
            try await databases[.main].flushdb()
            try await body(databases)
            await databases.close()
        }
    }

    @Test func `move filters in parts to another database`() async throws {
        try await withModules { databases in
            let (main, other) = (try databases[.main], try databases[.knowledge])
            try await main.bfMadd("bloom", (0..<1000).map(String.init))
            var chunk = try await main.bfScandump("bloom", at: 0)
            while chunk.next != 0 {
                try await other.bfLoadchunk("bloom", chunk)
                chunk = try await main.bfScandump("bloom", at: chunk.next)
            }
            #expect(chunk.bytes.isEmpty)
            #expect(try await other.bfMexists("bloom", ["0", "999", "none"]) == [true, true, false])
            try await main.cfInsert("cuckoo", (0..<100).map(String.init))
            chunk = try await main.cfScandump("cuckoo", at: 0)
            while chunk.next != 0 {
                try await other.cfLoadchunk("cuckoo", chunk)
                chunk = try await main.cfScandump("cuckoo", at: chunk.next)
            }
            #expect(try await other.cfMexists("cuckoo", ["0", "99", "none"]) == [true, true, false])
            try await other.del("bloom", "cuckoo")
        }
    }

    @Test func `have a blocking form, and are values of a pipeline`() async throws {
        try await withModules { databases in
            let (isNew, isThere) = try await databases[.main].pipeline(
                .bfAdd("bloom", "a"), .jsonSet("doc", #"{"n":1}"#))
            #expect(isNew && isThere)
            #expect(try databases.blocking(.main).jsonGet("doc", at: "$.n") == "[1]")
        }
    }

    @Test func `read the rows of an aggregation page by page`() async throws {
        try await withModules { databases in
            let main = try databases[.main]
            try await main.ftCreate("idx", [.number("n")], on: .hashes("d:"))
            for number in 1...5 { try await main.hset("d:\(number)", "n", number) }
            var page = try await main.ftAggregateWithCursor(
                "idx", "*", [.sort([("@n", .ascending)])], count: 2, as: Int.self)
            var numbers = page.result.rows.compactMap { $0["n"] }
            while let cursor = page.cursor {
                page = try await main.ftCursorRead("idx", cursor, count: 2, as: Int.self)
                numbers += page.result.rows.compactMap { $0["n"] }
            }
            #expect(numbers == [1, 2, 3, 4, 5])
            page = try await main.ftAggregateWithCursor("idx", "*", [.load("@n")], count: 1, as: Int.self)
            let cursor = try #require(page.cursor)
            try await main.ftCursorDel("idx", cursor)
            await #expect(throws: RedisError.self) { try await main.ftCursorRead("idx", cursor, as: Int.self) }
            try await main.ftDropindex("idx", deletingKeys: true)
            #expect(try await main.dbsize() == 0)
        }
    }

    @Test func `are all in the table`() async throws {
        try await withModules { databases in
            let names = try await databases.server(of: .main).command().map { $0.name.uppercased() }
            let ofModules = names.filter { $0.contains(".") }
            #expect(ofModules.count > 130)
            for name in ofModules {
                #expect(FactTable.commands[name] != nil, "Sources/CommandTable/Modules lacks \(name)")
            }
            let known = Set(ofModules)
            for command in FactTable.commands.values where command.facts["module"] != nil && command.isTyped {
                #expect(known.contains(command.name), "the server has no \(command.name)")
            }
        }
    }
}
