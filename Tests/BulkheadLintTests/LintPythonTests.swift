import BulkheadLint
import Testing

@Suite("Lint of Python") struct LintPythonTests {
    /// The ten ways of which a hook that greps for `redis.Redis(` between spaces found two.
    @Test(arguments: [
        "import redis\nclient = redis.Redis(host='h')",
        "import redis\nx=redis.Redis()",
        "import redis\nf(redis.Redis())",
        "import redis.asyncio\nredis.asyncio.Redis()",
        "import redis.asyncio as async_redis\nasync_redis.Redis()",
        "import redis\nredis.from_url(URL)",
        "import redis\nredis.StrictRedis()",
        "from redis import Redis\nRedis()",
        "import redis\nredis.ConnectionPool()",
        "import aioredis\naioredis.Redis()",
    ])
    func `each of ten ways to construct a client is found`(source: String) {
        #expect(rules(in: source, .python) == [.rawClient])
    }

    @Test(arguments: [
        "import redis as r\nr.Redis()",
        "from redis import Redis as R, StrictRedis as S\nR()",
        "from redis import (\n    Redis as R,  # the client\n    ConnectionError,\n)\nR()",
        "from redis import asyncio as aio\naio.from_url(URL)",
        "from redis.asyncio import Redis\nRedis.from_url(URL)",
        "from redis import *\nRedis()",
        "from redis.cluster import RedisCluster\nRedisCluster()",
        "from redis.sentinel import Sentinel\nSentinel([])",
        "import redis.asyncio as redis\nredis.BlockingConnectionPool()",
        "import redis\nR = redis.Redis\nR()",
        "import redis\nm = redis\nm.Redis()",
        "import redis\nclass Cache(redis.Redis): pass\nCache()",
        "import redis, functools\nfunctools.partial(redis.Redis)",
        "import redis\nredis \\\n    .Redis()",
        "try: import redis\nexcept ImportError: pass\nredis.Redis()",
        "import importlib\nr = importlib.import_module('redis')\nr.Redis()",
        "async_redis.Redis()",
        "import aioredis\nawait aioredis.create_redis_pool('redis://h')",
        "import valkey\nvalkey.Valkey()",
        "from glide import GlideClient\nawait GlideClient.create(config)",
        "import redis\nf\"{redis.Redis().get('x'):>{width}}\"",
        "import redis\nlog(f'a {redis.Redis(host=\"h\").get(\"k\")!r} b')",
    ])
    func `a client is found under any name and in any place of code`(source: String) {
        #expect(rules(in: source, .python) == [.rawClient])
    }

    @Test(arguments: [
        "import redis\n# redis.Redis()",
        "import redis\nx = 'redis.Redis()'",
        "import redis\n\"\"\"\nredis.Redis()\nredis://host/3\n\"\"\"",
        "import redis\nx = r'\\\\' 'redis.Redis()'", "import redis\nx = r'\\' redis.Redis()'",
        "import redis\nx = '''it's\nredis.Redis()'''",
        "import redis\nf'{{redis.Redis()}}'",
        "import redis\ndef f(c: redis.Redis) -> redis.Redis: return c",
        "import redis\nexcept redis.ConnectionError: pass",
        "import redis\nredis.exceptions.from_url",
        "class Redis: pass\nRedis()",
        "from mine import Redis\nRedis()", "from .redis import Redis\nRedis()", "from ..redis import Redis\nRedis()",
        "import redis\nfrom . import Redis\nRedis()",
        "from dulwich import client\nclient.from_url('x')",
    ])
    func `comments, strings and what is named alike are no clients`(source: String) {
        #expect(rules(in: source, .python) == [])
    }

    @Test(arguments: [
        ("redis.Redis(host='h',\n  db=3)", "3:3"),
        ("redis.Redis('h', 6379, 3)", "2:24"),
        ("redis.Redis(db=settings.DB)", "2:13"),
        ("redis.ConnectionPool(db = 0)", "2:22"),
        ("s.master_for('m', db=1)", "2:19"),
        ("get_redis_client(db=2)", "2:18"), ("REDIS_DB = 3", "2:1"), ("make(redis_db=3)", "2:6"),
    ])
    func `a number given to a client is found where it stands`(call: String, place: String) {
        let all = found(in: "import redis\n\(call)", .python)
        #expect(all.filter { $0.hasSuffix("database-number") } == ["\(place) database-number"])
    }

    @Test(arguments: [
        "connect(db=3)", "REDIS_DB = 'x'", "REDIS_PORT = 3", "sqlite.open(database=3)",
        "redis.Redis(db=None)", "redis.Redis('h', 6379)",
        "get_redis_client(database='main')", "f(redis.Redis(), db=3)",
    ])
    func `other numbers are none of a database`(call: String) {
        #expect(!rules(in: "import redis\n\(call)", .python).contains(.databaseNumber))
    }

