import BulkheadLint
import Testing

@Suite("Lint's allow-comments") struct LintAllowTests {
    @Test(arguments: [
        ("import redis\nredis.Redis()  # bulkhead: allow raw-client because it maps names", LintLanguage.python),
        ("import redis\n# bulkhead: allow raw-client because it maps names\nredis.Redis()", .python),
        ("import redis\n# bulkhead: allow raw-client because a\n# and b\nredis.Redis()", .python),
        ("import redis\n#bulkhead: allow raw-client, database-number because a\nredis.Redis(db=3)", .python),
        ("import Valkey\n// bulkhead: allow raw-client because a\nlet c = ValkeyClient(a)", .swift),
        ("import Valkey\nlet c = ValkeyClient(a)  /* bulkhead: allow raw-client because a */", .swift),
        ("redis-cli flushall # bulkhead: allow flush because a", .shell),
        ("cat <<E | sh\nE\n# bulkhead: allow flush because a\nredis-cli flushall", .shell),
        ("u: redis://h/3 # bulkhead: allow database-number because a", .yaml),
        ("run: |\n  # bulkhead: allow flush because a\n  redis-cli flushall", .yaml),
        ("{\"u\": \"redis://h/3\"} // bulkhead: allow database-number because a", .json),
        ("; bulkhead: allow database-number because a\nREDIS_DB=3", .settings),
        ("# bulkhead: allow flush because a\nRUN redis-cli flushall", .recipe),
    ])
    func `a comment with a rule and a reason lets a finding stand, on its line or before`(
        source: String, language: LintLanguage
    ) {
        #expect(rules(in: source, language) == [])
    }

    @Test(arguments: [
        "redis.Redis()  # bulkhead: allow raw-client",
        "redis.Redis()  # bulkhead: allow raw-client because",
        "redis.Redis()  # bulkhead: allow because it is so",
        "redis.Redis()  # bulkhead: allow",
        "redis.Redis()  # bulkhead: allow raw-clients because it is so",
        "redis.Redis()  # bulkhead: allow unused-allow because it is so",
    ])
    func `without a known rule or a reason it allows nothing, and is a finding itself`(source: String) {
        #expect(rules(in: "import redis\n\(source)", .python) == [.rawClient, .badAllow])
    }

    @Test func `an unknown rule is answered with the list of rules`() {
        let findings = Linter.findings(in: Array("# bulkhead: allow raw-clent because a".utf8), as: .python)
        let all = "raw-client, database-number, select, move, flush, keys, snapshot"
        #expect(findings.map(\.what) == ["this allows nothing: there is no rule 'raw-clent', only \(all)"])
    }

    @Test(arguments: [
        "# bulkhead: allow keys because a\nx = 1",
        "import redis\n# bulkhead: allow keys because a\n\nredis_client.keys('a')  # bulkhead: allow keys because b",
        "x = 1  # bulkhead: allow keys because a\nredis_client.keys('a')  # bulkhead: allow keys because b",
        "# bulkhead: allow keys, flush because a\nredis_client.keys('a')",
    ])
    func `a comment that allows nothing, or less than it says, is a finding`(source: String) {
        #expect(rules(in: source, .python) == [.unusedAllow])
    }

    @Test func `it allows the rules that it names, and no others`() {
        let source = "import redis\nredis.Redis(db=3)  # bulkhead: allow raw-client because a"
        #expect(rules(in: source, .python) == [.databaseNumber])
    }

    @Test func `in a string it is no comment`() {
        let source = "import redis\nf(redis.Redis(), '# bulkhead: allow raw-client because a')"
        #expect(rules(in: source, .python) == [.rawClient])
    }

    @Test func `other comments of other tools change nothing`() {
        #expect(rules(in: "import redis\nredis.Redis()  # noqa: redis", .python) == [.rawClient])
    }
}
