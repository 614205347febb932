import BenchmarkSupport
import Bulkhead

/// The keys of the benchmark on their servers: written before, removed after.
struct Workload {
    private let content: IsolationContent
    private let settings: IsolationSettings
    /// How long the keys live if this program cannot remove them; nil on own servers, where they need not.
    private let lifetime: Duration?

    /// Commands of one pipeline: some 4 MB of vectors at most.
    private static let batch = 1_000

    init(_ content: IsolationContent, _ settings: IsolationSettings, lifetime: Duration?) {
        self.content = content
        self.settings = settings
        self.lifetime = lifetime
    }

    /// What lies in one database of one server.
    private struct Place {
        let database: BlockingRedisDatabase
        let holdsCache: Bool
    }

    /// Every database is named once, though several layouts may use it.
    private func places(of sites: [Site]) throws(RedisError) -> [Place] {
        var places: [Place] = []
        for site in sites where site.layout != .idle {
            if site.layout != .separateServers {
                places.append(Place(database: try site.cache.blocking(.main), holdsCache: true))
            }
            places.append(Place(database: try site.vectors.blocking(.knowledge), holdsCache: false))
        }
        return places
    }

    /// Writes the cache and the vectors wherever a layout needs them.
    func load(_ sites: [Site], _ interruption: Interruption) throws {
        for place in try places(of: sites) {
            let count = place.holdsCache ? settings.keys : settings.vectors
            for indices in Self.batches(of: count) {
                try interruption.check()
                if place.holdsCache {
                    try Self.run(indices.map(cacheCommand), in: place.database)
                } else {
                    try Self.run(indices.map(vectorCommand), in: place.database)
                }
                if let lifetime, !place.holdsCache {
                    try Self.run(
                        indices.map { .expire(content.vectorKey($0), after: lifetime) }, in: place.database)
                }
            }
        }
    }

    /// Removes exactly the keys that `load` wrote.
    func remove(_ sites: [Site]) throws {
        for place in try places(of: sites) {
            let count = place.holdsCache ? settings.keys : settings.vectors
            for indices in Self.batches(of: count) {
                try place.database.unlink(
                    indices.map { place.holdsCache ? content.cacheKey($0) : content.vectorKey($0) })
            }
        }
    }

    private func cacheCommand(_ index: Int) -> RedisCommand<Bool> {
        .set(
            content.cacheKey(index), content.cacheValue(index, size: settings.valueSize),
            expiry: lifetime.map { .after($0) })
    }

    private func vectorCommand(_ index: Int) -> RedisCommand<Int> {
        let vector = content.vector(index, dimensions: settings.dimensions)
        return .hset(
            vector.key,
            ["id": vector.id, "doc_id": vector.documentID, "text": vector.text, "vector": vector.vector])
    }

    /// Throws the first failure of a command: a half-loaded server would be measured wrongly.
    private static func run<Reply>(_ commands: [RedisCommand<Reply>], in database: BlockingRedisDatabase) throws {
        for result in try database.pipeline(commands) { _ = try result.get() }
    }

    private static func batches(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: batch).map { $0..<min($0 + batch, count) }
    }
}
