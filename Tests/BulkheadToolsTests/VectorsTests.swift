import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite struct VectorSurveyTests {
    private func survey(_ lengths: [Int], numberOf size: Int = 4) -> VectorSurvey {
        lengths.reduce(into: VectorSurvey()) { $0.take(fieldOf: $1, numberOf: size) }
    }

    @Test func `vectors are counted by dimension, and what is none is skipped`() {
        let found = survey([16, 16, 8, 0, 7, 16])
        #expect(found.dimensions == [4: 3, 2: 1] && found.skipped == 2 && found.hashes == 6)
        #expect(found.found.map(\.dimension) == [4, 2])
        #expect(survey([16, 12], numberOf: 8).dimensions == [2: 1])
    }

    @Test func `the dimension is the only one, or that of the set, or the one asked for`() {
        #expect(survey([16, 16, 0]).dimension(wanted: nil, ofSet: nil) == .success(4))
        #expect(survey([16, 8]).dimension(wanted: 2, ofSet: nil) == .success(2))
        #expect(survey([16, 8]).dimension(wanted: nil, ofSet: 4) == .success(4))
        #expect(survey([16, 8]).dimension(wanted: 4, ofSet: 4) == .success(4))
    }

    @Test func `no set is made of several dimensions, of none, or of another than the set has`()
        throws
    {
        func words(_ survey: VectorSurvey, wanted: Int? = nil, ofSet: Int? = nil) throws -> String {
            guard case .failure(let obstacle) = survey.dimension(wanted: wanted, ofSet: ofSet) else {
                Issue.record("it is made")
                return ""
            }
            return obstacle.words
        }
        #expect(try words(survey([16, 8, 16])).contains("2 of 4, 1 of 2"))
        #expect(try words(survey([])).contains("there is no hash"))
        #expect(try words(survey([0, 3])).contains("of 2 hashes none"))
        #expect(try words(survey([16]), wanted: 8).contains("no vector has the dimension 8"))
        #expect(try words(survey([16]), ofSet: 8).contains("no vector has the dimension 8"))
        #expect(try words(survey([16]), wanted: 4, ofSet: 8).contains("has the dimension 8"))
    }

    @Test
    func `numbers among the attributes are numbers, other texts are texts, and bytes are left out`() {
        let names = ["year", "share", "title", "none", "bytes"]
        let attributes = VectorAttributes(names, ["1984", "0.5", "A \"title\"", nil, [0xff]])
        #expect(attributes.json == #"{"share":0.5,"title":"A \"title\"","year":1984}"#)
        #expect(VectorAttributes(["a"], [nil]).json == nil)
        #expect(VectorAttributes(["a"], ["nan"]).json == #"{"a":"nan"}"#)
    }
}

