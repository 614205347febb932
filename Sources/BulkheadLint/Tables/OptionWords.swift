/// Keys of options, in lower case, that tell what kind of server they are for.
enum OptionWords {
    /// Their values name Redis, if it is one: `"BACKEND": "django_redis.cache.RedisCache"`.
    static let kinds = ["backend", "location", "url", "engine", "broker"]
    /// No other server has sentinels.
    static let sentinels = ["sentinels", "sentinel_kwargs", "sentinel_hosts", "sentinelpassword", "sentinel_password"]
    /// What tells where a server is, and what servers of other kinds have beside it.
    static let places = ["host", "hostname", "port", "unix_socket_path", "socket"]
    static let others = [
        "user", "charset", "dbname", "table", "collection", "schema", "driver", "dialect", "sslmode",
    ]
}
