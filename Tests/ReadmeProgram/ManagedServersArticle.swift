// swift-format-ignore-file
// The programs of the article Managed servers as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

/// Stands for a service that gives tokens.
struct IdentityService: Sendable {
    func token(for server: String) async throws -> String { "a token for \(server)" }
}

func onManagedServers(_ identity: IdentityService) async throws {
    var configuration = RedisConfiguration(host: "cache.internal")
    configuration.tls = RedisTLS()
    configuration.credentials = { server in
        let token = try await identity.token(for: server)
        return RedisCredentials(username: "app", password: RedisPassword(token), validity: .seconds(900))
    }
    let databases = RedisDatabases(configuration)
    try await databases[.main].set("session:42", "alice")
}

func withMaintenance() -> RedisDatabases {
    var configuration = RedisConfiguration(host: "cache.internal")
    configuration.maintenance = RedisMaintenance()
    return RedisDatabases(configuration)
}
