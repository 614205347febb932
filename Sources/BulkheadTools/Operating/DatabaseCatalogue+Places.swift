import Bulkhead

extension DatabaseCatalogue {
    /// The server an entry lives on; an alias lives where its target does. Nil is the configuration's.
    func server(of entry: DatabaseEntry) -> DatabaseServer? {
        (entries.first { $0.name == entry.aliasOf } ?? entry).server
    }

    /// Whether both entries are the same keys: one number of one server.
    func isSamePlace(_ entry: DatabaseEntry, _ other: DatabaseEntry) -> Bool {
        entry.number == other.number && server(of: entry) == server(of: other)
    }
}
