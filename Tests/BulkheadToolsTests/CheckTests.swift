import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("Checking a server", .timeLimit(.minutes(10))) struct CheckTests {
    @Test func `the numbers are those that were put in`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let report = try await report(on: server)
            #expect(report.isComplete)
            let main = try report.database("main")
            #expect(main.keys == 397 && main.walked == 397 && main.looked == 397 && main.isExact)
            #expect(main.typeCounts == ["string": 353, "hash": 40, "list": 1, "set": 1, "zset": 1, "stream": 1])
            #expect(main.expiring == Estimate(exact: 300))
            #expect(main.timeCounts["< 1 minute"] == 100)
            #expect(main.timeCounts["< 1 day"] == 200)
            #expect(main.timeCounts["never"] == 97)
            let average = try #require(main.averageTimeLeft).value
            // A hundred of 30 seconds, and two hundred of two hours.
            #expect((4_780_000...4_810_000).contains(average), "\(average) ms")
            let names = ["session:", "cache:page:", "llama_index/", "queue:", #""\xff\x00\n:""#]
            #expect(main.prefixes.map(\.prefix.description) == names)
            #expect(main.prefixes.map(\.keys) == [300, 50, 40, 1, 1])
            #expect(main.withoutPrefix == 5)
            let knowledge = try report.database("knowledge")
            #expect(knowledge.biggest.first?.key.description == "doc:giant")
            #expect(knowledge.biggest.first.map { $0.bytes >= 500_000 } == true)
            #expect(knowledge.isBiggestCertain)
            #expect(try report.database("prompts").keys == 0)
        }
    }

    @Test func `memory is the sum of what MEMORY USAGE says of each key`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let knowledge = try databases[.knowledge]
            var sum = 0
            for try await key in knowledge.scan() {
                sum += try await knowledge.send("MEMORY", "USAGE", key, as: Int.self)
            }
            #expect(try await report(on: server, "knowledge").database("knowledge").memory == Estimate(exact: sum))
        }
    }

    @Test func `the command that moves misplaced keys finds the same catalogue`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].set("doc:1", "1")
            try await databases[.main].send("SAVE")
            let file = server.folder + "/my names.json"
            try Data(
                """
                {"databases": [{"name": "main", "number": 0},
                    {"name": "docs", "number": 1, "key_patterns": ["doc:*"]}]}
                """.utf8
            ).write(to: URL(fileURLWithPath: file))
            let ways = [
                (["--url", server.url], " --url \(server.url)"), (["--rdb", server.folder + "/dump.rdb"], ""),
            ]
            for (words, url) in ways {
                let outcome = try await Bulkhead.run(["check", "--json", "-q", "--catalogue", file] + words)
                #expect(
                    outcome.text.contains(
                        "bulkhead migrate\(url) --catalogue '\(file)' --from main --to docs --pattern 'doc:*'"),
                    "\(outcome.text)")
            }
        }
    }

    /// Only where reading takes long enough to be shown, in a debug build.
    @Test(.enabled(if: TestTier.isWhole))
    func `on a terminal it is shown how much of a file is read`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].send("EVAL", "for i = 1, 200000 do redis.call('SET', i, i) end", 0)
            try await databases[.main].send("SAVE")
            let file = server.folder + "/dump.rdb"
            let outcome = try await Bulkhead.shell("script -qec 'bulkhead check --rdb \(file)' /dev/null")
            let lines = outcome.text.split { $0 == "\r" || $0 == "\n" }
            #expect(lines.contains { $0.hasPrefix("check  [") && $0.contains(" of ") && $0.contains(" bytes") })
        }
    }

    @Test func `misplaced keys are counted, with the command that moves them`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let outcome = try await Bulkhead.run("check", "--url", server.url, "--quiet")
            #expect(outcome.exitCode == 1)
            let words = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                words.contains(
                    "40 keys `llama_index/*` are in main; they belong to knowledge. $ bulkhead migrate --url "
                        + "\(server.url) --from main --to knowledge --pattern 'llama_index/*'"))
            #expect(words.contains("number 7 has 5 keys and no name in the catalogue"))
            #expect(words.contains("no keys in prompts, analytics"))
            #expect(!words.contains("my_chatroom_config"))
            for line in outcome.text.split(separator: "\n") {
                #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }, "\(line)")
            }
            #expect(outcome.errors == "")
        }
    }

    @Test func `without anything to complain about the exit code is 0, and of one database nothing is said of others`()
        async throws
    {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let outcome = try await Bulkhead.run("check", "knowledge", "--url", server.url, "--json")
            #expect(outcome.exitCode == 0)
            let json = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            let servers = try #require(json["servers"] as? [[String: Any]])
            #expect((servers[0]["databases"] as? [[String: Any]])?.map { $0["name"] as? String } == ["knowledge"])
        }
    }

    @Test func `every member of the JSON stands in the help`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let outcome = try await Bulkhead.run("check", "--url", server.url, "--json", "--sample", "100")
            let json = try JSONSerialization.jsonObject(with: outcome.output)
            var names: Set<String> = []
            func collect(_ value: Any) {
                if let object = value as? [String: Any] {
                    names.formUnion(object.keys)
                    object.values.forEach(collect)
                }
                (value as? [Any])?.forEach(collect)
            }
            collect(json)
            #expect(names.isSuperset(of: ["format", "databases", "average_ttl_ms", "keys_at_most", "hex", "low"]))
            let help = HelpPage().command(.check)
            let words = Set(help.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map { String($0) })
            for name in names { #expect(words.contains(name), "\(name) is not documented") }
            let document = try #require(json as? [String: Any])
            #expect(document["format"] as? String == "bulkhead-check/2")
            #expect(document["complete"] as? Bool == true)
        }
    }

    @Test func `a user who may not ask for memory gets the rest, and is told what was refused`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let main = try databases[.main]
            try await main.send(
                "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-memory", "-config", as: String.self)
            let url = server.url.replacingOccurrences(of: "unix://", with: "unix://reader:secret@")
            let outcome = try await Bulkhead.run("check", "main", "--url", url)
            #expect(outcome.exitCode == 1)
            #expect(outcome.text.contains("the server refused MEMORY USAGE in main"))
            #expect(outcome.text.contains("string"))
            #expect(!outcome.text.contains("secret") && !outcome.errors.contains("secret"))
        }
    }

    @Test(arguments: [
        (["check", "--smaple", "5"], 64), (["check", "nowhere"], 64), (["check", "--exact", "--sample", "5"], 64),
        (["check", "--pace", "fast"], 64), (["check", "--rdb", "x", "--exact"], 64),
        (["check", "--url", "redis://127.0.0.1:1"], 2), (["check", "--rdb", "/does/not/exist"], 74),
    ])
    func `what cannot work says so by its exit code`(words: [String], code: Int) async throws {
        let line = (["bulkhead"] + words).joined(separator: " ")
        let outcome = try await Bulkhead.shell(line)
        #expect(Int(outcome.exitCode) == code, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("bulkhead"))
    }

    @Test(.enabled(if: ServerUnderTest.identity.flavour == .redis && ServerUnderTest.isAtLeast(redis: 8, 0)))
    func `types of modules are types like others`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await main.send("VADD", "vectors", "VALUES", "3", "1", "2", "3", "a")
            let report = try await report(on: server, "main").database("main")
            #expect(report.typeCounts == ["vectorset": 1])
            #expect(report.memory.map { $0.value > 0 } == true)
        }
    }
}
