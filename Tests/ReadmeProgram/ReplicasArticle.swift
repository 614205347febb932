// swift-format-ignore-file
// The programs of the article Replicas and copies as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

func withReplicasAndCopies() async throws -> String? {
    let replica = try DatabaseServer(url: "redis://replica-a.internal")
    let east = try DatabaseServer(url: "redis://east.internal")
    let catalogue = try DatabaseCatalogue([
        DatabaseEntry(
            .main, number: 0, server: try DatabaseServer(url: "redis://articles.internal"),
            reads: .replicaPreferred(replicas: [replica], staleness: .seconds(15))),
        DatabaseEntry(
            "orders", number: 0, server: try DatabaseServer(url: "redis://west.internal"), copies: RedisCopies([east])),
    ])
    let databases = RedisDatabases(RedisConfiguration(), catalogue: catalogue)
    let title = try await databases[.main].get("article:1")
    return title
}
