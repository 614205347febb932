import BulkheadLint
import Testing

@Suite("Lint of JavaScript and TypeScript") struct LintScriptTests {
    @Test(arguments: [
        "import { createClient } from 'redis'\nconst c = createClient({ url })",
        "import { createClient as make } from \"redis\";\nexport const c = await make().connect()",
        "import * as redis from '@redis/client'\nredis.createClient()",
        "import redis from 'redis'\nredis.createCluster({ rootNodes })",
        "const redis = require('redis')\nconst c = redis.createClient()",
        "const { createClient } = require('redis')\ncreateClient()",
        "const { createClient: make } = require('redis')\nmake()",
        "const c = require('redis').createClient()",
        "const make = require('redis').createClient\nmake()",
        "const { createClient } = await import('redis')\ncreateClient()",
        "import { createClient, type RedisClientType } from 'redis'\ncreateClient<M, F>()",
        "import Redis from 'ioredis'\nnew Redis()", "import Redis from 'ioredis'\nclass A { c = new Redis(6379) }",
        "import Redis = require('ioredis')\nnew Redis()", "const Redis = require('ioredis')\nnew Redis",
        "import { Redis as R } from 'ioredis'\nnew R()", "import Redis from 'ioredis'\nnew Redis.Cluster([])",
        "import { Cluster } from 'iovalkey'\nnew Cluster([])",
        "import { GlideClient } from '@valkey/valkey-glide'\nawait GlideClient.createClient({ addresses })",
        "import { RedisClient } from 'bun'\nnew RedisClient()",
        "import Redis from 'ioredis'\nclass Cache extends Redis {}\nnew Cache()",
        "import Redis from 'ioredis'\nconst s = `a ${f(`b ${new Redis()}`)} c`",
        "import Redis from 'ioredis'\nconst r = /[\"'/]/.test(x); new Redis()",
        "import Redis from 'ioredis'\nconst s = 'it\\'s'; new Redis()",
    ])
    func `a client is found under any name and in any place of code`(source: String) {
        #expect(rules(in: source, .script) == [.rawClient])
    }

    @Test(arguments: [
        "import { createClient } from '@supabase/supabase-js'\ncreateClient({ database: 3 })",
        "import { createClient } from './redis'\ncreateClient({ database: 3 })",
        "import type { RedisClientType } from 'redis'\nlet c: RedisClientType",
        "import Redis from 'ioredis'\n// new Redis()\n/* new Redis() */",
        "import Redis from 'ioredis'\nconst s = 'new Redis()' + \"new Redis()\" + `new Redis()`",
        "import Redis from 'ioredis'\nconst r = /new Redis()/",
        "import Redis from 'ioredis'\nfunction f(c: Redis): Redis { return c }",
        "jest.mock('ioredis')\nnew Redis()", "class Redis {}\nnew Redis()",
        "import { RedisError } from 'redis'\nnew RedisError()",
    ])
    func `comments, strings, types and what is named alike are no clients`(source: String) {
        #expect(rules(in: source, .script) == [])
    }

    @Test(arguments: [
        ("createClient({ url, database: 3 })", "2:21"), ("createClient({ database: N })", "2:16"),
        ("createClient({\n  socket: { host },\n  database: parse(x),\n})", "4:3"),
        ("createClient({ database })", "2:16"), ("new Redis({db: 3})", "2:12"),
        ("new Redis(6379, 'h', { db: 3 })", "2:24"), ("new Redis({ host, db: process.env.N })", "2:19"),
        ("new Redis('redis://h:6379/3')", "2:12"), ("const u = `redis://${h}:${p}/${db}`", "2:12"),
        ("makeRedisClient({ db: 3 })", "2:19"), ("const o = { host: 'h', port: 6379, db: 3 }", "2:36"),
        ("const o = { \"redis\": { \"db\": 3 } }", "2:24"), ("const redis = { db: 3 }", "2:17"),
        ("const REDIS_DB = 3", "2:7"), ("const n = process.env.REDIS_DB || 3", "2:11"),
        ("const n = parseInt(process.env.REDIS_DB ?? '3', 10)", "2:20"), ("f({ redisDb: 3 })", "2:5"),
        ("class C { redisDb: number = 3 }", "2:11"),
    ])
    func `a number given to a client is found where it stands`(source: String, place: String) {
        let imports = "import { createClient } from 'redis'; import Redis from 'ioredis'\n"
        let all = found(in: imports + source, .script)
        #expect(all.filter { $0.hasSuffix("database-number") } == ["\(place) database-number"])
    }

