import BulkheadNetworking

/// The databases of an application: which name has which number, and what belongs there.
///
/// A catalogue is checked when it is made, so that a name means one database for as long as a program runs:
/// two names on one number are refused unless one is declared an alias of the other.
public struct DatabaseCatalogue: Sendable, Hashable {
    /// In the order they were given.
    public let entries: [DatabaseEntry]

    /// Checks and keeps the entries; throws `invalid-catalogue`, saying which entry to change.
    public init(_ entries: [DatabaseEntry]) throws(RedisError) {
        try Self.check(entries)
        self.entries = entries
    }

    private init(checked entries: [DatabaseEntry]) { self.entries = entries }

    /// `main` 0, `knowledge` 1, `prompts` 2 and `analytics` 3.
    ///
    /// `main` and `analytics` may be flushed, `knowledge` and `prompts` may not.
    public static let standard = DatabaseCatalogue(checked: [
        DatabaseEntry(
            .main, number: 0, purpose: "Sessions, caches and queues",
            keyPatterns: ["session:*", "cache:*", "queue:*"], mayBeFlushed: true),
        DatabaseEntry(
            .knowledge, number: 1, purpose: "Vectors and facts", keyPatterns: ["llama_index/*", "doc:*", "fact:*"]),
        DatabaseEntry(.prompts, number: 2, purpose: "Prompts and templates", keyPatterns: ["prompt:*", "template:*"]),
        DatabaseEntry(
            .analytics, number: 3, purpose: "Counters and events", keyPatterns: ["analytics:*", "event:*"],
            mayBeFlushed: true),
    ])

    /// The entry of a name; throws `unknown-database`, listing the names there are.
    public subscript(name: DatabaseName) -> DatabaseEntry {
        get throws(RedisError) {
            if let entry = entries.first(where: { $0.name == name }) { return entry }
            throw unknown(name)
        }
    }

    func unknown(_ name: DatabaseName) -> RedisError {
        let known = entries.map(\.name.text).joined(separator: ", ")
        return RedisError(
            .unknownDatabase,
            "no database is named \(name): the catalogue has \(known); correct the name or add an entry for it")
    }

    /// The entry whose server, budget and connections this one has: an alias's target, or itself.
    func owner(of entry: DatabaseEntry) -> DatabaseEntry {
        entry.aliasOf.flatMap { target in entries.first { $0.name == target } } ?? entry
    }

    private static func isAllowedInName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "_-.".contains(character))
    }

    private static func check(_ entries: [DatabaseEntry]) throws(RedisError) {
        func refuse(_ message: String) -> RedisError { RedisError(.invalidCatalogue, message) }
        if entries.isEmpty { throw refuse("a catalogue needs at least one database") }
        var byName: [DatabaseName: DatabaseEntry] = [:]
        for entry in entries {
            let name = entry.name
            guard !name.text.isEmpty, name.text.allSatisfy(isAllowedInName) else {
                throw refuse(
                    "the name of a database is letters, digits, _, - and . of ASCII; "
                        + "\(name.text.debugDescription) is not")
            }
            if byName.updateValue(entry, forKey: name) != nil {
                throw refuse("two entries are named \(name): rename or remove one")
            }
            guard entry.number >= 0, entry.number <= Int(Int32.max) else {
                throw refuse(
                    "\(name) has the number \(entry.number); numbers go from 0 to the server's `databases` - 1")
            }
        }
        for entry in entries {
            if let contradiction = entry.budget.contradiction { throw refuse("\(entry.name): \(contradiction)") }
            guard let target = entry.aliasOf else { continue }
            guard let other = byName[target], target != entry.name else {
                throw refuse("\(entry.name) is declared an alias of \(target), which is no other entry")
            }
            guard other.aliasOf == nil else {
                throw refuse("\(entry.name) is an alias of \(target), an alias itself: name \(other.aliasOf!) instead")
            }
            guard other.number == entry.number else {
                throw refuse(
                    "\(entry.name) is an alias of \(target) but has number \(entry.number), not \(other.number)")
            }
        }
        for entry in entries where entry.aliasOf != nil {
            guard entry.server == nil, entry.budget == DatabaseBudget(), entry.reads == .primary,
                entry.copies == RedisCopies()
            else {
                throw refuse(
                    "\(entry.name) is an alias of \(entry.aliasOf!), whose connections it shares: give server, "
                        + "reads, copies and budget to \(entry.aliasOf!)")
            }
        }
        for entry in entries {
            if let objection = entry.objectionToServers { throw refuse("\(entry.name) \(objection)") }
        }
        var owners: [Place: DatabaseName] = [:]
        for entry in entries where entry.aliasOf == nil {
            let place = Place(endpoint: entry.server?.endpoint, number: entry.number)
            if let owner = owners.updateValue(entry.name, forKey: place) {
                throw refuse(
                    "\(owner) and \(entry.name) both have number \(entry.number)"
                        + (entry.server.map { " of \($0)" } ?? "") + ": give one another number, "
                        + "or declare one an alias of the other")
            }
        }
    }

    /// One database of one server; nil is the configuration's.
    private struct Place: Hashable {
        let endpoint: Endpoint?
        let number: Int
    }
}

extension DatabaseEntry {
    /// Why its servers do not fit together; nil if they do.
    fileprivate var objectionToServers: String? {
        let others = reads.servers + copies.servers
        let isCluster = if case .cluster = server?.place { true } else { false }
        if isCluster, !reads.servers.isEmpty {
            return "lives in a cluster, whose own map names its replicas: leave them out"
        }
        if isCluster, !copies.servers.isEmpty { return "lives in a cluster, which has no copies" }
        if reads.areFromReplicas, !copies.servers.isEmpty {
            return "has both copies and reads from replicas: keep one of them"
        }
        if let wrong = copies.all.first(where: { !($0.weight > 0) }) {
            return "has a copy whose weight is not above 0, \(wrong.server): give it one such as 0.5, or leave it out"
        }
        for other in others {
            guard case .server = other.place else {
                return "has a replica or copy that is not a single server: \(other)"
            }
        }
        let places = others.map(\.endpoint) + [server?.endpoint].compactMap(\.self)
        return Set(places).count == places.count ? nil : "lists a server twice"
    }
}
