import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport

/// A private server, named databases on it, and the end of both. In a run that is about a cluster it is a server of
/// one, where all of these databases live.
func withDatabases(
    version: RESPVersion = ServerUnderTest.version, catalogue: DatabaseCatalogue = .standard, arguments: [String] = [],
    configure: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (RedisDatabases, RedisTestServer) async throws -> Void
) async throws {
    try await withPlace(of: catalogue, arguments) { server, catalogue in
        var configuration = testConfiguration(server)
        configuration.version = version
        configure(&configuration)
        try await withDatabases(configuration, of: catalogue) { databases in try await body(databases, server) }
    }
}

/// Databases, and their end.
func withDatabases<Result>(
    _ configuration: RedisConfiguration, of catalogue: DatabaseCatalogue = .standard,
    _ body: (RedisDatabases) async throws -> Result
) async throws -> Result {
    let databases = RedisDatabases(configuration, catalogue: catalogue)
    return try await ending(by: { await databases.close() }) { try await body(databases) }
}

private func withPlace(
    of catalogue: DatabaseCatalogue, _ arguments: [String],
    _ body: (RedisTestServer, DatabaseCatalogue) async throws -> Void
) async throws {
    guard ServerUnderTest.isCluster else {
        return try await withServer(arguments: arguments) { server in try await body(server, catalogue) }
    }
    try await withNumberedCluster(arguments: arguments) { cluster in
        let place = try DatabaseServer(cluster: cluster.addresses)
        let entries = catalogue.entries.map { entry in
            var entry = entry
            entry.server = place
            // None is 0, which every cluster has.
            entry.number += 1
            return entry
        }
        try await body(cluster.primaries[0], try DatabaseCatalogue(entries))
    }
}

/// Databases of the user `app`, who may do everything but what `rules` deny, and the administrator's `main`.
func withUser(_ rules: String..., body: (RedisDatabases, RedisDatabase) async throws -> Void) async throws {
    try await withDatabases(configure: {
        $0.username = "app"
        $0.password = "pass"
    }) { databases, server in
        let administration = RedisDatabases(testConfiguration(server))
        let admin = try administration[.main]
        try await admin.send("ACL", ["SETUSER", "app", "on", ">pass", "~*", "&*", "+@all"] + rules)
        try await body(databases, admin)
        await administration.close()
    }
}

func withServer(arguments: [String] = [], _ body: (RedisTestServer) async throws -> Void) async throws {
    let server = try RedisTestServer.start(RedisTestServer.Options(arguments: arguments))
    defer { server.stop() }
    try await body(server)
}

/// A real server, in the protocol that is under test.
func testConfiguration(_ server: RedisTestServer) -> RedisConfiguration {
    var configuration = testConfiguration(server.socketPath)
    configuration.version = ServerUnderTest.version
    return configuration
}

/// The same, reached through a proxy.
func testConfiguration(_ proxy: FaultProxy) -> RedisConfiguration {
    var configuration = testConfiguration(proxy.path)
    configuration.version = ServerUnderTest.version
    return configuration
}

/// On a busy machine everything takes long; what tests a time-out sets its own.
func testConfiguration(_ socketPath: String) -> RedisConfiguration {
    var configuration = RedisConfiguration(unixSocket: socketPath)
    configuration.connectTimeout = .seconds(300)
    configuration.leaseTimeout = .seconds(300)
    configuration.commandTimeout = .seconds(300)
    configuration.unblockingTime = .seconds(300)
    // A server that was restarted is there for the next command.
    configuration.reconnectDelay = .zero
    configuration.maximumReconnectDelay = .zero
    return configuration
}
