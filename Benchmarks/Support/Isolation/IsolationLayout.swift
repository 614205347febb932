/// Where the cache and the vectors live while the cache is measured.
package enum IsolationLayout: String, Sendable, CaseIterable, Encodable {
    /// Nothing is scanned: what the others are compared with.
    case idle
    /// The cache and the vectors in one database.
    case oneDatabase = "one database"
    /// The cache in `main` and the vectors in `knowledge`, on one server.
    case namedDatabases = "named databases"
    /// The cache in `main` on one server and the vectors in `knowledge` on another.
    case separateServers = "separate servers"

    /// As it stands in the table.
    package var name: String { rawValue }

    /// Whether vectors are scanned while the cache is measured.
    package var isScanned: Bool { self != .idle }
}