@Suite("bulkhead vectors", .timeLimit(.minutes(10))) struct VectorsTests {
    private func withVectors(_ body: (RedisTestServer, RedisDatabases) async throws -> Void)
        async throws
    {
        let server = try RedisTestServer.start(try #require(SearchServer.vectorSetOptions))
        defer { server.stop() }
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .seconds(300)
        let databases = RedisDatabases(configuration)
        let knowledge = try databases[.knowledge]
        for index in 0..<200 {
            let angle = Float(index) / 100
            try await knowledge.hset(
                "doc:\(index)",
                ["vector": [angle, 1, 1 - angle] as [Float], "year": 1900 + index, "text": "secret"])
        }
        try await knowledge.hset("doc:empty", "text", "no vector")
        try await body(server, databases)
        await databases.close()
    }

    private func members(_ outcome: Bulkhead.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `a dry run writes nothing, a run makes the set, and a second run changes nothing`()
        async throws
    {
        try await withVectors { server, databases in
            let words = [
                "vectors", "knowledge", "pages", "--pattern", "doc:*", "--attributes", "year", "--json",
                "--quantization", "none", "--url", server.url,
            ]
            let dry = try await Bulkhead.run(words + ["--dry-run"])
            #expect(dry.exitCode == 0, "\(dry.errors)")
            var json = try members(dry)
            #expect(
                json["dry_run"] as? Bool == true && json["hashes"] as? Int == 201
                    && json["skipped"] as? Int == 1)
            #expect(json["dimension"] as? Int == 3 && json["elements"] as? Int == 0)
            let knowledge = try databases[.knowledge]
            #expect(try await knowledge.exists("pages") == 0)

            for (added, updated) in [(200, 0), (0, 200)] {
                let made = try await Bulkhead.run(words)
                #expect(made.exitCode == 0, "\(made.errors)")
                json = try members(made)
                #expect(json["added"] as? Int == added && json["updated"] as? Int == updated)
                #expect(json["skipped"] as? Int == 1 && json["elements"] as? Int == 200)
                #expect(try await knowledge.vcard("pages") == 200)
                let found = try await knowledge.vsim("pages", near: [0.5, 1, 0.5], count: 1)
                #expect(found.map(\.member) == ["doc:50"])
                let old = try await knowledge.vsim(
                    "pages", near: [0.5, 1, 0.5], count: 300, filter: ".year < 1910")
                #expect(Set(old.map(\.member)) == Set((0..<10).map { "doc:\($0)" }))
            }
            #expect(try await knowledge.hget("doc:7", "text") == "secret")
        }
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `the set may be in another database, and bytes that are no text are names as well`()
        async throws
    {
        try await withVectors { server, databases in
            try await databases[.knowledge].hset([0xff] as [UInt8], "vector", [1, 2, 3] as [Float])
            let outcome = try await Bulkhead.run(
                "vectors", "knowledge", "pages", "--into", "main", "--quantization", "none", "--url",
                server.url)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(
                outcome.text.contains("201 added, 0 written again, 1 hash skipped"), "\(outcome.text)")
            let main = try databases[.main]
            #expect(try await main.vcard("pages") == 201)
            #expect(try await main.vismember("pages", [0xff] as [UInt8]))
            #expect(try await databases[.knowledge].exists("pages") == 0)
        }
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `what cannot be one set is refused before anything is written`() async throws {
        try await withVectors { server, databases in
            let knowledge = try databases[.knowledge]
            try await knowledge.hset("doc:short", "vector", [1, 2] as [Float])
            func run(_ words: String...) async throws -> Bulkhead.Outcome {
                try await Bulkhead.run(["vectors", "knowledge"] + words + ["--url", server.url])
            }
            let several = try await run("pages")
            #expect(several.exitCode == 1 && several.text.contains("200 of 3, 1 of 2"), "\(several.text)")
            let none = try await run("pages", "--field", "embedding")
            #expect(none.exitCode == 1 && none.text.contains("name it by --field"), "\(none.text)")
            try await knowledge.set("text", "x")
            let text = try await run("text", "--dimension", "3")
            #expect(
                text.exitCode == 2 && text.errors.contains("holds another type, string"), "\(text.errors)")
            #expect(try await run("pages", "--dimension", "0").exitCode == 64)
            #expect(try await run("pages", "--format", "float16").exitCode == 64)
            #expect(try await knowledge.exists("pages") == 0)
            #expect(try await run("pages", "--dimension", "3").exitCode == 0)
            let other = try await run("pages", "--dimension", "2")
            #expect(other.exitCode == 1 && other.text.contains("has the dimension 3"), "\(other.text)")
            #expect(try await knowledge.vcard("pages") == 200)
        }
    }

    @Test func `a server without vector sets is named, and nothing is written`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await main.hset("doc:1", "vector", [1] as [Float])
            let known = try await main.send("COMMAND", "INFO", "VADD")
            if known.elements?.contains(where: { $0.elements?.isEmpty == false }) == true { return }
            let outcome = try await Bulkhead.run("vectors", "main", "pages", "--url", server.url)
            #expect(
                outcome.exitCode == 2 && outcome.errors.contains("has no vector sets"), "\(outcome.errors)")
            let dry = try await Bulkhead.run("vectors", "main", "pages", "--dry-run", "--url", server.url)
            #expect(dry.exitCode == 1 && dry.errors.isEmpty, "\(dry.errors)")
            #expect(dry.text.contains("main has 1 hash that fit"), "\(dry.text)")
            #expect(dry.text.contains("1 vector of 1 numbers"), "\(dry.text)")
            #expect(dry.text.replacing("\n", with: " ").contains("Use --into with a name on Redis 8"), "\(dry.text)")
            #expect(try await main.dbsize() == 1)
        }
    }

    @Test(
        .enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"),
        arguments: [50, 80])
    func `what is shown fits the screen`(columns: Int) async throws {
        try await withVectors { server, databases in
            try await databases[.knowledge].hset("doc:short", "vector", [1, 2] as [Float])
            for words in [["--dry-run"], ["--dimension", "3", "--dry-run"], ["--dimension", "3"]] {
                let shown = try await Bulkhead.onTerminal(
                    ["vectors", "knowledge", "pages", "--url", server.url] + words, columns: columns)
                #expect(!shown.lines.isEmpty)
                for line in shown.lines { #expect(line.count <= columns, "\(line)") }
            }
        }
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `the hashes of a whole cluster become one set, which is on one of its servers`() async throws {
        var options = RedisTestCluster.Options()
        options.server = try #require(SearchServer.vectorSetOptions)
        try await RedisTestCluster.withCluster(options) { cluster in
            let file = cluster.primaries[0].folder + "/names.json"
            try Data(
                #"{"databases": [{"name": "knowledge", "number": 0, "cluster": ["\#(cluster.addresses[0])"]}]}"#.utf8
            ).write(to: URL(fileURLWithPath: file))
            let databases = RedisDatabases(
                RedisConfiguration(), catalogue: try DatabaseCatalogue(contentsOfFile: file))
            let knowledge = try databases[.knowledge]
            for index in 0..<200 {
                let angle = Float(index) / 100
                try await knowledge.hset("doc:\(index)", "vector", [angle, 1, 1 - angle] as [Float])
            }
            for (added, updated) in [(200, 0), (0, 200)] {
                let made = try await Bulkhead.run(
                    "vectors", "knowledge", "pages", "--json", "--quantization", "none", "--catalogue", file)
                #expect(made.exitCode == 0, "\(made.errors)")
                let json = try members(made)
                #expect(json["added"] as? Int == added && json["updated"] as? Int == updated, "\(json)")
                #expect(json["hashes"] as? Int == 200 && json["elements"] as? Int == 200, "\(json)")
            }
            let found = try await knowledge.vsim("pages", near: [0.5, 1, 0.5], count: 1)
            #expect(found.map(\.member) == ["doc:50"])
            await databases.close()
        }
    }
}
