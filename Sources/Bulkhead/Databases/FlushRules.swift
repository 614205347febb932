/// Whether a database may be emptied: the catalogue says so, for every name of its number.
struct FlushRules: Sendable {
    private let entry: DatabaseEntry
    private let protected: [DatabaseName]

    init(entry: DatabaseEntry, protected: [DatabaseName]) {
        self.entry = entry
        self.protected = protected
    }

    func check() throws(RedisError) {
        guard !protected.isEmpty else { return }
        let reason =
            protected.contains(entry.name)
            ? "the catalogue protects it from being flushed"
            : "it shares number \(entry.number) with \(protected.map(\.text).joined(separator: ", ")), "
                + "which the catalogue protects from being flushed"
        throw RedisError(
            .flushRefused, reason + ": set mayBeFlushed (may_be_flushed) if its data can be lost",
            database: entry.name, command: "FLUSHDB")
    }

    /// Throws if the flush would take search indexes along.
    func check(_ indexes: SearchIndexes) throws(RedisError) {
        let reason: String
        switch indexes {
        case .none: return
        case .named(let names):
            reason =
                "a flush of any database drops every search index of its server, which has \(names.count): "
                + "remove keys by a scan and UNLINK, or drop the indexes first (FT.DROPINDEX)"
        case .hidden:
            reason =
                "a flush of any database drops every search index of its server, and this user may not ask "
                + "whether there are any: allow it FT._LIST"
        }
        throw RedisError(.flushRefused, reason, database: entry.name, command: "FLUSHDB")
    }

    /// The server did not say whether it has search indexes. Nothing was flushed.
    func unanswered(_ error: RedisError) -> RedisError {
        RedisError(
            error.code,
            "nothing was flushed, as the server did not say whether search indexes would be lost: \(error.message)",
            database: entry.name, command: "FLUSHDB")
    }
}
