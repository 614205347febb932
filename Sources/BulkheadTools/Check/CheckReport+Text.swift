import BulkheadConsole

extension CheckReport {
    /// The report as a screen shows it.
    func text(on screen: Screen = .pipe) -> String {
        var parts = servers.map { $0.text(source: source, on: screen) }
        if source == .snapshot {
            parts.append(
                "Sizes are those in the file, its compression included; in memory they are larger."
                    .paragraph(on: screen))
        }
        if let cost { parts.append(cost.words.paragraph(on: screen)) }
        return parts.joined(separator: "\n")
    }
}

extension String {
    /// Prose, ended by a newline.
    fileprivate func paragraph(on screen: Screen) -> String {
        wrapped(to: screen.proseColumns).joined(separator: "\n") + "\n"
    }
}

extension ServerReport {
    fileprivate func text(source: CheckReport.Source, on screen: Screen) -> String {
        let filled = databases.filter { $0.walked > 0 }
        var tables = [overview(source: source)]
        if !filled.isEmpty {
            tables += [
                cross("Types", of: filled) { $0.types.map { ($0.type, $0.keys) } },
                cross("Memory by type", of: filled, Units.bytes) { database in
                    database.types.compactMap { row in row.memory.map { (row.type, $0) } }
                },
                cross("Encodings", of: filled) { $0.encodings.map { ($0.title, $0.keys) } },
                cross("Expire in", of: filled) { $0.timesLeft.map { ($0.title, $0.keys) } },
                prefixes(of: filled, on: screen), biggest(of: filled, source: source, on: screen),
            ]
        }
        var sections = [headline(on: screen)] + tables.filter { !$0.rows.isEmpty }.map { $0.text(on: screen) }
        if !confidence.isEmpty { sections.append(confidence.paragraph(on: screen)) }
        if !findings.isEmpty { sections.append(findings.lines(on: screen).joined(separator: "\n") + "\n") }
        return sections.joined(separator: "\n")
    }

    /// What was found out where no key was seen.
    func findingsText(on screen: Screen) -> String {
        let lines = title(on: screen) + [""] + findings.lines(on: screen)
        return lines.joined(separator: "\n") + "\n"
    }

    private func title(on screen: Screen) -> [String] {
        "\(name) at \(address)".wrapped(to: screen.proseColumns).map { screen.inked($0, .heading) }
    }

