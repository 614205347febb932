import Bulkhead
import BulkheadBenchmarkSupport

/// The keys of the benchmark on their servers: written before, removed after.
struct Workload {
    private let settings: IsolationSettings
    /// How long the keys live if this program cannot remove them; nil on own servers, where they need not.
    private let lifetime: Duration?

    /// Commands of one pipeline: some 4 MB of vectors at most.
    private static let batch = 1_000

    init(_ settings: IsolationSettings, lifetime: Duration?) {
        self.settings = settings
        self.lifetime = lifetime
    }

    /// Where vectors lie in other forms, for noises that need them: strings, and a vector set.
    static let extras = DatabaseName.analytics
    static let vectorSet = "vectors"
    /// Vectors of the set: each costs the server 0.1 ms and more to add.
    private static let mostInSet = 2_000

    /// What lies in one database of one server.
    private struct Place {
        let database: BlockingRedisDatabase
        let content: IsolationContent
        let holdsCache: Bool
    }

    /// Every database is named once, though several layouts may use it; a replica gets its own from its primary.
    private func places(of sites: [Site]) throws(RedisError) -> [Place] {
        var places: [Place] = []
        var seen: Set<String> = []
        for site in sites where site.layout != .replica {
            let databases = [
                (try site.cache.blocking(.main), true), (try site.vectors.blocking(.knowledge), false),
            ]
            for (database, holdsCache) in databases
            where seen.insert("\(database.address) \(database.number) \(holdsCache)").inserted {
                places.append(Place(database: database, content: site.content, holdsCache: holdsCache))
            }
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
                    try Self.run(indices.map { cacheCommand($0, place.content) }, in: place.database)
                } else {
                    try Self.run(indices.map { vectorCommand($0, place.content) }, in: place.database)
                }
                if let lifetime, !place.holdsCache {
                    try Self.run(
                        indices.map { .expire(place.content.vectorKey($0), after: lifetime) }, in: place.database)
                }
            }
        }
    }

    /// Writes what other noises need beside it; false for those that this server does not have.
    func loadExtras(_ site: Site, for noise: IsolationNoise) throws -> Bool {
        let database = try site.vectors.blocking(Self.extras)
        switch noise {
        case .mget:
            for indices in Self.batches(of: settings.vectors) {
                let commands: [RedisCommand<Bool>] = indices.map {
                    let vector = site.content.vector($0, dimensions: settings.dimensions)
                    return .set(vector.key, vector.vector)
                }
                try Self.run(commands, in: database)
            }
        case .vsim:
            for index in 0..<min(settings.vectors, Self.mostInSet) {
                let vector = site.content.vector(index, dimensions: settings.dimensions)
                do throws(RedisError) {
                    try database.send("VADD", Self.vectorSet, "FP32", vector.vector, vector.id)
                } catch {
                    if error.message.contains("unknown command") { return false }
                    throw error
                }
            }
        default: break
        }
        return true
    }

    /// Removes exactly the keys that `load` wrote.
    func remove(_ sites: [Site]) throws {
        for place in try places(of: sites) {
            let count = place.holdsCache ? settings.keys : settings.vectors
            for indices in Self.batches(of: count) {
                try place.database.unlink(
                    indices.map { place.holdsCache ? place.content.cacheKey($0) : place.content.vectorKey($0) })
            }
        }
    }

    private func cacheCommand(_ index: Int, _ content: IsolationContent) -> RedisCommand<Bool> {
        .set(
            content.cacheKey(index), content.cacheValue(index, size: settings.valueSize),
            expiry: lifetime.map { .after($0) })
    }

    private func vectorCommand(_ index: Int, _ content: IsolationContent) -> RedisCommand<Int> {
        let vector = content.vector(index, dimensions: settings.dimensions)
        return .hset(
            vector.key,
            ["id": vector.id, "doc_id": vector.documentID, "text": vector.text, "vector": vector.vector])
    }

    /// Throws the first failure of a command: a half-loaded server would be measured wrongly.
    static func run<Reply>(_ commands: [RedisCommand<Reply>], in database: BlockingRedisDatabase) throws {
        for result in try database.pipeline(commands) { _ = try result.get() }
    }

    static func batches(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: batch).map { $0..<min($0 + batch, count) }
    }
}
