import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// What servers call each other where they do not say their addresses.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
struct ClusterEndpointTests {
    /// The first server has a host name, and the others have none: they are `?` then, and nothing at all with
    /// `unknown-endpoint`.
    @Test(arguments: ["hostname", "unknown-endpoint"])
    func `servers are found by names, by what is known beside a name that is not, and without any`(
        _ type: String
    ) async throws {
        var options = RedisTestCluster.Options()
        options.server.arguments += ["--cluster-preferred-endpoint-type", type]
        try await withCluster(options) { databases, cluster in
            let first = try ServerConversation(with: cluster.primaries[0])
            _ = try first.text("CONFIG SET cluster-announce-hostname localhost")
            let other = try ServerConversation(with: cluster.primaries[2])
            // It has gone round when another server says it.
            if type == "hostname" {
                let end = ContinuousClock.now + .seconds(120)
                while try !other.text("CLUSTER NODES").contains("localhost") {
                    try #require(.now < end, "the host name has not gone round")
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            let main = try databases[.main]
            for index in 0..<60 { try await main.set("{\(index)}:key", index) }
            // Servers name each other to those who ask at the wrong one, too.
            for tag in ["{bar}", "{3}", "{17}"] {
                try await main.set(tag, "there")
                guard case .integer(let slot) = try first.ask("CLUSTER KEYSLOT \(tag)") else { continue }
                let owner = try other.ownerOf(Int(slot))
                let isOwner = { (server: RedisTestServer) in server.port == owner }
                let index = try #require(cluster.primaries.firstIndex(where: isOwner))
                let taker = cluster.primaries[(index + 1) % cluster.primaries.count]
                try cluster.move([Int(slot)], from: cluster.primaries[index], to: taker)
                #expect(try await main.get(tag) == "there")
                #expect(await Form.blocking.run(.append(tag, "!"), in: databases).failure == nil)
            }
            for index in 0..<60 { #expect(try await main.get("{\(index)}:key", as: Int.self) == index) }
        }
    }
}