    private func headline(on screen: Screen) -> String {
        var lines = title(on: screen)
        if let memory {
            var words = "\(Units.bytes(memory.used)) used"
            if let dataset = memory.dataset { words += ", \(Units.bytes(dataset)) of it data" }
            if let limit = memory.maxmemory { words += limit > 0 ? "; limit \(Units.bytes(limit))" : "; no limit" }
            if let policy = memory.policy { words += ", policy \(policy)" }
            lines += words.wrapped(to: screen.proseColumns)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func overview(source: CheckReport.Source) -> Table {
        var table = Table(columns: [
            .text("database"), .number("no."), .number("keys"), .number("expiring"), .number("average TTL"),
            .number(source == .server ? "memory" : "in the file"), .number("a key"),
        ])
        for database in databases {
            table.append([
                database.name + (database.isNamed ? "" : " (no name)"), "\(database.number)",
                Units.count(database.keys),
                database.keys > 0 ? database.expiringShare.map(Units.percent) ?? "–" : "–",
                database.averageTimeLeft.map { Units.span(milliseconds: $0.value) } ?? "–",
                database.memoryText,
                database.memorySeen.flatMap { seen in
                    database.sized > 0 ? Units.bytes(seen / database.sized) : nil
                } ?? "–",
            ])
        }
        return table
    }

    /// A table with a row for each kind and a column for each database; kinds that none of them has are left out.
    private func cross(
        _ title: String, of databases: [DatabaseReport], _ format: (Int) -> String = Units.count,
        _ cells: (DatabaseReport) -> [(String, Estimate)]
    ) -> Table {
        var rows: [String] = []
        let columns = databases.map { Dictionary(cells($0)) { first, _ in first } }
        for database in databases {
            for (row, amount) in cells(database) where amount.value > 0 && !rows.contains(row) { rows.append(row) }
        }
        // Times keep their order, whichever database has one of them.
        let order = TimeLeft.allCases.map(\.title)
        rows = order.filter { rows.contains($0) } + rows.filter { !order.contains($0) }
        var table = Table(columns: [.text(title)] + databases.map { .number($0.name) })
        for row in rows { table.append([row] + columns.map { $0[row]?.text(format) ?? "–" }) }
        return table
    }

    private func prefixes(of databases: [DatabaseReport], on screen: Screen) -> Table {
        let longest = Self.longestName(on: screen)
        var table = Table(columns: [
            .text("Prefix"), .text("database"), .number("keys"), .number("share"), .number("memory"),
        ])
        for database in databases {
            for row in database.prefixes {
                // Below a prefix only what its part adds.
                let name =
                    row.depth > 1 && database.prefixes.contains { $0.depth < row.depth && row.isPart(of: $0) }
                    ? "  " + row.prefix.shortened(to: longest - 2)
                    : row.prefix.shortened(to: longest)
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
        return table
    }

    private func biggest(
        of databases: [DatabaseReport], source: CheckReport.Source, on screen: Screen
    ) -> Table {
        let longest = Self.longestName(on: screen)
        let isCertain = databases.allSatisfy(\.isBiggestCertain)
        var table = Table(columns: [
            .text(isCertain ? "Biggest keys" : "Biggest keys looked at"), .text("database"), .text("type"),
            .number(source == .server ? "memory" : "in the file"),
        ])
        for database in databases {
            for row in database.biggest.prefix(Self.biggestShown) {
                table.append([
                    row.key.shortened(to: longest), database.name, row.type ?? "–", Units.bytes(row.bytes),
                ])
            }
        }
        return table
    }

    /// Of each database; `--json` has more.
    private static let biggestShown = 3

    /// Columns of a key or prefix: half a narrow screen, so that its figures still stand beside it.
    private static func longestName(on screen: Screen) -> Int {
        min(40, max(20, (screen.columns ?? 80) / 2))
    }

    /// How certain the estimates are; empty without estimates.
    private var confidence: String {
        let sampled = databases.filter { !$0.isExact }
        guard !sampled.isEmpty else { return "" }
        let counts = sampled.map {
            "\(Units.grouped($0.looked)) of \(Units.grouped($0.population)) in \($0.name)"
        }
        var words =
            "~, ± and – are estimates, with a confidence of 95 %, from keys drawn at random: "
            + counts.joined(separator: ", ") + "."
        if sampled.contains(where: { $0.isSizedWhole }) {
            words +=
                " Every key was asked for its size: memory and the biggest keys are no estimates, and memory by "
                + "type is from keys drawn by size, with every large one among them."
        }
        // What n keys do not show has a share below 3/n, with the same confidence.
        if let fewest = sampled.map(\.looked).min(), fewest > 0 {
            let share = Units.decimal(300 / Double(fewest), places: fewest > 3_000 ? 3 : 1)
            words +=
                " Types, encodings and times rarer than \(share) % of the keys may not appear; --exact looks "
                + "at each."
        }
        for database in sampled where !database.isComplete {
            words +=
                " Of \(database.name) \(Units.grouped(database.walked)) keys were walked: prefixes and misplaced "
                + "keys are counted among those alone."
        }
        return words
    }
}

extension DatabaseReport {
    /// All figures are of all keys, but those that are hidden.
    var isExact: Bool { isComplete && looked >= population }
    /// The size of every key that may be seen is known.
    var isSizedWhole: Bool { isComplete && sized > 0 && memory?.isExact == true }

    /// What all keys take, or the least that they do.
    var memoryText: String {
        guard let memory, memory.isExact, hidden == nil else {
            return memorySeen.flatMap { $0 > 0 ? "≥ " + Units.bytes($0) : nil } ?? "–"
        }
        return Units.bytes(memory.value)
    }
}

extension DatabaseReport.EncodingRow {
    /// `hash/listpack`: one word, which no table takes apart.
    var title: String { "\(type)/\(encoding ?? "–")" }
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
    /// `1,204`; `612 k ±7 k`; or `93–297`, where it reaches further to one side.
    ///
    /// Of none that was found there is only 0: how rare a kind may be that a sample does not show is said once, for
    /// all.
    func text(_ format: (Int) -> String) -> String {
        if isExact || value == 0 { return format(value) }
        // An interval that is narrower than what is shown of it.
        if format(low) == format(high) { return "~ \(format(value))" }
        let (down, up) = (Double(value) - Double(low), Double(high) - Double(value))
        guard max(down, up) <= 1.25 * min(down, up) else { return "\(format(low))–\(format(high))" }
        return plusMinus == 0 ? format(value) : "\(format(value)) ±\(format(plusMinus))"
    }
}

extension CheckCost {
    /// What was measured, and from where.
    var words: String {
        func span(_ milliseconds: Double) -> String { Units.duration(nanoseconds: milliseconds * 1e6) }
        let own =
            server.map {
                "By its own count (INFO commandstats) the server took \(span($0)) to execute them"
                    + (isServerShared ? ", which is their share: others called the same commands" : "")
                    + "; reading and writing come on top."
            } ?? "This user may not ask how long the server took for them."
        let slow =
            slowFrom.map { from in
                longestCommand.map { " The longest of them in its SLOWLOG took \(span($0))." }
                    ?? " None of them took the \(span(from)) from which it keeps a SLOWLOG."
            } ?? ""
        return "Cost: \(Units.grouped(commands)) commands, \(Units.grouped(looks)) keys looked at, in "
            + "\(span(elapsed)). " + own + slow
            + " This program waited \(span(waited)) for replies, network and the server's queue included, "
            + "up to \(span(longestStep)) in one step. Pace: \(pace)."
    }
}
