// swift-format-ignore-file
// The programs of the article MovingAName as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func catalogueFromFile() throws -> RedisDatabases {
    let catalogue = try DatabaseCatalogue(contentsOfFile: "/etc/app/databases.json")
    return try RedisDatabases(RedisConfiguration(url: "redis://cache.internal:6379"), catalogue: catalogue)
}
