// swift-format-ignore-file
// The programs of the article Sentinel as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func behindSentinels() async throws {
    let place = try DatabaseServer(
        sentinels: ["sentinel-a:26379", "sentinel-b:26379", "sentinel-c:26379"], primary: "mymaster")
    let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)])
    let databases = RedisDatabases(RedisConfiguration(), catalogue: catalogue)
    try await databases[.main].set("session:42", "alice")
}

func waitForReplicas(_ databases: RedisDatabases) async throws {
    let replicas = try await databases[.main].withConnection { connection in
        try await connection.set("order:42", "paid")
        return try await connection.wait(replicas: 1, timeout: .seconds(1))
    }
    if replicas == 0 { print("order 42 is on one server only") }
}
