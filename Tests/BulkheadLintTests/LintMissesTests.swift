import BulkheadLint
import Testing

/// What was overlooked once in a real code base, beside what looks like it and must stay silent.
@Suite("Lint of what hides") struct LintMissesTests {
    @Test(arguments: [
        "python3 -c 'CODE'", "if python3 -c 'CODE'; then x; fi", "if x; then python3 -c 'CODE'; fi",
        "{ python3 -c 'CODE'; }", "sudo -u app python3 -c 'CODE'", "timeout 5 python3.12 -c 'CODE'",
        "docker exec c python -c 'CODE'", "a || /usr/bin/python3 -u -c 'CODE'", "! python -c 'CODE'",
        "if python3 - <<'E'\nCODE\nE\nthen x; fi", "x && {\npython3 <<E\nCODE\nE\n}",
        "sudo python3 - <<E\nCODE\nE", "timeout 5 python3 <<E\nCODE\nE", "docker exec -i c python3 - <<E\nCODE\nE",
        "kubectl exec p -- python -c 'CODE'", "cat > a.py <<'E'\nCODE\nE", "sudo tee /opt/a.py <<'E'\nCODE\nE",
    ])
    func `Python in a shell is read, whatever stands before it`(source: String) {
        let code = "import redis; redis.Redis()"
        #expect(rules(in: source.replacing("CODE", with: code), .shell) == [.rawClient])
        #expect(rules(in: source.replacing("CODE", with: "import mine; mine.Redis()"), .shell) == [])
    }

    @Test(arguments: [
        "echo python3 -c 'CODE'", "if x; then echo \"python3 -c 'CODE'\"; fi", "grep -c 'CODE' python3",
        "python3 read.py <<E\nCODE\nE", "cat <<E\nCODE\nE", "cat > notes.txt <<E\nCODE\nE",
        "pip install python3 -c 'CODE'", "pythonic -c 'CODE'",
    ])
    func `Python that no shell runs is text`(source: String) {
        #expect(rules(in: source.replacing("CODE", with: "import redis; redis.Redis()"), .shell) == [])
    }

    @Test func `JavaScript in a shell is read`() {
        #expect(rules(in: "node -e \"const r = require('ioredis'); new r()\"", .shell) == [.rawClient])
        #expect(rules(in: "docker exec c node - <<E\nnew (require('ioredis'))\nE", .shell) == [])
    }

    @Test(arguments: [
        ("- shell: python3 -c 'import redis; redis.Redis()'", [LintRule.rawClient]),
        (
            "- shell: |\n    python3 - <<EOF\n    import redis\n    redis.Redis()\n    EOF\n    redis-cli flushall",
            [.rawClient, .flush]
        ),
        ("run: |\n  cat > .env <<E\n  REDIS_DB=3\n  E", [.databaseNumber]),
        ("run: |\n  if x; then\n    sudo python3 -c 'import redis; redis.Redis()'\n  fi", [.rawClient]),
        ("name: python tests for redis.Redis()", []), ("shell: python3 app.py", []),
        ("- shell: echo python3 -c 'import redis; redis.Redis()'", []),
    ])
    func `YAML that runs a shell is read as one`(source: String, expected: [LintRule]) {
        #expect(rules(in: source, .yaml) == expected)
    }

    @Test(arguments: [
        ("run_command \"redis-cli -n 2 FLUSHDB\"", [LintRule.databaseNumber, .flush]),
        ("retry 3 \"redis-cli FLUSHALL\"", [.flush]), ("if run \"redis-cli KEYS '*'\"; then x; fi", [.keys]),
        ("log_command \"redis-cli FLUSHALL\"", []), ("say \"redis-cli FLUSHALL\"", []),
        ("run_step \"redis-cli is not installed\"", []), ("run_step \"needs redis-cli FLUSHALL\"", []),
        ("if x; then echo redis-cli flushall; fi", []), ("sudo echo redis-cli flushall", []),
    ])
    func `a function that runs its text gets redis-cli to run`(source: String, expected: [LintRule]) {
        #expect(rules(in: source, .shell) == expected)
        let python = "run_command('redis-cli -n 2 FLUSHDB')\nlog_command('redis-cli -n 2 FLUSHDB')"
        #expect(found(in: python, .python) == ["1:13 database-number", "1:13 flush"])
    }

