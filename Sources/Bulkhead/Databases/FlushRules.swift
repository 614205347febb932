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
}

/// How FLUSHDB frees the memory.
public enum RedisFlushMode: Sendable, Hashable {
    /// In the background: the server goes on answering.
    case asynchronous
    /// Before it answers: all databases of the server wait.
    case synchronous
}
