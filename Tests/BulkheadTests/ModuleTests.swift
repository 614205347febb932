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

    /// What makes a key, the reads of it that a cache keeps, and the writes that change what these say.
    private static let kept: [(setup: [String], reads: [String], writes: [String])] = [
        (
            ["BF.ADD k a"], ["BF.CARD k", "BF.EXISTS k z", "BF.MEXISTS k z"],
            ["BF.ADD k z", "BF.MADD k z", "BF.INSERT k ITEMS z"]
        ),
        (
            ["CF.ADD k a"], ["CF.COUNT k z", "CF.EXISTS k z", "CF.MEXISTS k z"],
            ["CF.ADD k z", "CF.ADDNX k z", "CF.INSERT k ITEMS z", "CF.INSERTNX k ITEMS z"]
        ),
        (["CF.ADD k a"], ["CF.COUNT k a", "CF.EXISTS k a", "CF.MEXISTS k a"], ["CF.DEL k a"]),
        (
            ["TDIGEST.CREATE k", "TDIGEST.ADD k 1 2 3", "TDIGEST.CREATE s", "TDIGEST.ADD s 100"],
            [
                "TDIGEST.BYRANK k 2", "TDIGEST.BYREVRANK k 0", "TDIGEST.CDF k 3", "TDIGEST.MAX k", "TDIGEST.MIN k",
                "TDIGEST.QUANTILE k 1", "TDIGEST.RANK k 200", "TDIGEST.REVRANK k 0", "TDIGEST.TRIMMED_MEAN k 0 1",
            ],
            ["TDIGEST.ADD k 50 0", "TDIGEST.RESET k", "TDIGEST.MERGE k 1 s", "TDIGEST.MERGE k 1 s OVERRIDE"]
        ),
        (
            [#"JSON.SET k $ {"a":1,"s":"x","b":true,"l":[1,2],"o":{"k":1}}"#], ["JSON.GET k $", "JSON.MGET k $"],
            [
                "JSON.SET k $.a 2", "JSON.ARRAPPEND k $.l 1", "JSON.ARRINSERT k $.l 0 9", "JSON.ARRPOP k $.l",
                "JSON.ARRTRIM k $.l 0 0", "JSON.CLEAR k $.l", "JSON.DEL k $.s", #"JSON.MERGE k $ {"a":7}"#,
                "JSON.MSET k $.a 9", "JSON.NUMINCRBY k $.a 1", "JSON.NUMMULTBY k $.a 3", #"JSON.STRAPPEND k $.s "y""#,
                "JSON.TOGGLE k $.b",
            ]
        ),
        (
            [#"JSON.SET k $ {"s":"x","l":[1,2],"o":{"k":1}}"#],
            [
                "JSON.ARRINDEX k $.l 2", "JSON.ARRLEN k $.l", "JSON.OBJKEYS k $.o", "JSON.OBJLEN k $.o",
                "JSON.STRLEN k $.s",
                "JSON.TYPE k $",
            ],
            ["JSON.SET k $ 1"]
        ),
    ]

    /// A module that changes a value in place has to say so: what it does not name a cache would keep for minutes.
    @Test func `are kept by a cache only where each of their writes is told`() async throws {
        let server = try RedisTestServer.start(#require(ModuleServer.options))
        defer { server.stop() }
        var configuration = testConfiguration(server)
        configuration.version = .resp3
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        func command(_ line: String) -> RedisCommand<RESPValue> {
            let words = line.split(separator: " ").map(String.init)
            return .raw(words[0], Array(words[1...]))
        }
        let cache = try await main.cached()
        for (setup, reads, writes) in Self.kept {
            for write in writes {
                try await main.del("k", "s")
                for line in setup { try await main.run(command(line)) }
                try await cache.catchUp()
                for read in reads { _ = try await cache.run(command(read)) }
                try await main.run(command(write))
                try await cache.catchUp()
                for read in reads {
                    let (mine, servers) = (try await cache.run(command(read)), try await main.run(command(read)))
                    // As text, for nan.
                    #expect("\(mine)" == "\(servers)", "\(read) behind \(write)")
                }
            }
        }
        await databases.close()
        let names = Set(Self.kept.flatMap(\.reads).map { String($0.prefix { $0 != " " }) })
        let cacheable = FactTable.commands.values.filter { $0.facts["module"] != nil && $0.facts["cacheable"] != nil }
        #expect(names == Set(cacheable.map(\.name)))
    }

    @Test func `do not take a part of the samples for all of them`() async throws {
        try await withModules { databases in
            let main = try databases[.main]
            for time in 1...200 { try await main.tsAdd("series", 1, at: Int64(time)) }
            let few = RedisSeriesQuery(times: Array(1...128))
            #expect(try await main.tsRange("series", query: few).count == 128)
            let many = RedisSeriesQuery(times: Array(1...129))
            let error = await #expect(throws: RedisError.self) { try await main.tsRange("series", query: many) }
            #expect(error?.code == .unexpectedReply && error?.message.contains("128") == true)
            await #expect(throws: RedisError.self) { try await main.tsMrevrange(where: ["a=b"], query: many) }
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
