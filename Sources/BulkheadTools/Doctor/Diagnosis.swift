package import Bulkhead
import BulkheadConsole

/// A server held against the names that live on it: facts in, findings out. It asks nothing itself.
package struct Diagnosis: Sendable {
    let facts: ServerFacts
    /// What the catalogue has for this server.
    let entries: [DatabaseEntry]
    /// Of each login by which names are reached; nil where the server does not say.
    let permissions: [ToolPermissions?]
    /// Of the logins that the server refuses.
    let refusals: [Finding]
    /// True if a client can log in as the default user without a password; nil where that cannot be asked.
    let isOpenToAnybody: Bool?
    /// How long the server's certificate is valid; nil without TLS.
    let certificateLife: Duration?
    /// The flags that lead other commands to the same server, each behind a space.
    let serverFlags: String
    /// True if the names live in the cluster, and this is one of its primaries.
    let isPart: Bool

    package init(
        _ facts: ServerFacts, _ entries: [DatabaseEntry], permissions: [ToolPermissions?], refusals: [Finding] = [],
        isOpenToAnybody: Bool?, certificateLife: Duration? = nil, serverFlags: String = "", isPart: Bool = false
    ) {
        self.facts = facts
        self.entries = entries
        self.permissions = permissions
        self.refusals = refusals
        self.isOpenToAnybody = isOpenToAnybody
        self.certificateLife = certificateLife
        self.serverFlags = serverFlags
        self.isPart = isPart
    }

    /// All findings, the worst first, each kind in the order of the rules.
    package var findings: [Finding] {
        let all =
            refusals + mode + numbers + keys + eviction + memory + persistence + replication + resharding + access
            + encryption
            + search + tools + unasked
        return Finding.Severity.allCases.flatMap { severity in all.filter { $0.severity == severity } }
    }

    // MARK: What kind of server it is

    private var mode: [Finding] {
        var found: [Finding] = []
        if facts.mode == "sentinel" {
            found.append(
                Finding(
                    .error, "sentinel", "this is a Sentinel, which watches servers and holds no keys",
                    remedy: "Ask it for the primary (SENTINEL GET-MASTER-ADDR-BY-NAME) and point the URL there."))
        }
        if facts.mode == "cluster" {
            let count = facts.databaseCount ?? 1
            let beyond = entries.filter { $0.number >= count }
            found.append(
                beyond.isEmpty
                    ? Finding(
                        .note, "cluster",
                        isPart
                            ? "this is one of the primaries of the cluster"
                            : facts.hasPartOfKeys
                                ? "this is \(facts.partInWords): check looks at this node's own, and the other tools "
                                    + "refuse what would be a part"
                                : "this is the only primary of a cluster")
                    : Finding(
                        .error, "cluster",
                        "this is a node of a cluster, which has \(counted(count, "database")): "
                            + "\(names(beyond)) cannot live there",
                        remedy: "Use a server of its own, or Valkey 9 with cluster-databases."))
        }
        if facts.isReplica {
            found.append(
                Finding(
                    .warning, "replica",
                    facts.lag.map { "this \($0): it refuses writes, and what it holds is of that time" }
                        ?? "this is a replica: it refuses writes, and what it holds may be old",
                    remedy: "Point the URL to the primary\(facts.primary.map { ", \($0)" } ?? "")."))
        }
        if facts.number("loading") == 1 {
            found.append(
                Finding(
                    .warning, "loading",
                    "the server is loading its data: counts are not final, and neither its modules nor what the tools "
                        + "may do were asked",
                    remedy: "Ask again when it is done."))
        }
        return found
    }

    // MARK: Names and numbers

    private var numbers: [Finding] {
        var found: [Finding] = []
        if facts.mode != "cluster" {
            for entry in entries where facts.lacks(entry.number) {
                let end = facts.databaseCount.map { "the server's numbers end at \($0 - 1)" }
                found.append(
                    Finding(
                        .error, "number-out-of-range",
                        "\(entry.name) has number \(entry.number), and \(end ?? "the server has no such database")",
                        remedy: "Raise `databases` in the server's configuration to \(entry.number + 1), or give "
                            + "\(entry.name) another number."))
            }
        }
        found += Finding.sharedNumbers(entries)
        for entry in entries {
            guard let target = entry.aliasOf else { continue }
            found.append(
                Finding(
                    .note, "alias",
                    "\(entry.name) is an alias of \(target) (database \(entry.number)): "
                        + "every change affects both"))
        }
        return found
    }

    private var keys: [Finding] {
        let named = Set(entries.map(\.number))
        var found: [Finding] = []
        for (number, space) in facts.keyspace.sorted(by: { $0.key < $1.key }) where !named.contains(number) {
            found.append(
                Finding(
                    .warning, "unnamed-keys", "number \(number) has \(counted(space.keys, "key")) and no name",
                    remedy: "Add an entry for \(number) to the catalogue, or move its keys to a name:",
                    command: "bulkhead migrate --from \(number) --to NAME --all\(serverFlags)"))
        }
        // Nobody knows which numbers have keys.
        guard facts.knowsKeyspace else { return [] }
        let empty = entries.filter {
            $0.aliasOf == nil && facts.keyspace[$0.number] == nil && !facts.lacks($0.number)
        }
        if !empty.isEmpty, !facts.isLoading { found.append(Finding(.note, "no-keys", "without keys: \(names(empty))")) }
        return found
    }

    // MARK: What may get lost

    /// Names that the catalogue does not let anybody flush. One without keys counts as well: they will come.
    var durable: [DatabaseEntry] {
        entries.filter { !$0.mayBeFlushed && $0.aliasOf == nil }
    }

    /// Those that have no keys yet, as far as the server says.
    private var awaited: [DatabaseEntry] {
        facts.knowsKeyspace ? durable.filter { facts.keyspace[$0.number] == nil } : []
    }

    private var eviction: [Finding] {
        guard let policy = facts.evictionPolicy, !durable.isEmpty else { return [] }
        let isBounded = facts.memoryLimit.map { $0 > 0 }
        if policy.hasPrefix("allkeys-") {
            let present = durable.filter { !awaited.contains($0) }
            let victims = [
                present.isEmpty ? nil : "those of \(present.namesInProse)",
                awaited.isEmpty
                    ? nil : "those of \(awaited.namesInProse), which \(awaited.count > 1 ? "have" : "has") none yet",
            ].compactMap(\.self).joined(separator: ", and ")
            return [
                Finding(
                    isBounded == true ? .error : .warning, "eviction",
                    "\(policy) removes keys of every database when memory is full, also \(victims)"
                        + (isBounded == false ? "; no maxmemory is set, so not yet" : "")
                        + (isBounded == nil ? "; whether maxmemory is set cannot be asked" : ""),
                    remedy: "Use a volatile- policy and give what may go an expiry, or put the cache on a server of "
                        + "its own.")
            ]
        }
        let expiring = durable.filter { (facts.keyspace[$0.number]?.expiring ?? 0) > 0 }
        guard policy.hasPrefix("volatile-"), isBounded == true, !expiring.isEmpty else { return [] }
        return [
            Finding(
                .note, "eviction",
                "\(policy) may remove the expiring keys of \(names(expiring)) before their time when memory is full")
        ]
    }

    private var memory: [Finding] {
        guard let limit = facts.memoryLimit else { return [] }
        guard limit > 0 else {
            return [
                Finding(
                    .warning, "maxmemory", "no maxmemory is set: the server grows until the system ends it",
                    remedy: "Set maxmemory below the machine's memory, with room for a snapshot's copy-on-write.")
            ]
        }
        guard let used = facts.number("used_memory") else { return [] }
        let percent = Int(clamping: (Double(used) / Double(limit) * 100).rounded(.down))
        guard percent >= Self.fullAtPercent else { return [] }
        return [
            Finding(
                .warning, "maxmemory", "\(percent) % of maxmemory are used",
                remedy: facts.evictionPolicy == "noeviction"
                    ? "Raise it or remove keys: at 100 % the server refuses writes (OOM)."
                    : "Raise it or remove keys: at 100 % the server evicts (\(facts.evictionPolicy ?? "")).")
        ]
    }

    /// From here on somebody should look.
    private static let fullAtPercent = 90

    private var persistence: [Finding] {
        var found: [Finding] = []
        let hasAOF = facts.hasAppendOnlyFile == true
        if facts.hasAppendOnlyFile == false, facts.settings?["save"] == "", !durable.isEmpty {
            found.append(
                Finding(
                    .warning, "persistence",
                    "neither snapshots nor an append-only file are on: a restart loses the keys of \(names(durable))",
                    remedy: "Set appendonly yes or save; or bulkhead backup by schedule, if that is enough."))
        }
        if facts.info["rdb_last_bgsave_status"].map({ $0 != "ok" }) == true {
            found.append(
                Finding(
                    .error, "persistence", "the last snapshot failed",
                    remedy: "Look at the server's log: mostly the disk is full or fork was refused "
                        + "(vm.overcommit_memory)."))
        }
        if hasAOF, facts.info["aof_last_write_status"].map({ $0 != "ok" }) == true {
            found.append(
                Finding(
                    .error, "persistence", "the last write to the append-only file failed",
                    remedy: "Look at the server's log: mostly the disk is full."))
        }
        if hasAOF, facts.settings?["appendfsync"] == "no" {
            found.append(
                Finding(
                    .note, "persistence",
                    "appendfsync no leaves it to the system when writes reach the disk, about 30 s later"))
        }
        return found
    }

    // MARK: Who gets in

    private var access: [Finding] {
        guard isOpenToAnybody == true else { return [] }
        guard let settings = facts.settings, settings["protected-mode"] != nil else {
            return [
                openDefaultUser(.warning, "whether protected-mode keeps other machines out cannot be asked")
            ]
        }
        if facts.isLocal || facts.number("tcp_port") == 0 { return [] }
        guard settings["protected-mode"] == "yes" else {
            return [
                Finding(
                    .error, "open",
                    "anybody who reaches port \(facts.info["tcp_port"] ?? "of this server") gets in: no password, "
                        + "protected-mode no, bind \(settings["bind"].map { $0.isEmpty ? "*" : $0 } ?? "*")",
                    remedy: "Set requirepass or an ACL, and bind to the addresses that need it.")
            ]
        }
        return [openDefaultUser(.note, "only protected-mode keeps other machines out")]
    }

    private func openDefaultUser(_ severity: Finding.Severity, _ rest: String) -> Finding {
        Finding(
            severity, "open", "the default user has no password; \(rest)",
            remedy: "Set requirepass or an ACL before anybody turns it off.")
    }

    // MARK: Search modules, and what the tools may do

    private var search: [Finding] {
        var found: [Finding] = []
        let hasRediSearch = facts.modules?.contains { ["search", "ft", "searchlight"].contains($0) } == true
        let beyond = entries.filter { $0.number > 0 && $0.aliasOf == nil }
        if hasRediSearch, facts.info["valkey_version"] == nil, !beyond.isEmpty {
            found.append(
                Finding(
                    .warning, "search",
                    "RediSearch indexes database 0 only: what lies in \(names(beyond)) is found by no index",
                    remedy: "Keep what is searched in number 0, or on a server of its own."))
        }
        if let indexes = facts.searchIndexes, !indexes.isEmpty {
            found.append(
                Finding(
                    .warning, "search",
                    "\(counted(indexes.count, "search index", "search indexes")) "
                        + "(\(indexes.sorted().map { ShownBytes($0.utf8).description }.joined(separator: ", "))): "
                        + "a flush of any database drops them all",
                    remedy: "bulkhead flush refuses it; keep other clients from FLUSHDB by ACL."))
        }
        return found
    }

    /// What was not looked at, because a question was refused. ``tools`` has the rest.
    private var unasked: [Finding] {
        var found: [Finding] = []
        func leaveOut(_ what: String, _ question: String, _ refusal: RedisError?) {
            let user = permissions.first.flatMap { $0?.user } ?? ToolPermissions.unnamed
            let isDenied = refusal?.code == .noPermission
            let reason =
                isDenied
                ? "the ACL denies \(question) to \(user)"
                : refusal.map { $0.isUnknownCommand ? "the server has no command \(question)" : $0.explainedMessage }
                    ?? "the server does not answer \(question)"
            found.append(
                Finding(
                    .note, "not-looked-at", "\(what): \(reason)",
                    remedy: isDenied ? Self.remedy("+" + question.lowercased().replacing(" ", with: "|"), user) : ""))
        }
        if isOpenToAnybody == nil, !facts.isLocal, facts.number("tcp_port") != 0 {
            leaveOut(
                "it was not looked at whether anybody gets in without a password", Self.strangers,
                facts.refusals[Self.strangers])
        }
        if facts.searchIndexes == nil, !facts.isLoading, facts.mode != "sentinel" {
            leaveOut(
                "it was not looked at whether there are search indexes, which a flush would drop", "FT._LIST",
                facts.refusals["FT._LIST"])
        }
        if let refusal = permissions.lazy.compactMap({ $0?.namelessness }).first {
            leaveOut("it was not looked at who this login is, so no remedy names it", "ACL WHOAMI", refusal)
        }
        return found
    }

    /// What tells whether the default user needs a password.
    static let strangers = "ACL GETUSER"

    private static func remedy(_ rights: String, _ user: String) -> String {
        user == ToolPermissions.unnamed ? "Give it \(rights), by ACL SETUSER." : "ACL SETUSER \(user) \(rights)."
    }

    /// Several logins may lack the same.
    private var tools: [Finding] {
        var known: Set<Finding> = []
        return permissions.flatMap { tools($0) }.filter { known.insert($0).inserted }
    }

    private func tools(_ permissions: ToolPermissions?) -> [Finding] {
        guard let permissions else {
            return [
                Finding(
                    .note, "acl", "this server cannot say whether the user has the rights that the tools need",
                    remedy: "ACL DRYRUN answers this from Redis 7.0 on, to a user who may run it.")
            ]
        }
        func remedy(_ rights: String) -> String { Self.remedy(rights, permissions.user) }
        var found = permissions.lacks.map { lack in
            let list = lack.commands.joined(separator: ", ")
            let reason =
                lack.isDenied
                ? "the ACL denies \(list) to \(permissions.user)" : "the server has no command \(list) by that name"
            let rights = lack.commands.map { "+" + $0.lowercased().replacing(" ", with: "|") }.joined(separator: " ")
            return Finding(
                .warning, lack.isDenied ? "acl" : "renamed",
                "bulkhead \(lack.tool) \(lack.without ?? "cannot do all its work"): \(reason)",
                remedy: lack.isDenied
                    ? remedy(rights)
                    : "Take rename-command for \(list) out of the server's configuration; rights by ACL do as well.")
        }
        if !permissions.knowsAll {
            found.append(
                Finding(
                    .warning, "acl",
                    "which other commands are denied to \(permissions.user) is not known: to ask takes MULTI, or ACL "
                        + "DRYRUN from Redis 7.0 on",
                    remedy: remedy("+multi") + " Then ask again."))
        }
        if permissions.deniesNotes {
            found.append(
                Finding(
                    .warning, "acl",
                    "bulkhead migrate only copies between servers (--copy): the ACL denies keys bulkhead:migration:* "
                        + "to \(permissions.user), in which a move keeps its notes",
                    remedy: remedy("~bulkhead:migration:*")))
        }
        if permissions.hasKeyLimits {
            found.append(
                Finding(
                    .note, "acl-keys",
                    "\(permissions.user) may not access every key: of the others the tools see the names, and "
                        + "nothing else"))
        }
        return found
    }

    func names(_ entries: [DatabaseEntry]) -> String {
        entries.names
    }

    func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        Units.counted(count, noun, plural)
    }
}

extension Finding {
    /// Names of one server that are one database, and do not say so: the catalogue knows only whether two URLs are
    /// written alike.
    static func sharedNumbers(_ entries: [DatabaseEntry]) -> [Finding] {
        let owners = Dictionary(grouping: entries.filter { $0.aliasOf == nil }, by: \.number)
        return owners.sorted { $0.key < $1.key }.filter { $0.value.count > 1 }.map { number, sharing in
            Finding(
                .error, "shared-number",
                "\(sharing.names) are the same database: number \(number) of this server, whose address is written "
                    + "differently",
                remedy: "Give them different numbers, or declare one an alias of the other.")
        }
    }
}

extension [DatabaseEntry] {
    /// `main, knowledge`
    var names: String { map(\.name.text).joined(separator: ", ") }

    /// `main, knowledge and prompts`
    fileprivate var namesInProse: String {
        let names = map(\.name.text)
        return names.count > 1
            ? names.dropLast().joined(separator: ", ") + " and \(names[names.count - 1])" : names.first ?? ""
    }
}
