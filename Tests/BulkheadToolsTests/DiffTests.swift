import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead diff", .timeLimit(.minutes(10))) struct DiffTests {
    private struct Found: Decodable {
        struct Remark: Decodable {
            let text: String
            let keys: [String]
        }

        let same: Int
        let different: Int
        let only_left: Int
        let only_right: Int
        let compared: Int
        let expired: Int
        let differences: [Remark]

        /// What was said of each key.
        var words: [String: String] {
            Dictionary(differences.flatMap { remark in remark.keys.map { ($0, remark.text) } }) { $0 + $1 }
        }
    }

    private func found(_ words: String...) async throws -> (Found, Int32) {
        let outcome = try await Bulkhead.run(["diff", "--json"] + words)
        return (try JSONDecoder().decode(Found.self, from: outcome.output), outcome.exitCode)
    }

    private func fill(_ database: RedisDatabase) async throws {
        for index in 0..<1_000 { try await database.set("doc:\(index)", "secret \(index)") }
        try await database.send("HSET", "hash", "a", "1", "b", "2")
        try await database.send("SADD", "set", "1", "2", "3")
        try await database.send("RPUSH", "list", "a", "b", "c")
        try await database.set("ttl", "x", expiry: .after(.seconds(1_000)))
    }

    private func change(_ database: RedisDatabase) async throws {
        try await database.send("HSET", "hash", "b", "3")
        try await database.send("LSET", "list", "1", "B")
        try await database.persist("ttl")
        try await database.del("doc:1")
        try await database.set("new", "1")
    }

    private func expectTheChanges(_ found: Found, left: String, right: String) {
        #expect(found.same == 1_000)
        #expect(found.different == 3)
        #expect(found.only_left == 1)
        #expect(found.only_right == 1)
        #expect(found.compared == 1_005)
        #expect(found.words["doc:1"] == "only in \(left)")
        #expect(found.words["new"] == "only in \(right)")
        #expect(found.words["hash"] == "another value: 1 of 2 fields differ")
        #expect(found.words["list"] == "another value: element 1 differs")
        #expect(found.words["ttl"] == "only the left expires")
    }

    @Test func `each change between two databases is seen and told without a value`() async throws {
        try await withToolServer { server, databases in
            try await fill(databases[.main])
            try await databases[.main].send("SAVE")
            let restored = try await Bulkhead.run(
                "restore", server.folder + "/dump.rdb", "--into", "5", "--url", server.url)
            #expect(restored.exitCode == 0, "\(restored.errors)")
            let (same, code) = try await found("main", "5", "--url", server.url)
            #expect(same.same == 1_004)
            #expect(code == 0)
            try await change(databases["db5"])
            let (changed, changedCode) = try await found("main", "5", "--url", server.url)
            expectTheChanges(changed, left: "main", right: "db5")
            #expect(changedCode == 1)
            let (file, fileCode) = try await found(server.folder + "/dump.rdb", "5", "--url", server.url)
            expectTheChanges(file, left: "the file", right: "db5")
            #expect(fileCode == 1)
            let text = try await Bulkhead.run("diff", "main", "5", "--url", server.url)
            #expect(text.text.contains("main and db5: 1,000 the same, 3 different, 1 only in main, 1 only in db5."))
            #expect(!text.text.contains("secret"))
        }
    }

    @Test func `an encoding or an order is no difference`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].send("SADD", "set", "1", "2", "3", "x")
            try await databases["db5"].send("SADD", "set", "x", "3", "2", "1")
            // Servers have called it ziplist before listpack, and take both names.
            try await databases[.main].send("CONFIG", "SET", "hash-max-ziplist-entries", "10")
            for field in 0..<200 { try await databases[.main].send("HSET", "hash", "f\(field)", "v") }
            try await databases[.main].send("CONFIG", "SET", "hash-max-ziplist-entries", "1000")
            for field in (0..<200).reversed() { try await databases["db5"].send("HSET", "hash", "f\(field)", "v") }
            let encodings = try await (
                databases[.main].send("OBJECT", "ENCODING", "hash", as: String.self),
                databases["db5"].send("OBJECT", "ENCODING", "hash", as: String.self)
            )
            #expect(encodings.0 != encodings.1)
            let (same, code) = try await found("main", "5", "--url", server.url)
            #expect(same.same == 2)
            #expect(code == 0)
        }
    }

    @Test func `two servers are compared`() async throws {
        try await withToolServer { server, databases in
            try await withToolServer { other, others in
                try await fill(databases[.main])
                try await fill(others[.main])
                try await others[.main].persist("ttl")
                try await others[.main].send("PEXPIRE", "ttl", "5000000")
                try await others[.main].set("new", "1")
                let (found, code) = try await found(
                    "main", "main", "--url", server.url, "--right-url", other.url)
                #expect(found.same == 1_003)
                #expect(found.words == ["ttl": "they expire at different times", "new": "only in main"])
                #expect(code == 1)
            }
        }
    }

    @Test func `the right side is where right-url says, also for a name with a server of its own`() async throws {
        try await withToolServer { server, databases in
            try await withToolServer { other, others in
                try await databases["db5"].set("key", "x")
                try await others["db5"].set("key", "another")
                let file = server.folder + "/catalogue.json"
                try Data(#"{"databases":[{"name":"vectors","number":5,"url":"\#(server.url)"}]}"#.utf8)
                    .write(to: URL(fileURLWithPath: file))
                let words = ["vectors", "vectors", "--catalogue", file]
                let same = try await Bulkhead.run(["diff", "--json"] + words)
                #expect(same.exitCode == 0, "\(same.errors)")
                let (found, code) = try await found(
                    "vectors", "vectors", "--catalogue", file, "--right-url", other.url)
                #expect(code == 1)
                #expect(found.different == 1)
                for more in [[], ["--right-url", other.url]] {
                    let refused = try await Bulkhead.run(["diff"] + words + ["--url", other.url] + more)
                    #expect(refused.exitCode == 64)
                    #expect(refused.errors.contains("--url is not where vectors is"), "\(refused.errors)")
                }
            }
        }
    }

    @Test func `a pattern that no key fits is said, and is no success`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].set("doc:1", "1")
            try await databases[.main].send("SAVE")
            for left in ["main", server.folder + "/dump.rdb"] {
                let words = ["diff", left, "knowledge", "--url", server.url]
                let outcome = try await Bulkhead.run(words + ["--pattern", "docs:*"])
                #expect(outcome.exitCode == 1, "\(left)")
                #expect(outcome.errors.contains("no key matches docs:*"), "\(outcome.errors)")
                #expect(!outcome.text.contains("no keys on either side"), "\(outcome.text)")
            }
            // Two databases without keys are the same.
            #expect(try await Bulkhead.run("diff", "prompts", "knowledge", "--url", server.url).exitCode == 0)
        }
    }

    @Test func `only keys of the pattern are compared`() async throws {
        try await withToolServer { server, databases in
            try await fill(databases[.main])
            try await databases[.main].send("SAVE")
            for left in ["main", server.folder + "/dump.rdb"] {
                let (found, _) = try await found(left, "5", "--pattern", "doc:??", "--url", server.url)
                #expect(found.only_left == 90)
                #expect(found.compared == 90)
            }
        }
    }

    @Test(arguments: [
        (["main", "x.rdb"], "the file comes first"), (["a.rdb", "b.rdb"], "one side is a database"),
        (["main"], "the second database is missing"), (["main", "mian"], "did you mean main?"),
    ])
    func `a call that makes no sense says what to write instead`(words: [String], message: String) async throws {
        let outcome = try await Bulkhead.run(["diff"] + words)
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}
