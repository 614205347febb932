/// What a lint looks for. The names are stable: allow-comments and scripts use them.
package enum LintRule: String, Sendable, Hashable, CaseIterable, Encodable {
    case rawClient = "raw-client"
    case databaseNumber = "database-number"
    case select
    case move
    case flush
    case keys
    case snapshot
    case unusedAllow = "unused-allow"
    case badAllow = "bad-allow"

    /// One line of the list of rules.
    package var summary: String {
        switch self {
        case .rawClient: "a client of another library is constructed"
        case .databaseNumber: "a database is chosen by number: in a call, a URL, a setting, or by redis-cli -n"
        case .select: "SELECT is sent"
        case .move: "MOVE, SWAPDB or COPY … DB is sent"
        case .flush: "FLUSHALL or FLUSHDB is sent"
        case .keys: "KEYS is sent"
        case .snapshot: "redis-cli --rdb is told a database by -n, which it ignores"
        case .unusedAllow: "an allow-comment stands where nothing is found"
        case .badAllow: "an allow-comment names no rule, or no reason"
        }
    }

    /// Why it matters; a clause without a full stop.
    package var reason: String {
        switch self {
        case .rawClient: "its commands go where a number says, unseen by the catalogue, its budgets and its rules"
        case .databaseNumber: "a number does not say whose data it holds, and two services that use it overwrite each other"
        case .select: "the connection then serves another database, and whoever gets it next writes there"
        case .move: "it reaches into a database that the caller's name does not stand for"
        case .flush: "it asks nobody, FLUSHALL empties every database, and either drops all search indexes"
        case .keys: "it walks all keys in one step, and every database of the server waits for it"
        case .snapshot: "the file holds all databases, and restoring it overwrites them all"
        case .unusedAllow: "it would hide the next thing that is written there"
        case .badAllow: "it allows nothing, and whoever reads it cannot tell whether it still should"
        }
    }

    /// Those that an allow-comment can name.
    static var allowable: [LintRule] { allCases.filter { $0 != .unusedAllow && $0 != .badAllow } }

    /// What to write instead, in the language it was found in; a sentence without a full stop.
    func instead(in language: LintLanguage) -> String {
        switch (self, language) {
        case (.rawClient, .swift): "import Bulkhead, and try databases[.main] from RedisDatabases.fromEnvironment()"
        case (.rawClient, _): "Ask the one module that maps names to clients, and allow the line in it that makes one"
        case (.databaseNumber, .swift): "databases[.knowledge], and a URL without a number"
        case (.databaseNumber, .shell), (.databaseNumber, .recipe):
            "Name the database to the tools: bulkhead check, migrate, backup or flush NAME; a URL needs no number"
        case (.databaseNumber, _): "Leave the number out, and open the database by its name; the catalogue has its number"
        case (.select, .swift): "databases[.knowledge] for another database; its connections select it once"
        case (.select, _): "Open the other database by its name, with connections of its own"
        case (.move, _): "bulkhead migrate --from NAME --to NAME --pattern PATTERN"
        case (.flush, _): "bulkhead flush NAME, which shows what would go and refuses what is protected"
        case (.keys, .swift): "for try await key in database.scan(match:)"
        case (.keys, .python): "scan_iter(match=…)"
        case (.keys, _): "redis-cli --scan --pattern PATTERN, or bulkhead check"
        case (.snapshot, _): "bulkhead backup NAME --to FILE, which holds that database alone"
        case (.unusedAllow, _): "Remove the comment"
        case (.badAllow, _): "bulkhead: allow RULE because REASON"
        }
    }
}

/// Something found, before anybody asked whether it is allowed.
struct Sighting: Sendable, Hashable {
    let rule: LintRule
    /// In bytes from the start of the file.
    let offset: Int
    /// A clause without a full stop, of names that stand in the source and never of its values.
    let what: String

    init(_ rule: LintRule, at offset: Int, _ what: String) {
        self.rule = rule
        self.offset = offset
        self.what = what
    }
}
