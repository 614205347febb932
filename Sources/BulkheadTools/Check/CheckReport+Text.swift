import BulkheadConsole

extension CheckReport {
    /// The report for a terminal of 80 columns.
    func text() -> String {
        var parts = servers.map { $0.text(source: source) }
        if source == .snapshot {
            parts.append("Sizes are those in the file, its compression included; in memory they are larger.\n")
        }
        if let cost { parts.append(cost.text) }
        return parts.joined(separator: "\n")
    }
}

extension ServerReport {
    fileprivate func text(source: CheckReport.Source) -> String {
        let filled = databases.filter { $0.walked > 0 }
        var sections = [headline, overview(source: source)]
        if !filled.isEmpty {
            sections += [
                cross("Types", of: filled) { $0.types.map { ($0.type, $0.keys.countText) } },
                cross("Encodings", of: filled) { database in
                    database.encodings.map { ("\($0.type) \($0.encoding)", $0.keys.countText) }
                },
                cross("Expire in", of: filled, sorted: false) { $0.timesLeft.map { ($0.title, $0.keys.countText) } },
                prefixes(of: filled), biggest(of: filled, source: source),
            ]
        }
        sections.append(confidence)
        sections.append(findingsText)
        return sections.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var headline: String {
        var lines = ["\(name) at \(address)"]
        if let memory {
            var words = "\(Units.bytes(memory.used)) used"
            if let dataset = memory.dataset { words += ", \(Units.bytes(dataset)) of it data" }
            if let limit = memory.maxmemory { words += limit > 0 ? "; limit \(Units.bytes(limit))" : "; no limit" }
            if let policy = memory.policy { words += ", policy \(policy)" }
            lines.append(words)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func overview(source: CheckReport.Source) -> String {
        var table = Table(columns: [
            .text("database"), .number("no."), .number("keys"), .number("expiring"), .number("average TTL"),
            .number(source == .server ? "memory" : "in the file"), .number("a key"),
        ])
        for database in databases {
            table.append([
                database.name + (database.isNamed ? "" : " (no name)"), "\(database.number)",
                Units.count(database.keys),
                database.keys > 0 ? database.expiring.map { Units.percent(database.share($0.value)) } ?? "–" : "–",
                database.averageTimeLeft.map { Units.span(milliseconds: $0.value) } ?? "–",
                database.memory.map { $0.text(Units.bytes) } ?? "–",
                database.memory.flatMap { memory in
                    database.counted > 0 ? Units.bytes(memory.value / database.counted) : nil
                } ?? "–",
            ])
        }
        return table.text()
    }

    /// A table with a row for each kind and a column for each database.
    private func cross(
        _ title: String, of databases: [DatabaseReport], sorted: Bool = true,
        _ cells: (DatabaseReport) -> [(String, String)]
    ) -> String {
        var rows: [String] = []
        let columns = databases.map { Dictionary(cells($0), uniquingKeysWith: { first, _ in first }) }
        for database in databases { for (row, _) in cells(database) where !rows.contains(row) { rows.append(row) } }
        guard !rows.isEmpty else { return "" }
        var table = Table(columns: [.text(title)] + databases.map { .number($0.name) })
        for row in rows { table.append([row] + columns.map { $0[row] ?? "–" }) }
        return table.text()
    }

    private func prefixes(of databases: [DatabaseReport]) -> String {
        var table = Table(columns: [
            .text("Prefix"), .text("database"), .number("keys"), .number("share"), .number("memory"),
        ])
        for database in databases {
            for row in database.prefixes {
                // Below a prefix only what its part adds.
                let name = row.depth > 1 && database.prefixes.contains { $0.depth < row.depth && row.isPart(of: $0) }
                    ? "  " + row.prefix.shortened(to: Self.longestName - 2)
                    : row.prefix.shortened(to: Self.longestName)
                table.append([
                    name, database.name, (row.keysAtMost > row.keys ? "≥ " : "") + Units.count(row.keys),
                    Units.percent(Double(row.keys) / Double(max(1, database.walked))),
                    row.memoryText(isCertain: database.isBiggestCertain),
                ])
            }
            if database.withoutPrefix > 0, !database.prefixes.isEmpty {
                table.append([
                    "(without : or /)", database.name, Units.count(database.withoutPrefix),
                    Units.percent(Double(database.withoutPrefix) / Double(max(1, database.walked))), "–",
                ])
            }
        }
        return table.rows.isEmpty ? "" : table.text()
    }

    private func biggest(of databases: [DatabaseReport], source: CheckReport.Source) -> String {
        let isCertain = databases.allSatisfy(\.isBiggestCertain)
        var table = Table(columns: [
            .text(isCertain ? "Biggest keys" : "Biggest keys looked at"), .text("database"), .text("type"),
            .number(source == .server ? "memory" : "in the file"),
        ])
        for database in databases {
            for row in database.biggest.prefix(Self.biggestShown) {
                table.append([
                    row.key.shortened(to: Self.longestName), database.name, row.type ?? "–", Units.bytes(row.bytes),
                ])
            }
        }
        return table.rows.isEmpty ? "" : table.text()
    }

    /// Of each database; `--json` has more.
    private static let biggestShown = 3
    /// Columns of a key or prefix.
    private static let longestName = 40

    /// What estimates are worth; nothing where there are none.
    private var confidence: String {
        let sampled = databases.filter { !$0.isExact }
        guard !sampled.isEmpty else { return "" }
        let counts = sampled.map {
            "\(Units.grouped($0.looked)) of \(Units.grouped($0.counted)) in \($0.name)"
        }
        var words = "~ and ± are estimates, with a confidence of 95 %, from keys drawn at random: "
            + counts.joined(separator: ", ") + "."
        // What n keys do not show has a share below 3/n, with the same confidence.
        if let fewest = sampled.map(\.looked).min(), fewest > 0 {
            let share = Units.decimal(300 / Double(fewest), places: fewest > 3_000 ? 3 : 1)
            words += " What fewer than \(share) % of the keys are may be missing; --exact looks at each."
        }
        for database in sampled where !database.isComplete {
            words += " Of \(database.name) \(Units.grouped(database.walked)) keys were walked: prefixes and misplaced "
                + "keys are counted among those alone."
        }
        return words.wrapped(to: Table.defaultWidth).joined(separator: "\n") + "\n"
    }

    private var findingsText: String {
        let indent = "         "
        var lines: [String] = []
        for finding in findings {
            let label = finding.severity.rawValue
            let text = (finding.message + (finding.code == "misplaced" ? ":" : "."))
                .wrapped(to: Table.defaultWidth - indent.count)
            lines.append(label + String(repeating: " ", count: indent.count - label.count) + text[0])
            lines += text.dropFirst().map { indent + $0 }
            guard !finding.remedy.isEmpty else { continue }
            // A command is to be copied, so it stays in one line.
            lines += finding.code == "misplaced"
                ? [indent + finding.remedy]
                : finding.remedy.wrapped(to: Table.defaultWidth - indent.count - 2).enumerated()
                    .map { indent + ($0 == 0 ? "→ " : "  ") + $1 }
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }
}

extension DatabaseReport {
    /// All figures are of all keys.
    var isExact: Bool { isComplete && looked + gone >= walked }
    /// Keys that estimates are about.
    var counted: Int { isExact ? looked : max(keys, walked) }

    func share(_ count: Int) -> Double {
        counted > 0 ? min(1, Double(count) / Double(counted)) : 0
    }
}

extension DatabaseReport.PrefixRow {
    func memoryText(isCertain: Bool) -> String {
        memory.map { (isCertain ? "" : "~ ") + Units.bytes($0) } ?? "–"
    }

    func isPart(of other: DatabaseReport.PrefixRow) -> Bool {
        prefix.bytes.count > other.prefix.bytes.count && prefix.bytes.starts(with: other.prefix.bytes)
    }
}

extension Estimate {
    var countText: String { text(Units.count) }

    /// `1,204`, or `612 k ±7 k`, both ends in one unit.
    func text(_ format: (Int) -> String) -> String {
        isExact ? format(value) : "\(format(value)) ±\(format(plusMinus))"
    }
}

extension CheckCost {
    fileprivate var text: String {
        let words = "Cost: \(Units.grouped(commands)) commands, \(Units.grouped(looks)) keys looked at. The server "
            + "worked for at most \(Units.duration(nanoseconds: serverAtMost * 1e6)) of "
            + "\(Units.duration(nanoseconds: elapsed * 1e6)); the longest step, for which others waited, took "
            + "\(Units.duration(nanoseconds: longestStep * 1e6)). Pace: \(pace)."
        return words.wrapped(to: Table.defaultWidth).joined(separator: "\n") + "\n"
    }
}
