import Testing

@testable import BulkheadLint

@Suite("Lint of shells") struct LintShellTests {
    @Test func `every command that the table forbids breaks its rule`() {
        #expect(ForbiddenCommand.all.count >= 8)
        for command in ForbiddenCommand.all {
            var words = "redis-cli \(command.name)"
            if case .withWord(let word) = command.condition { words += " a b \(word)" }
            #expect(rules(in: words, .shell) == [command.rule], "\(words)")
        }
    }

    @Test(arguments: [
        ("redis-cli -n 3 get x", [LintRule.databaseNumber]),
        ("redis-cli -h \"$H\" \\\n  -p 6379 -n \"$N\" get x", [.databaseNumber]),
        ("/usr/local/bin/valkey-cli -n 3 ping", [.databaseNumber]),
        ("redis-cli -h h FLUSHALL", [.flush]), ("redis-cli 'flushdb' async", [.flush]),
        ("redis-cli KEYS '*' | xargs redis-cli DEL", [.keys]), ("redis-cli select 3", [.select]),
        ("redis-cli move k 1", [.move]), ("redis-cli migrate h 1 k 2 9", [.move]),
        ("redis-cli swapdb 0 1", [.move]), ("redis-cli copy a b DB 3", [.move]),
        ("redis-cli -n 1 --rdb f", [.databaseNumber, .snapshot]),
        ("redis-cli --rdb f -n 1", [.snapshot, .databaseNumber]),
        ("redis-cli -u redis://h/3 ping", [.databaseNumber]),
        ("redis-cli eval \"redis.call('flushall')\" 0", [.flush]),
        ("sudo -u redis timeout 5 redis-cli flushall", [.flush]), ("docker exec c redis-cli flushall", [.flush]),
        ("if true; then redis-cli flushall; fi", [.flush]), ("a && redis-cli flushall || b", [.flush]),
        ("x=$(redis-cli -n 3 dbsize)", [.databaseNumber]), ("x=\"`redis-cli -n 3 dbsize`\"", [.databaseNumber]),
        ("echo \"$(echo \"$(redis-cli keys '*')\")\"", [.keys]),
        ("sh -c 'redis-cli flushall'", [.flush]), ("ssh h \"redis-cli -n $N ping\"", [.databaseNumber]),
        ("echo FLUSHALL | redis-cli", [.flush]), ("printf 'SELECT 3\\nKEYS *\\n' | redis-cli -h h", [.keys, .select]),
        ("echo FLUSHALL 2>&1 | redis-cli", [.flush]), ("redis-cli <<< 'FLUSHALL'", [.flush]),
        ("redis-cli <<E\nGET x\n  FLUSHDB\nE", [.flush]), ("cat <<-'E' | redis-cli\n\tSWAPDB 0 1\n\tE", [.move]),
        ("bash <<E\nredis-cli flushall\nE", [.flush]),
        ("R=\"redis-cli -h h\"\n$R flushall", [.flush]), ("R='redis-cli -n 3'\n\"${R}\" get x", [.databaseNumber]),
        ("c=(redis-cli -n 3)", [.databaseNumber]),
        ("export REDIS_DB=3", [.databaseNumber]), ("URL=\"redis://$H:6379/${N}\"", [.databaseNumber]),
        ("python3 - <<E\nimport redis\nr = redis.Redis(db=3)\nE", [.rawClient, .databaseNumber]),
        ("python -c 'import redis; redis.Redis()'", [.rawClient]),
    ])
    func `what redis-cli is told is found, however a shell gets to it`(source: String, expected: [LintRule]) {
        #expect(rules(in: source, .shell) == expected)
    }

    @Test(arguments: [
        "# redis-cli flushall", "echo \"redis-cli flushall\"", "echo redis-cli flushall",
        "x='a # b' # redis-cli keys x",
        "cat <<E\nredis-cli flushall\nE", "redis-cli get flushall", "redis-cli -a flushall ping", "redis-cli --scan",
        "redis-cli --rdb f", "command -v redis-cli", "apt-get install redis-cli", "redis-cli hset k select 3",
        "grep -n 3 redis-cli", "head -n 3 file", "log 'redis-cli flushall'", "redis-cli # flushall",
        "REDIS_DB_TIMEOUT=3",
    ])
    func `words about redis-cli, and its harmless calls, are no findings`(source: String) {
        #expect(rules(in: source, .shell) == [])
    }

    @Test func `places are those of the flag and of the command`() {
        #expect(
            found(in: "# ä\nredis-cli \\\n  -n 3 \\\n  FLUSHALL", .shell) == ["3:3 database-number", "4:3 flush"])
        #expect(found(in: "cat <<E | redis-cli\nGET x\n  FLUSHDB\nE\n", .shell) == ["3:3 flush"])
    }

    @Test func `a quote that a recipe leaves open ends with its line`() {
        #expect(found(in: "LABEL a=don't\nRUN redis-cli -n 3 ping\n", .recipe) == ["2:15 database-number"])
        #expect(rules(in: "CMD [\"redis-cli\", \"-n\", \"3\", \"flushdb\"]", .recipe) == [.databaseNumber, .flush])
        #expect(rules(in: "f:\n\t@redis-cli flushall # it's\n\t-redis-cli keys x\n", .recipe) == [.flush, .keys])
        #expect(rules(in: "0 3 * * * redis-cli -n 1 flushdb\n", .recipe) == [.databaseNumber, .flush])
    }
}
