import Bulkhead

/// The commands that a server found slow since a moment, by its own SLOWLOG.
struct SlowCommands: Sendable {
    /// What a server that may be asked has kept.
    struct Finding: Sendable, Hashable {
        /// Milliseconds from which a command is kept.
        let from: Double
        /// Milliseconds that the longest took; nil if none was kept.
        let longest: Double?
    }

    /// Entries that are read: the usual length of the log.
    private static let mostEntries = 128

    private let threshold: Int64
    /// The number of the newest entry at the moment; -1 without any.
    private let newest: Int64

    /// Nil if this user may not ask, or the server keeps no log.
    init?(of database: RedisDatabase) async {
        let question = RedisCommand<RESPValue>.raw(
            "CONFIG", ["GET", "slowlog-log-slower-than"], as: [String: String].self)
        guard let setting = try? await database.run(question),
            let threshold = setting.values.first.flatMap({ Int64($0) }), threshold >= 0,
            let entries = await Self.entries(1, of: database)
        else { return nil }
        self.threshold = threshold
        newest = entries.first?.number ?? -1
    }

    /// What has come to the log of these commands; those of others are recognised by their names alone.
    func finding(of commands: Set<String>, on database: RedisDatabase) async -> Finding? {
        guard let entries = await Self.entries(Self.mostEntries, of: database) else { return nil }
        let names = Set(commands.map { $0.prefix { $0 != " " }.lowercased() })
        let longest = entries.filter { $0.number > newest && names.contains($0.command) }.map(\.microseconds).max()
        return Finding(from: Double(threshold) / 1_000, longest: longest.map { Double($0) / 1_000 })
    }

    private struct Entry {
        let number: Int64
        let microseconds: Int64
        let command: String
    }

    private static func entries(_ count: Int, of database: RedisDatabase) async -> [Entry]? {
        guard let reply = try? await database.run(raw("SLOWLOG", "GET", count)), let entries = reply.elements else {
            return nil
        }
        return entries.compactMap { entry in
            guard let parts = entry.elements.map({ Array($0) }), parts.count >= 4, let number = parts[0].integer,
                let microseconds = parts[2].integer, let name = parts[3].elements?.first?.bytes
            else { return nil }
            return Entry(
                number: number, microseconds: microseconds,
                command: String(decoding: name, as: UTF8.self).lowercased())
        }
    }
}
