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

    @Test func `a name that has copies has no cache, and says so`() async throws {
        let (place, copy) = (
            try DatabaseServer(url: "redis://127.0.0.1:1"), try DatabaseServer(url: "redis://127.0.0.1:2")
        )
        let entry = DatabaseEntry(.main, number: 0, server: place, copies: RedisCopies([copy]))
        let databases = RedisDatabases(RedisConfiguration(), catalogue: try DatabaseCatalogue([entry]))
        #expect(await failure { _ = try await databases[.main].cached() } == .cachingUnavailable)
        #expect(blockingFailure { _ = try databases.blocking(.main).cached() } == .cachingUnavailable)
        await databases.close()
    }

    @Test func `a cache of a name whose reads may go to replicas reads from the primary`() async throws {
        try await RedisTestServer.withServer(.init(listening: .tcp)) { primary in
            let port = String(try #require(primary.port))
            let following = RedisTestServer.Options(listening: .tcp, arguments: ["--replicaof", "127.0.0.1", port])
            try await RedisTestServer.withServer(following) { replica in
                let reads = RedisReads.replicaPreferred(
                    replicas: [try DatabaseServer(url: replica.url)], staleness: .seconds(3_600))
                let place = try DatabaseServer(url: primary.url)
                let entry = DatabaseEntry(.main, number: 0, server: place, reads: reads)
                let databases = RedisDatabases(testConfiguration(primary), catalogue: try DatabaseCatalogue([entry]))
                let main = try databases[.main]
                try await main.set("key", "one")
                let cache = try await main.cached(within: patientLimits())
                for _ in 0..<10 { #expect(try await cache.get("key") == "one") }
                #expect(cache.metrics().hits == 9)
                try await main.set("key", "two")
                try await cache.catchUp()
                #expect(try await cache.get("key") == "two")
                #expect(try replica.calls(of: "get") == 0)
                await databases.close()
            }
        }
    }
}
