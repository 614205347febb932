import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation

/// A catalogue of one name, `main`, that lives on a group's primary.
func catalogue(of group: RedisTestSentinelGroup, sentinels: [String]? = nil) throws -> DatabaseCatalogue {
    let place = try DatabaseServer(sentinels: sentinels ?? group.sentinelAddresses, primary: group.primaryAddress)
    return try DatabaseCatalogue([DatabaseEntry(.main, number: 0, mayBeFlushed: true, server: place)])
}

/// Calls have time for a failover on a slow machine.
func testGroupConfiguration() -> RedisConfiguration {
    var configuration = RedisConfiguration()
    configuration.version = ServerUnderTest.version
    configuration.clientName = "of-the-test"
    configuration.commandTimeout = .seconds(120)
    configuration.leaseTimeout = .seconds(120)
    return configuration
}

/// Databases of a group, and the end of both.
func withGroup(
    _ options: RedisTestSentinelGroup.Options = RedisTestSentinelGroup.Options(),
    _ body: (RedisDatabases, RedisTestSentinelGroup) async throws -> Void
) async throws {
    let isUsual = options == RedisTestSentinelGroup.Options()
    try await (isUsual ? RedisTestSentinelGroup.withSpare : RedisTestSentinelGroup.withGroup)(options) { group in
        try await withDatabases(testGroupConfiguration(), of: try catalogue(of: group)) { databases in
            try await body(databases, group)
        }
    }
}

/// A server of the group alone, whatever role it has.
func withServer<Result>(
    of group: RedisTestSentinelGroup, _ server: RedisTestServer, _ body: (RedisDatabases) async throws -> Result
) async throws -> Result {
    var configuration = testConfiguration(server)
    configuration.password = group.options.password.map { RedisPassword($0) }
    return try await withDatabases(configuration, body)
}
