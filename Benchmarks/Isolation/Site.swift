import Bulkhead
import BulkheadBenchmarkSupport

/// Where one layout lives. The code that measures is the same for all: only catalogue, server and pace differ.
struct Site: Sendable {
    let layout: IsolationLayout
    /// The cache is `main` here.
    let cache: RedisDatabases
    /// The vectors are `knowledge` here.
    let vectors: RedisDatabases
    let content: IsolationContent
    let pace: RedisPace

    /// `main` and `knowledge` under numbers of their own.
    static let named = DatabaseCatalogue.standard

    /// Both names on one number. By default not that of the named layout, so that no layout finds another's keys.
    static func oneDatabase(number: Int = 2) throws(RedisError) -> DatabaseCatalogue {
        try DatabaseCatalogue([
            DatabaseEntry(.main, number: number, purpose: "Cache and vectors together"),
            DatabaseEntry(.knowledge, number: number, aliasOf: .main),
        ])
    }

    /// All layouts that the servers make possible and the settings ask for.
    static func all(_ servers: Servers, _ content: IsolationContent, _ wanted: [IsolationLayout]) throws -> [Site] {
        let named = RedisDatabases(servers.first, catalogue: Self.named)
        let together = RedisDatabases(servers.first, catalogue: try oneDatabase())
        func site(
            _ layout: IsolationLayout, _ cache: RedisDatabases, _ vectors: RedisDatabases, _ pace: RedisPace = .full
        ) -> Site {
            Site(layout: layout, cache: cache, vectors: vectors, content: content, pace: pace)
        }
        var sites = [
            site(.idle, named, named), site(.oneConnection, together, together), site(.lanes, together, together),
            site(.oneDatabase, together, together),
            site(.namedDatabases, named, named), site(.considerate, named, named, .considerate),
            site(.gentle, named, named, .gentle),
        ]
        if let replica = servers.replica {
            sites.append(site(.replica, named, RedisDatabases(replica, catalogue: Self.named)))
        }
        if let second = servers.second {
            let apart = RedisDatabases(second, catalogue: Self.named)
            sites.append(site(.separateServers, named, apart))
            sites.append(site(.separateConsiderate, named, apart, .considerate))
        }
        if let cluster = servers.cluster {
            let catalogue = servers.clusterHasNames ? Self.named : try oneDatabase(number: 0)
            let slots = RedisDatabases(cluster, catalogue: catalogue)
            // One hash tag for all keys, as who uses prefixes in a cluster needs for commands of several keys.
            let tagged = IsolationContent(prefix: "{bulkhead}:", seed: content.seed)
            sites.append(
                Site(layout: .cluster, cache: slots, vectors: slots, content: tagged, pace: .full))
        }
        let always: Set<IsolationLayout> = [.idle, .oneConnection, .namedDatabases]
        return sites.filter { wanted.contains($0.layout) || always.contains($0.layout) }
    }
}