    @Test(arguments: [
        ("url = 'redis://host/3'", "1:8"),
        ("url = f'redis://{h}:{p}/{db}'", "1:9"),
        ("url = 'redis://' 'host' '/3'", "1:7"),
        ("url = 'r\\x65dis://host/3'", "1:7"),
        ("url = b'rediss://u:p@host:6380/12?x=1'", "1:9"),
        ("url = 'see redis://h/3 there'", "1:12"),
        ("url = 'unix:///run/redis.sock?db=3'", "1:8"),
        ("url = 'valkey://h?x=1&db=3'", "1:8"),
        ("url = 'redis+sentinel://h:1,g:2/mymaster/3'", "1:8"),
        ("url = 'redis://%s:%d/%d' % x", "1:8"),
        ("url = 'redis://{}/{}'.format(h, d)", "1:8"),
        ("url = 'redis://h:6379'", ""), ("url = 'redis://h:6379/'", ""), ("url = 'redis://h/path'", ""),
        ("url = 'https://h/3'", ""), ("url = 'redis://h/3x'", ""), ("# redis://h/3", ""),
        ("url = 'redis://h/'\nx = '3'", ""),
    ])
    func `a number in a URL is found, also where a variable is put in`(source: String, place: String) {
        #expect(found(in: source, .python) == (place.isEmpty ? [] : ["\(place) database-number"]))
    }

    @Test(arguments: [
        ("r = get_redis_client('main')\nr.keys()", LintRule.keys),
        ("self.redis_client.keys('a*')", .keys),
        ("get_redis_client('main').keys('x')", .keys),
        ("(await get_async_redis('main')).keys('x')", .keys),
        ("redis_clients['main'].keys('x')", nil),
        ("self.redis.pipeline().keys('x')", .keys),
        ("p = redis.pipeline()\np.keys('x')", .keys),
        ("def f(c: redis.Redis): c.keys()", .keys),
        ("def f(c: 'redis.Redis' = None): c.keys()", .keys),
        ("c: Optional[redis.Redis] = None\nc.keys()", .keys),
        ("redis_client.flushall()", .flush), ("anything.flushdb(asynchronous=True)", .flush),
        ("redis_client.select(3)", .select), ("redis_client.swapdb(0, 1)", .move), ("redis_client.move('k', 1)", .move),
        ("c.execute_command('SELECT', 3)", .select), ("c.execute_command('flushall')", .flush),
        ("c.execute_command('KEYS', '*')", .keys), ("c.execute_command('COPY', a, b, 'DB', 3)", .move),
        ("c.custom_command(['SELECT', '3'])", .select),
        ("c.eval(\"return redis.call('SELECT', 3)\", 0)", .select),
        ("{}.keys()", nil), ("redis_config.keys()", nil), ("redis_keys.keys()", nil), ("session.select(2)", nil),
        ("shutil.move(a, b)", nil), ("db.execute('SELECT 1')", nil),
        ("c.execute_command('SELECT * FROM t')", nil), ("x.keys", nil), ("redis_client.keys", nil),
        ("r = get_redis_client('main')\nr = requests.get(u)\nr.keys()", nil),
    ])
    func `commands that leave or empty a database are found at clients`(source: String, rule: LintRule?) {
        #expect(rules(in: "import redis\nfrom typing import Optional\n" + source, .python) == (rule.map { [$0] } ?? []))
    }

    @Test func `a client constructed under a short name is known by it afterwards`() {
        let source = "import redis\nwith redis.Redis() as c: c.keys()\nself.x = redis.Redis()\nself.x.keys()\ny.keys()"
        #expect(found(in: source, .python) == ["2:6 raw-client", "2:28 keys", "3:10 raw-client", "4:8 keys"])
    }

    @Test(arguments: [
        "subprocess.run(['redis-cli', '-n', '3', 'FLUSHALL'])",
        "subprocess.run(\n  ['/usr/bin/redis-cli',\n   '-n', str(n),\n   'FLUSHALL'])",
        "os.system('redis-cli -n 3 flushall')", "run(f'redis-cli -h {host} -n {n} flushall', shell=True)",
    ])
    func `calls of redis-cli from Python are read`(source: String) {
        #expect(Set(rules(in: source, .python)) == [.databaseNumber, .flush])
    }

    @Test func `text that only speaks of redis-cli is no call`() {
        #expect(rules(in: "print('redis-cli -n 3 flushall')", .python) == [])
    }

    @Test func `the last line counts without a line feed, and CR LF ends lines`() {
        #expect(found(in: "import redis\r\nx = \\\r\n  redis.Redis()", .python) == ["3:3 raw-client"])
    }

    @Test func `columns count characters`() {
        #expect(found(in: "import redis\nf('äöü€😀', redis.Redis())", .python) == ["2:12 raw-client"])
    }
}
