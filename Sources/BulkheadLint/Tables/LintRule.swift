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
    package var summary: String { row.summary }

    /// Why it matters; a clause without a full stop.
    package var reason: String { row.reason }

    /// Those that an allow-comment can name.
    static var allowable: [LintRule] { allCases.filter { $0 != .unusedAllow && $0 != .badAllow } }

    /// What to write instead, in the language it was found in; a sentence without a full stop.
    package func instead(in language: LintLanguage) -> String { row.insteadIn[language] ?? row.instead }

    /// What to write instead in most languages.
    package var remedy: String { row.instead }

    // Every case has its row, in the order of the cases.
    private var row: RuleRow { RuleRow.all[Self.allCases.firstIndex(of: self) ?? 0] }
}

/// One rule, as data.
struct RuleRow: Sendable {
    let rule: LintRule
    let summary: String
    let reason: String
    let instead: String
    var insteadIn: [LintLanguage: String] = [:]

    static let all: [RuleRow] = [
        RuleRow(
            rule: .rawClient, summary: "a client of another library is constructed",
            reason: "its commands go where a number says, unseen by the catalogue, its budgets and its rules",
            instead: "Ask the one module that maps names to clients, and allow the line in it that makes one",
            insteadIn: [.swift: "import Bulkhead, and try databases[.main] from RedisDatabases.fromEnvironment()"]),
        RuleRow(
            rule: .databaseNumber,
            summary: "a database is chosen by number: in a call, a URL, a setting, or by redis-cli -n",
            reason: "it does not say whose data it holds, and services that share it overwrite each other",
            instead: "Leave it out, and open the database by its name; the catalogue has its number",
            insteadIn: [
                .swift: "databases[.knowledge], and a URL without a number", .shell: nameToTools, .recipe: nameToTools,
            ]),
        RuleRow(
            rule: .select, summary: "SELECT is sent",
            reason: "the connection then serves another database, and its next user writes there",
            instead: "Open the other database by its name, with connections of its own",
            insteadIn: [.swift: "databases[.knowledge] for another database; its connections select it once"]),
        RuleRow(
            rule: .move, summary: "MOVE, MIGRATE, SWAPDB or COPY … DB is sent",
            reason: "it reaches into a database that the caller's name does not stand for",
            instead: "bulkhead migrate --from NAME --to NAME --pattern PATTERN"),
        RuleRow(
            rule: .flush, summary: "FLUSHALL or FLUSHDB is sent",
            reason: "it asks for no confirmation, FLUSHALL empties every database, and both drop all search indexes",
            instead: "bulkhead flush NAME, which shows what would go and refuses what is protected"),
        RuleRow(
            rule: .keys, summary: "KEYS is sent",
            reason: "it walks all keys in one step, and every database of the server waits for it",
            instead: "redis-cli --scan --pattern PATTERN, or bulkhead check",
            insteadIn: [
                .swift: "for try await key in database.scan(match:)", .python: "scan_iter(match=…)",
                .script: "scanIterator({ MATCH: … }), or scanStream({ match: … })",
            ]),
        RuleRow(
            rule: .snapshot, summary: "redis-cli --rdb is given a database by -n, which it ignores",
            reason: "the file holds all databases, and restoring it overwrites them all",
            instead: "bulkhead backup NAME --to FILE, which holds that database alone"),
        RuleRow(
            rule: .unusedAllow, summary: "an allow-comment stands where nothing is found",
            reason: "it would hide the next finding on that line", instead: "Remove the comment"),
        RuleRow(
            rule: .badAllow, summary: "an allow-comment names no rule, or no reason",
            reason: "it allows nothing, and a reader cannot tell whether it is still needed",
            instead: "bulkhead: allow RULE because REASON"),
    ]

    private static let nameToTools =
        "Name the database to the tools: bulkhead check, migrate, backup or flush NAME; a URL needs no number"
}

/// A command that breaks a rule, as the table of commands says.
struct ForbiddenCommand: Sendable {
    enum Condition: Sendable, Hashable {
        case always
        /// A number or what may become one, and nothing behind it: SQL's SELECT has something else there.
        case withNumber
        case withWord(String)
    }

    let rule: LintRule
    let name: String
    let condition: Condition
    /// Methods of clients that send it, in lower case.
    let methods: [String]
    /// Languages in which only clients have such methods, so that any receiver will do. Caches of JavaScript have a
    /// flushAll of their own.
    let ownedIn: Set<LintLanguage>

    init(
        _ rule: LintRule, _ name: String, _ condition: Condition = .always, aliases: [String] = [],
        isMethod: Bool = true, ownedIn: Set<LintLanguage> = []
    ) {
        self.rule = rule
        self.name = name
        self.condition = condition
        methods = isMethod ? [name.lowercased()] + aliases : []
        self.ownedIn = ownedIn
    }

    /// As a finding names it.
    var shown: String {
        if case .withWord(let word) = condition { return "\(name) … \(word)" }
        return name
    }

    func applies(to words: [Substring]) -> Bool {
        switch condition {
        case .always: true
        case .withWord(let word): words.contains { $0.uppercased() == word }
        case .withNumber:
            words.count < 2
                || words.count == 2
                    && (words[1].contains(Token.hole) || words[1].allSatisfy { $0.isNumber || "${}%".contains($0) })
        }
    }
}
