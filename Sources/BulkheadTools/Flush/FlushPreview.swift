package import Bulkhead
import BulkheadConsole

/// What a flush of a database would take with it, looked up before anybody agrees to it.
package struct FlushPreview: Sendable {
    package let entry: DatabaseEntry
    /// Where its server listens.
    package var address = ""
    package var keys = 0
    /// Nil where INFO is refused.
    package var expiring: Int?
    /// Why INFO is refused, as the end of a sentence; nil if it is not.
    var infoLack: String?
    /// What the server is that speaks against any flush; nil if nothing does.
    var standing: String?
    /// Some key names, taken at random.
    package var sample: [ShownBytes] = []
    /// Other names of the catalogue for the same number of the same server.
    package var aliases: [DatabaseEntry] = []
    /// Other clients that have selected this number, by their names or addresses and how many; nil if CLIENT LIST is
    /// denied.
    package var otherClients: [(client: String, count: Int)]?
    /// Search indexes, which a flush of any database drops; nil if that cannot be asked.
    package var searchIndexes: [String]?

    /// Keys named in a preview: enough to recognise what it is.
    static let sampleSize = 10

    init(entry: DatabaseEntry) { self.entry = entry }

    /// Asks the server; a few short commands.
    package init(
        _ entry: DatabaseEntry, of databases: RedisDatabases
    ) async throws(RedisError) {
        self.entry = entry
        let database = try databases[entry.name]
        address = database.address
        let facts = try await ServerFacts(of: database)
        keys = try await database.dbsize()
        expiring = facts.knowsKeyspace ? facts.keyspace[entry.number]?.expiring ?? 0 : nil
        infoLack = facts.infoLack
        if facts.isReplica {
            let primary = facts.primary.map { ", \($0)" } ?? ""
            standing = "\(entry.name) is on a replica, which takes no writes: name its primary\(primary)"
        } else {
            standing =
                facts.clusterObstacle(
                    entry.name, at: address, "what a flush removes",
                    remedy:
                        "Run FLUSHDB on each of its primaries, in number \(entry.number); it asks for no confirmation"
                )?.message
        }
        searchIndexes = facts.searchIndexes
        let primaries = Set(facts.primaries.map(\.part.address))
        for other in databases.catalogue.entries where other.number == entry.number && other.name != entry.name {
            guard let there = try? databases[other.name] else { continue }
            if there.address == address {
                aliases.append(other)
            } else if !primaries.isEmpty, let parts = try? await there.parts(),
                parts.contains(where: { primaries.contains($0.address) })
            {
                // The same cluster, of which it names other servers.
                aliases.append(other)
            }
        }
        let names = try await database.pipeline(
            Array(repeating: RedisCommand<RESPBytes?>.randomkey(as: RESPBytes.self), count: 3 * Self.sampleSize))
        for case .success(let name?) in names {
            let shown = ShownBytes(name)
            if !sample.contains(shown), sample.count < Self.sampleSize { sample.append(shown) }
        }
        otherClients = await DatabaseClients(of: database, number: entry.number)?.all
    }

    /// Why it must not be flushed now that it has `count` keys, of which a backup holds so many; nil if it may. Keys
    /// that have gone meanwhile are no reason.
    func objection(toFlushing count: Int, backedUp: Int?) -> String? {
        if count > keys {
            return "it has \(Units.counted(count, "key")) by now, and \(Units.grouped(keys)) were agreed to: "
                + "it is being written to; look again"
        }
        if let backedUp, count > backedUp {
            return "it has \(Units.counted(count, "key")) by now, and the backup has \(Units.grouped(backedUp)): "
                + "it is being written to; look again"
        }
        return nil
    }

    /// Why it must not be flushed at all; nil if it may.
    var refusal: String? {
        if !entry.mayBeFlushed {
            return "the catalogue protects \(entry.name): set may_be_flushed there if its data can be lost"
        }
        let protected = aliases.filter { !$0.mayBeFlushed }.map(\.name.text)
        if !protected.isEmpty {
            return "\(entry.name) shares number \(entry.number) with \(protected.joined(separator: ", ")), which the "
                + "catalogue protects"
        }
        if let standing { return standing }
        guard let searchIndexes else {
            return "whether search indexes exist cannot be asked, and a flush of any database drops them: allow "
                + "FT._LIST to this user"
        }
        if !searchIndexes.isEmpty {
            let list = searchIndexes.sorted().map { ShownBytes($0.utf8).description }.joined(separator: ", ")
            return "a flush of any database drops the search indexes \(list): remove keys by pattern instead, or drop "
                + "the indexes first"
        }
        return nil
    }
}
