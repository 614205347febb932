// swift-format-ignore-file
// The programs of the article Cluster as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead
import BulkheadTestServer

func namesInACluster() async throws {
    let place = try DatabaseServer(cluster: ["a.internal:6379", "b.internal:6379"])
    let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)])
    let databases = RedisDatabases(RedisConfiguration(), catalogue: catalogue)
    try await databases[.main].set("session:42", "alice")
}

func aClusterOfTheTests() async throws {
    let cluster = try RedisTestCluster.start()
    defer { cluster.stop() }
    let place = try DatabaseServer(cluster: cluster.addresses)
    _ = place
}
