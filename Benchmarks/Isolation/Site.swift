import BenchmarkSupport
import Bulkhead

/// Where one layout lives. The code that measures is the same for all: only catalogue and server differ.
struct Site: Sendable {
    let layout: IsolationLayout
    /// The cache is `main` here.
    let cache: RedisDatabases
    /// The vectors are `knowledge` here.
    let vectors: RedisDatabases

    /// `main` and `knowledge` under numbers of their own.
    static let named = DatabaseCatalogue.standard

    /// Both names on one number, which is not that of the named layout, so that no layout finds another's keys.
    static func oneDatabase() throws(RedisError) -> DatabaseCatalogue {
        try DatabaseCatalogue([
            DatabaseEntry(.main, number: 2, purpose: "Cache and vectors together"),
            DatabaseEntry(.knowledge, number: 2, aliasOf: .main),
        ])
    }

    /// All layouts that one server, and perhaps a second one, make possible.
    static func all(_ configuration: RedisConfiguration, second: RedisConfiguration?) throws(RedisError) -> [Site] {
        let named = RedisDatabases(configuration, catalogue: Self.named)
        let together = RedisDatabases(configuration, catalogue: try oneDatabase())
        var sites = [
            Site(layout: .idle, cache: named, vectors: named),
            Site(layout: .oneDatabase, cache: together, vectors: together),
            Site(layout: .namedDatabases, cache: named, vectors: named),
        ]
        if let second {
            let apart = RedisDatabases(second, catalogue: Self.named)
            sites.append(Site(layout: .separateServers, cache: named, vectors: apart))
        }
        return sites
    }
}
