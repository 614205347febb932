// swift-format-ignore-file
// The programs of the article TLS as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func overTLS() async throws {
    let databases = try RedisDatabases(url: "rediss://app:secret@cache.internal:6380?tls_ca_file=/etc/ssl/redis-ca.pem")
    try await databases[.main].set("session:42", "alice")
    await databases.close()
}

func overTLSInCode() -> RedisDatabases {
    var configuration = RedisConfiguration(host: "cache.internal", port: 6380)
    var tls = RedisTLS()
    tls.trust = .certificates(inFile: "/etc/ssl/redis-ca.pem")
    tls.identity = RedisTLS.Identity(certificateFile: "/etc/ssl/app.pem", keyFile: "/etc/ssl/app.key")
    configuration.tls = tls
    return RedisDatabases(configuration)
}
