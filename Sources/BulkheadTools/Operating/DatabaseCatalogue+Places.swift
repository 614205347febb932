import Bulkhead

extension DatabaseCatalogue {
    /// The server an entry lives on; an alias lives where its target does. Nil is the configuration's.
    func server(of entry: DatabaseEntry) -> DatabaseServer? {
        (entries.first { $0.name == entry.aliasOf } ?? entry).server
    }

    /// Whether both entries are the same keys: one number of one server, however its URL is written.
    func isSamePlace(_ entry: DatabaseEntry, _ other: DatabaseEntry, by configuration: RedisConfiguration) -> Bool {
        entry.number == other.number
            && configuration.place(of: server(of: entry)) == configuration.place(of: server(of: other))
    }
}

extension ServerSelection {
    /// Whether both entries are the same keys.
    func isSamePlace(_ entry: DatabaseEntry, _ other: DatabaseEntry) -> Bool {
        catalogue.isSamePlace(entry, other, by: configuration)
    }
}
