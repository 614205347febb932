import BulkheadLint
import Testing

@Suite("Lint of Swift") struct LintSwiftTests {
    @Test(arguments: [
        ("Valkey", "let c = ValkeyClient(.hostname(\"h\"))"),
        ("Valkey", "let c: ValkeyClient = .init(.hostname(\"h\"))"),
        ("Valkey", "let c = ValkeyClient.init(.hostname(\"h\"))"),
        ("Valkey", "let c = try await Valkey.ValkeyConnection.connect(address: a)"),
        ("Valkey", "try await ValkeyConnection.withConnection(address: a) { c in }"),
        ("Valkey", "typealias V = ValkeyClient\nlet c = V(a)"),
        ("RediStack", "let c = try RedisConnection.make(configuration: d)"),
        ("RediStack", "f(RedisConnectionPool(configuration: d))"),
        ("RediStack", "let s = \"a \\(RedisConnectionPool(configuration: d)) b\""),
        ("RediStack", "let s = #\"\\(x) \\#(RedisConnectionPool(configuration: d))\"#"),
        ("RediStack", "let s = \"\"\"\n  \"quoted\" \\(RedisConnectionPool(x))\n  \"\"\""),
        ("hiredis", "let c = redisConnect(\"h\", 6379)"),
        ("CHiredis", "let c = redisAsyncConnect(\"h\", 6379)"),
        ("struct Valkey.ValkeyClient", "let c = ValkeyClient(a)"),
    ])
    func `a client of another package is found where its module is imported`(module: String, source: String) {
        #expect(rules(in: "@preconcurrency import \(module)\n\(source)", .swift) == [.rawClient])
        #expect(rules(in: "import Foundation\n\(source)", .swift) == [])
    }

    @Test(arguments: [
        "// ValkeyClient()", "/* a /* b */ ValkeyClient() */", "let s = \"ValkeyClient()\"",
        "let s = #\"\\(ValkeyClient())\"#", "let s = \"\"\"\n  ValkeyClient()\n  \"\"\"",
        "let s = \"\\\\(ValkeyClient())\"",
        "func f(c: ValkeyClient) {}", "let r = /\"ValkeyClient()/\nlet s = 1", "let r = #/ \" ValkeyClient() /#",
        "let x = a / b // \" ValkeyClient()",
    ])
    func `comments, strings, types and regular expressions are no clients`(source: String) {
        #expect(rules(in: "import Valkey\n\(source)", .swift) == [])
    }

    @Test func `code goes on behind a regular expression with a quote in it, and behind a string never closed`() {
        #expect(found(in: "import Valkey\nlet r = /a\"/; ValkeyClient()", .swift) == ["2:15 raw-client"])
        #expect(found(in: "import Valkey\nlet s = \"open\nValkeyClient()", .swift) == ["3:1 raw-client"])
    }

    @Test(arguments: [
        ("c.keys(\"*\")", LintRule.keys), ("try await c.select(3)", .select),
        ("try await c.execute(SELECT(index: 3))", .select), ("c.flushall()", .flush), ("c.flushdb()", .flush),
        ("try await c.swapdb(index1: 0, index2: 1)", .move), ("c.send(command: \"FLUSHALL\")", .flush),
        ("app.redis.keys(\"*\")", .keys), ("c.withConnection { k in k.keys(\"*\") }", .keys),
        ("func f(_ k: ValkeyClient?) { k?.keys(\"*\") }", .keys), ("dictionary.keys", nil), ("d.keys(\"a\")", nil),
        ("list.move(from: 1)", nil), ("c.send(command: \"GET\")", nil),
    ])
    func `commands that leave or empty a database are found at clients`(call: String, rule: LintRule?) {
        let source = "import Valkey\nfunc g(c: ValkeyClient) {\n\(call)\n}"
        #expect(rules(in: source, .swift) == (rule.map { [$0] } ?? []))
    }

    @Test func `a named database's own flushdb is no finding, and a SELECT it would refuse is one`() {
        #expect(rules(in: "import Bulkhead\ntry await databases[.main].flushdb()", .swift) == [])
        #expect(rules(in: "import Bulkhead\ntry await main.send(\"SELECT\", \"3\")", .swift) == [.select])
    }

    @Test(arguments: [
        ("ValkeyClientConfiguration(databaseNumber: 3)", true), ("x = .init(host: h, initialDatabase: 3)", true),
        ("RedisConfiguration(database: 3)", true), ("Postgres(database: 3)", false),
        ("f(initialDatabase: nil)", false), ("let u = \"redis://h/3\"", true),
        ("let u = \"redis://\\(h)/\\(n)\"", true),
        ("let u = \"redis://h\"", false), ("redisCommand(context, \"SELECT 3\")", false),
    ])
    func `a number given to a client or in a URL is found`(source: String, isFound: Bool) {
        #expect(rules(in: "import Valkey\n\(source)", .swift) == (isFound ? [.databaseNumber] : []))
    }

    @Test func `hiredis' commands are read`() {
        #expect(rules(in: "import hiredis\nredisCommand(context, \"SELECT 3\")", .swift) == [.select])
    }
}