    @Test(arguments: [
        ("cat > .env <<E\nREDIS_DB=3\nE", ["2:10"]), ("cat <<E >> /app/.env\nA=1\nREDIS_DB=3\nE", ["3:10"]),
        ("sudo tee prod.env > /dev/null <<'E'\nREDIS_URL=redis://h/3\nREDIS_DB=4\nE", ["2:11", "3:10"]),
        ("cat > c.yml <<E\nredis:\n  db: 3\nE", ["3:7"]), ("cat > c.json <<E\n{\"redis\": {\"db\": 3}}\nE", ["2:18"]),
        ("cat > .env <<E\nREDIS_PORT=3\nDB=3\nE", []), ("cat > notes.md <<E\nREDIS_DB=3\nE", []),
        ("grep REDIS_DB .env <<E\nREDIS_DB=3\nE", []),
    ])
    func `a file that a here-document writes is read as what it becomes`(source: String, places: [String]) {
        #expect(found(in: source, .shell) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        ("env:\n  - name: REDIS_DB\n    value: \"3\"", ["3:13"]),
        ("env:\n- name: A\n  value: 1\n- {name: REDIS_DB, value: 3}", ["4:27"]),
        ("env:\n  - name: REDIS_DB\n    valueFrom:\n      x: 3", []),
        ("env:\n  - name: REDIS_PORT\n    value: \"3\"", []), ("env:\n  - name: DB\n    value: \"3\"", []),
        ("env:\n  - value: \"3\"\n    name: X\n  - name: REDIS_DB\n    valueFrom: y", []),
        ("- name: REDIS_DB\n- value: x", []), ("- name: start redis db\n  value: 3", []),
    ])
    func `Kubernetes' pairs of a name and a value are settings`(source: String, places: [String]) {
        #expect(found(in: source, .yaml) == places.map { "\($0) database-number" })
    }

    @Test func `so are those of a task in JSON`() {
        let task = #"{"environment": [{"name": "REDIS_DB", "value": "3"}]}"#
        #expect(found(in: task, .json) == ["1:49 database-number"])
    }

    @Test(arguments: [
        ("U = 'redis://a/1,redis://b/2'", ["1:6", "1:18"]),
        ("U = 'redis://a/1 redis://b/2;redis://c/3'", ["1:6", "1:18", "1:30"]),
        ("U = 'redis://a:1,redis://b:2/3'", ["1:18"]), ("U = f'redis://a/{n},redis://b/{n}'", ["1:7", "1:21"]),
        ("U = 'redis://a:1,b:2/3'", ["1:6"]), ("U = 'redis://a,redis://b'", []),
        ("U = 'redis://a/x,https://b/2'", []),
    ])
    func `each of several URLs in one string is found`(source: String, places: [String]) {
        #expect(found(in: source, .python) == places.map { "\($0) database-number" })
        let shell = found(in: "export U='redis://a/1,redis://b/2'", .shell)
        #expect(shell == ["1:11 database-number", "1:23 database-number"])
    }

    @Test(arguments: [
        ("REDIS_DB: int = 4", "1:1"), ("class S:\n    redis_db: Optional[int] = 4", "2:5"),
        ("REDIS_DB: int = Field(default=4)", "1:1"), ("REDIS_DB = int('4')", "1:1"),
        ("def f(redis_db: int = 4): pass", "1:7"), ("n = getenv(\"REDIS_DB\", 4)", "1:12"),
        ("n = int(os.environ.get('REDIS_DB', '4'))", "1:24"), ("n = config('REDIS_DB', default=4, cast=int)", "1:12"),
        ("n = os.environ['REDIS_DB'] or 4", "1:16"), ("o = {\"REDIS_DB\": 4}", "1:6"),
        ("o = {\"host\": redis_host, \"db\": 3}", "1:26"), ("o = {'host': h, 'port': 6379, 'db': 3}", "1:31"),
        ("o = dict(host=h, port=6379, db=3)", "1:29"), ("REDIS = {\"DB\": 2}", "1:10"),
        ("REDIS: dict = {\"DB\": 2}", "1:16"), ("o = {'redis': {'db': 3}}", "1:16"),
        ("C = {'BACKEND': 'django_redis.cache.RedisCache', 'OPTIONS': {'DB': 2}}", "1:62"),
    ])
    func `settings and options of Python that choose a database are found`(source: String, place: String) {
        #expect(found(in: source, .python) == ["\(place) database-number"])
    }

    @Test(arguments: [
        "REDIS_DB: int", "REDIS_DB: int = other", "REDIS_DB_TIMEOUT: int = 4", "n = getenv('REDIS_PORT', 4)",
        "n = getenv('DB', 4)", "n = getenv('REDIS_DB')", "n = getenv('REDIS_DB', default)", "if redis_db == 4: pass",
        "o = {'host': h, 'db': 3}", "o = {'db': 3} # redis", "o = {'host': redis, 'user': 'u', 'db': 3}",
        "o = {'host': redis, 'db': 'main'}", "o = {'BACKEND': 'postgres', 'OPTIONS': {'DB': 2}}",
        "redis_stats = {'db': 0}",
        "o = {'note': 'redis', 'db': 3}", "f(redis_state({'db': 3}))", "o = {'redis': {'port': 3}}",
        "x['REDIS_DB'] = y or 4",
        "o = {'host': redis, 'db': 3 + n}", "redis_db: dict[str, int] = {}",
    ])
    func `settings and options that look alike choose none`(source: String) {
        #expect(rules(in: source, .python) == [])
    }

    @Test(arguments: [
        "cls = redis.Redis if x else redis.StrictRedis\ncls()", "cls = redis.Redis or None\ncls(host=h)",
        "class A:\n    def f(self):\n        self.type = redis.Redis\n        self.type(host=h)",
        "def make(cls=redis.Redis): return cls()", "def make(url, cls=redis.Redis, n=1): return cls.from_url(url)",
    ])
    func `a type of clients that a variable holds makes clients`(source: String) {
        #expect(rules(in: "import redis\n" + source, .python) == [.rawClient])
        #expect(rules(in: "import mine\n" + source.replacing("redis.", with: "mine."), .python) == [])
    }

    @Test(arguments: [
        ("S = {'sentinels': [('h', 26379)], 'service_name': 'm', 'DB': 2}", "1:56"),
        ("S = dict(sentinels=hosts, db=2)", "1:27"), ("S = {'SENTINEL_KWARGS': {}, 'DB': 2}", "1:29"),
    ])
    func `options with sentinels are those of Redis`(source: String, place: String) {
        #expect(found(in: source, .python) == ["\(place) database-number"])
    }

    @Test func `options with sentinels of JavaScript are those of Redis`() {
        #expect(found(in: "const o = { sentinels: hosts, name: 'm', db: 3 }", .script) == ["1:42 database-number"])
        #expect(rules(in: "const o = { hosts: hosts, name: 'm', db: 3 }", .script) == [])
    }

    @Test(arguments: [
        ("docker run -e DB=\"${REDIS_DB:-3}\" x", LintLanguage.shell, ["1:19"]),
        ("redis-cli ${REDIS_DB:=3} ${CACHE_REDIS_DB-4}", .shell, ["1:11", "1:26"]),
        ("environment:\n  DB: ${REDIS_DB:-0}", .yaml, ["2:7"]), ("DB=${REDIS_DB:-3}", .settings, ["1:4"]),
        ("cat > .env <<E\nDB=${REDIS_DB:-3}\nE", .shell, ["2:4"]),
        ("echo ${REDIS_DB:3} ${REDIS_DB:-} ${REDIS_DB:-n} ${REDIS_PORT:-3}", .shell, []),
        ("echo ${DB:-3} ${REDIS_DB} ${#REDIS_DB}", .shell, []),
    ])
    func `what a variable is if nobody sets it is a setting`(
        source: String, language: LintLanguage, places: [String]
    ) {
        #expect(found(in: source, language) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        ("import KeyvRedis from '@keyv/redis'\nnew KeyvRedis(url)", [LintRule.rawClient]),
        ("import { createKeyv } from '@keyv/redis'\ncreateKeyv({ database: 3 })", [.rawClient, .databaseNumber]),
        ("const { KeyvValkey } = require('@keyv/valkey')\nnew KeyvValkey({ db: n })", [.rawClient, .databaseNumber]),
        ("import KeyvSqlite from '@keyv/sqlite'\nnew KeyvSqlite({ database: 3 })", []),
        ("import { Redis } from '@upstash/redis'\nRedis.fromEnv()", [.rawClient]),
        ("import { createHandyClient } from 'handy-redis'\ncreateHandyClient()", [.rawClient]),
    ])
    func `each library's clients of JavaScript are known`(source: String, expected: [LintRule]) {
        #expect(rules(in: source, .script) == expected)
    }

    @Test(arguments: [
        ("to_thread(conn.flushdb)", LintRule.flush), ("loop.run_in_executor(None, conn.flushall)", .flush),
        ("pool.submit(redis_client.keys, '*')", .keys), ("request.addfinalizer(conn.flushall)", .flush),
        ("to_thread(shelf.keys)", nil), ("assert_called(conn.flushdb)", nil), ("conn.flushdb.assert_called()", nil),
        ("mock.patch.object(conn, 'flushdb')", nil), ("f = conn.flushdb", nil),
    ])
    func `a command handed on to be called is found`(source: String, rule: LintRule?) {
        #expect(rules(in: source, .python) == (rule.map { [$0] } ?? []))
    }

    @Test(arguments: [
        ("x[db].keys(\"*\")", true), ("self.pools[name].keys(f'{p}:*')", true), ("x[db].keys()", false),
        ("x[db].keys(name)", false), ("x[db].keys('a')", false), ("x.keys('*')", false),
        ("import redis\ndef f(c): return c.keys('user:*')", true), ("import redis\nd.keys()", false),
    ])
    func `keys with a pattern are no dictionary's`(source: String, isFound: Bool) {
        #expect(rules(in: source, .python) == (isFound ? [.keys] : []))
    }

    @Test(arguments: [
        ("import fakeredis\nfakeredis.FakeStrictRedis()", [LintRule.rawClient]),
        ("from fakeredis.aioredis import FakeRedis\nFakeRedis(db=3)", [.rawClient, .databaseNumber]),
        ("from walrus import Database\nDatabase('h', 6379, 3)", [.rawClient, .databaseNumber]),
        ("from walrus import Database\nDatabase(host='h', db=n)", [.rawClient, .databaseNumber]),
        ("import glide\nglide.GlideClientConfiguration([a], database_id=3)", [.databaseNumber]),
        ("from glide import GlideClient\nawait GlideClient.create(c)", [.rawClient]),
        ("from arq import create_pool\ncreate_pool(settings)", [.rawClient]),
        ("from arq.connections import RedisSettings\nRedisSettings(database=N)", [.databaseNumber]),
        ("import coredis\ncoredis.Redis.from_url(u)", [.rawClient]),
        ("from sqlalchemy import Database\nDatabase('h', 1, 3)", []),
        ("from mine import create_pool\ncreate_pool()", []),
        ("from walrus import Model\nModel(db=3)", []), ("import arq\narq.cron(f, minute=3)", []),
    ])
    func `each library's clients and settings are known`(source: String, expected: [LintRule]) {
        #expect(rules(in: source, .python) == expected)
    }

    @Test(arguments: [
        ("c.swapDatabase(0, with: 1)", LintRule.move), ("c.select(database: 3)", .select),
        ("let redisDatabase: Int = 3", .databaseNumber),
        ("let n = environment[\"REDIS_DB\"] ?? \"3\"", .databaseNumber),
        ("swapDatabases()", nil), ("let redisDatabase: Int = n", nil),
    ])
    func `Swift's swaps and settings are found`(source: String, rule: LintRule?) {
        let start = "import RediStack\nfunc f(c: RedisConnection) {\n"
        #expect(rules(in: start + source + "\n}", .swift) == (rule.map { [$0] } ?? []))
        #expect(rules(in: "import Mine\nc.swapDatabase(0, with: 1)", .swift) == [])
    }
}
