import BulkheadLint
import BulkheadTestSupport
import Testing

/// Any bytes are read to their end, in time that grows with their number: a suite that hangs or traps has failed.
@Suite("Lint of any bytes", .timeLimit(.minutes(10))) struct LintFuzzTests {
    static let languages: [LintLanguage] = [.swift, .python, .script, .shell, .recipe, .yaml, .json, .settings]

    /// Sources that use all that the readers know.
    static let seeds = [
        """
        import Valkey
        let s = "a \\(ValkeyClient("b \\(c)")) \\u{41}"; let r = #\"\"\"
         x \\#(y) \"\"\"#
        /* /* */ */ let z = /a"/
        """,
        """
        from redis import (Redis as R,
          StrictRedis)
        x = R(db=3, **k)
        f'{x!r:>{w}} {{}} {R().keys("*")}' rb'\\x' '''
        '''
        """,
        """
        import Redis, { Cluster as C } from "ioredis"
        const r = new Redis({ host, db: 3 }), re = /["'/`]/, t = `a ${`b ${C.x?.keys("*") ?? 3}`} }`
        const { createClient: make } = require("redis"); make<A>({ database: N }) /* x */
        """,
        """
        redis-cli -n 3 \\
         flushall <<'E' | cat
        SELECT 3
        E
        x=$(a "`b`" ${c:-'d'}) # bulkhead: allow keys because x
        """,
        """
        a: &x !t
          - redis://u:p@[::1]:6379/3?db=4 # c
          - {b: [1, "redis-cli", -n, 3]}
        r: |
          redis-cli keys '*'
        """,
        """
        {"redis": {"db": 3, "u": "redis://h/{{ x }}"}, /* c */ "s": ["redis-cli", "-n", "3"]} // d
        """,
        """
        [redis]
        db = 3
        u = \"\"\"redis://h/${X}\"\"\"
        l = [
         1, { db = 3 }, # c
        ]
        export A='redis-cli -n 3'
        """,
    ]

    @Test(arguments: languages) func `every beginning of a source ends`(language: LintLanguage) {
        for seed in Self.seeds {
            let bytes = Array(seed.utf8)
            for count in 0...bytes.count { check(Array(bytes[..<count]), language) }
        }
    }

    @Test(arguments: languages) func `mutated and random sources end`(language: LintLanguage) {
        var random = SeededGenerator(seed: 1)
        let signs = Array("\"'`\\(){}[]<>#/*$:;,.=|&-!?@%\n\t \r\u{0}x3".utf8) + [0xff, 0xc3, 0xef]
        for _ in 0..<400 {
            var bytes = Array(Self.seeds[random.below(Self.seeds.count)].utf8)
            for _ in 0...random.below(6) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(5) {
                case 0: bytes[place] = signs[random.below(signs.count)]
                case 1: bytes.insert(signs[random.below(signs.count)], at: place)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(8)))
                case 3:
                    let part = bytes[place...].prefix(random.below(40))
                    bytes.insert(contentsOf: part, at: random.below(bytes.count))
                default: bytes[place] = UInt8(random.below(256))
                }
            }
            check(bytes, language)
            check((0..<random.below(80)).map { _ in signs[random.below(signs.count)] }, language)
        }
    }

    /// What costs much once must not cost it again for each byte: if it did, 32 KiB of each would take hours.
    @Test(
        .enabled(if: TestTier.isWhole),
        arguments: [
            "(", "[{", "f\"{", "\"\\(", "$(", "`", "redis://", "redis://{{", "\"a\" ", "/\\", "\\/", "/*", "#\"",
            "##\\",
            "- ", "a: {",
            "a <<A;", "<<A\n", "redis.Redis(", "[\"redis-cli\", ", "a.", "x?.keys(",
            "# bulkhead: allow keys because x\n",
            "/* bulkhead: allow keys because x */ ", "sh -c 'redis-cli ", "'redis://h/3' f'{", "\"redis://h/3 \\(",
            "x.send([", "a=[", "`${", "{\"db\": 3, ", "{\"redis\": {", "[\"redis-cli\", [\"a\"], ", "createClient<",
            "getenv(\"REDIS_DB\", ", "cat > a.py <<E\n", "sh -c \"python -c '", "import {", "redis_db: a",
            "R='redis-cli a a a a'\n$R\n", "a 'b\n", "redis:\n", "\n- - ", "def f(a: redis.Redis, ",
        ])
    func `no text costs more than its length`(unit: String) {
        let bytes = Array(String(repeating: unit, count: (32 << 10) / unit.utf8.count).utf8)
        for language in Self.languages { check(bytes, language) }
    }

    /// Findings lie in the file and in its order.
    private func check(_ bytes: [UInt8], _ language: LintLanguage) {
        let findings = Linter.findings(in: bytes, as: language)
        let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
        for finding in findings where !(1...lines).contains(finding.line) || finding.column < 1 {
            Issue.record("\(finding) is not in \(String(decoding: bytes, as: UTF8.self))")
        }
        let places = findings.map { [$0.line, $0.column] }
        if zip(places, places.dropFirst()).contains(where: { $1.lexicographicallyPrecedes($0) }) {
            Issue.record("not in order: \(String(decoding: bytes.prefix(400), as: UTF8.self))")
        }
    }
}