    @Test(arguments: [
        "new Redis({ db: undefined })", "new Redis({ host })", "createClient({ database: 'main' })",
        "open({ database: 3 })", "knex({ host: 'h', user: 'u', db: 3 })", "f({ db: 3 })",
        "const redisStats = { db: 0 }", "interface O { host: string; db: number }", "const REDIS_DB_TIMEOUT = 3",
        "if (redisDb === 3) {}", "const f = (redisDb) => 3", "const n = process.env.REDIS_PORT || 3",
        "const { redisDb: a, port = 3 } = x", "const u = 'https://redis.io/3'",
    ])
    func `other numbers are none of a database`(source: String) {
        let imports = "import { createClient } from 'redis'; import Redis from 'ioredis'\n"
        #expect(!rules(in: imports + source, .script).contains(.databaseNumber))
    }

    @Test(arguments: [
        ("await redisClient.keys('*')", LintRule.keys), ("this.#redis?.keys(`a*`)", .keys),
        ("redis.flushall()", .flush), ("redisClient.flushAll()", .flush), ("x.flushDb()", .flush),
        ("redisClient.FLUSHDB()", .flush), ("redisClient.select(3)", .select), ("redisClient.swapDb(0, 1)", .move),
        ("redisClient.move('k', 1)", .move), ("c.sendCommand(['SELECT', '3'])", .select),
        ("redis.call('FLUSHALL')", .flush), ("c.customCommand(['KEYS', '*'])", .keys),
        ("redis.multi().keys('a*')", .keys), ("redis.duplicate().select(3)", .select),
        ("redis.eval(\"redis.call('flushall')\", 0)", .flush), ("clients[db].keys('*')", .keys),
        ("promisify(redis.flushall)", .flush), ("conn.keys('user:*')", .keys),
        ("Object.keys(redis)", nil), ("redisMap.keys()", nil), ("map.keys()", nil), ("clients[db].keys()", nil),
        ("nodeCache.flushAll()", nil), ("f.call('FLUSHALL')", nil), ("$('#a').select()", nil),
        ("c.sendCommand(new SelectCommand('3'))", nil), ("expect(redis.flushall).toBeCalled()", nil),
        ("log(redis.flushall)", nil), ("knex.select(3)", nil),
    ])
    func `commands that leave or empty a database are found at clients`(source: String, rule: LintRule?) {
        #expect(rules(in: "import { X } from 'redis'\n" + source, .script) == (rule.map { [$0] } ?? []))
    }

    @Test func `a client that is held is known by its name and by its type afterwards`() {
        let source = """
            import { createClient, RedisClientType } from 'redis'
            class A {
              private c?: RedisClientType
              start() { this.d = createClient() }
              f() { this.d.keys('a'); c.select(3) }
            }
            """
        #expect(found(in: source, .script) == ["4:22 raw-client", "5:16 keys", "5:29 select"])
    }

    @Test(arguments: [
        "spawn('redis-cli', ['-n', '3', 'FLUSHALL'])", "execSync('redis-cli -n 3 FLUSHALL')",
        "await $`redis-cli -n ${n} FLUSHALL`", "runCommand(\"redis-cli -n 3 FLUSHALL\")",
    ])
    func `calls of redis-cli are read`(source: String) {
        #expect(Set(rules(in: source, .script)) == [.databaseNumber, .flush])
    }

    @Test(arguments: ["a.ts", "a.tsx", "a.mts", "a.js", "a.cjs", "b/a.jsx", "x.d.ts"])
    func `files are known by their suffix`(path: String) {
        #expect(LintLanguage(path: Array(path.utf8)) == .script)
        #expect(LintLanguage(path: Array("a.min.js".utf8)) == nil)
    }

    @Test func `an allow-comment works behind two slashes`() {
        let source = "import Redis from 'ioredis'\n// bulkhead: allow raw-client because it maps names\nnew Redis()"
        #expect(rules(in: source, .script) == [])
    }
}
