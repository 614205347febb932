// swift-format-ignore-file
// The programs of the article Bulkhead as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func firstUse() async throws {
    let databases = try RedisDatabases(url: "redis://localhost:6379")
    try await databases[.main].set("session:42", "alice", expiry: .after(.seconds(3600)))
}
