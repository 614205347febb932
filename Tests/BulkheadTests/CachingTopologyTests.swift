import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// A cache of a name that does not live on one server.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: ServerUnderTest.version == .resp3))
struct CachingTopologyTests {
    @Test func `a cache behind sentinels is emptied by a failover, and serves what the next one has`() async throws {
        var options = RedisTestSentinelGroup.Options()
        // No failover is to come but the one that is ordered.
        options.downAfter = .seconds(5)
        try await withGroup(options) { databases, group in
            let main = try databases[.main]
            try await main.set("key", "one")
            let cache = try await main.cached(within: patientLimits())
            #expect(try await cache.get("key") == "one")
            #expect(try await cache.get("key") == "one")
            let clears = cache.metrics().clears
            try group.failOver()
            #expect(
                await eventually(attempts: 24_000) {
                    let metrics = cache.metrics()
                    return metrics.clears > clears && metrics.isServing
                })
            try await main.set("key", "two")
            try await cache.catchUp()
            #expect(try await cache.get("key") == "two")
            #expect(cache.metrics().entries == 1)
        }
    }

    @Test func `a name in a cluster has no cache, and says so`() async throws {
        var options = RedisTestCluster.Options()
        options.primaries = 1
        try await withCluster(options) { databases, _ in
            #expect(await failure { _ = try await databases[.main].cached() } == .cachingUnavailable)
            #expect(blockingFailure { _ = try databases.blocking(.main).cached() } == .cachingUnavailable)
        }
    }
}
