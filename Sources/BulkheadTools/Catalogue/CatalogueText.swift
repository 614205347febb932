package import Bulkhead

/// A catalogue as a file for people: each entry on lines of its own, with the members that most need, and the others
/// where they say something.
package struct CatalogueText {
    /// The file. Read again it is the same catalogue, but for what is left out.
    package private(set) var text = ""
    /// What the file does not say because a login or settings for TLS belong to it: `orders`, `copies of main`.
    package private(set) var leftOut: [String] = []

    package init(of entries: [DatabaseEntry]) {
        let hidden = entries.filter { $0.server != nil && $0.server?.written == nil }.map(\.name)
        var blocks: [String] = []
        for entry in entries {
            if hidden.contains(entry.aliasOf ?? entry.name) {
                leftOut.append(entry.name.text)
                continue
            }
            let members = members(of: entry).map { "      \"\($0)\": \($1)" }
            blocks.append("    {\n" + members.joined(separator: ",\n") + "\n    }")
        }
        text = "{\n  \"databases\": [\n" + blocks.joined(separator: ",\n") + "\n  ]\n}\n"
    }

    private mutating func members(of entry: DatabaseEntry) -> [(String, String)] {
        var members = [("name", Self.quoted(entry.name.text)), ("number", "\(entry.number)")]
        if let target = entry.aliasOf { members.append(("alias_of", Self.quoted(target.text))) }
        members += [
            ("purpose", Self.quoted(entry.purpose)), ("key_patterns", Self.list(entry.keyPatterns.map(Self.quoted))),
            ("may_be_flushed", entry.mayBeFlushed ? "true" : "false"),
        ]
        switch entry.server?.written {
        case .url(let url)?: members.append(("url", Self.quoted(url)))
        case .sentinels(let sentinels, let primary)?:
            members += [("sentinels", Self.list(sentinels.map(Self.quoted))), ("primary", Self.quoted(primary))]
        case .cluster(let servers)?: members.append(("cluster", Self.list(servers.map(Self.quoted))))
        case nil: break
        }
        return members + reads(of: entry) + copies(of: entry) + Self.budget(entry.budget)
    }

    private mutating func reads(of entry: DatabaseEntry) -> [(String, String)] {
        guard entry.reads.policy != .primary else { return [] }
        var members = [("reads", Self.quoted(entry.reads.policy.rawValue))]
        let urls = entry.reads.servers.compactMap(Self.url(of:))
        if urls.count < entry.reads.servers.count {
            leftOut.append("replicas of \(entry.name)")
        } else if !urls.isEmpty {
            members.append(("replicas", Self.list(urls.map(Self.quoted))))
        }
        let milliseconds = Int(entry.reads.staleness / .milliseconds(1))
        members.append(("max_staleness", Self.number(Double(milliseconds) / 1_000)))
        return members
    }

    private mutating func copies(of entry: DatabaseEntry) -> [(String, String)] {
        let written = entry.copies.all.compactMap { copy in
            Self.url(of: copy.server).map { url in
                copy.weight == 1
                    ? Self.quoted(url) : "{\"url\": \(Self.quoted(url)), \"weight\": \(Self.number(copy.weight))}"
            }
        }
        guard written.count == entry.copies.all.count else {
            leftOut.append("copies of \(entry.name)")
            return []
        }
        return written.isEmpty ? [] : [("copies", Self.list(written))]
    }

    private static func budget(_ budget: DatabaseBudget) -> [(String, String)] {
        let limits = [
            ("max_leases", budget.maximumLeases), ("max_waiters", budget.maximumWaiters),
            ("max_requests", budget.maximumRequests), ("max_unwritten_bytes", budget.maximumUnwrittenBytes),
        ]
        var members = limits.compactMap { name, limit in limit.map { "\"\(name)\": \($0)" } }
        if let pace = budget.scanPace { members.append("\"scan_pace\": \(quoted(pace.description))") }
        return members.isEmpty ? [] : [("budget", "{" + members.joined(separator: ", ") + "}")]
    }

    private static func url(of server: DatabaseServer) -> String? {
        if case .url(let url)? = server.written { url } else { nil }
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func list(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.append(jsonString: text.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}
