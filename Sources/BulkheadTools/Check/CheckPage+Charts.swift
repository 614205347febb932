import BulkheadConsole

extension CheckPage {
    /// A part of a whole, in a bar that is cut into parts.
    struct Part {
        let name: String
        /// Keys or bytes.
        let amount: Estimate
    }

    private var sizeTitle: String { report.source == .server ? "memory" : "in the file" }

    // MARK: Keys and memory

    func overview(of server: ServerReport) -> HTML {
        let mostKeys = server.databases.map(\.keys).max() ?? 0
        let mostBytes = server.databases.compactMap(\.memory?.high).max() ?? 0
        let rows: [HTML] = server.databases.map { database in
            let expiring = database.expiringShare.map(Units.percent) ?? "–"
            let average = database.averageTimeLeft.map { Units.span(milliseconds: $0.value) } ?? "–"
            return """
                <tr><th scope="row">\(database.name) \
                <span class="soft">\(database.isNamed ? "\(database.number)" : "no name")</span></th>
                <td class="n wide" data-title="keys">\(Units.grouped(database.keys))</td>
                <td class="chart">\(Self.bar(database.keys, of: mostKeys))</td>
                <td class="n wide" data-title="\(sizeTitle)">\(database.memoryText)</td>
                <td class="chart">\(database.memory.map { Self.bar($0, of: mostBytes) } ?? "")</td>
                <td class="n" data-title="expiring">\(database.keys > 0 ? expiring : "–")</td>
                <td class="n" data-title="average TTL">\(average)</td></tr>
                """
        }
        return """
            <h2>Keys and memory</h2>
            <div class="card"><table class="overview">
            <thead><tr><th scope="col">database</th><th scope="col" class="n">keys</th><td class="chart"></td>
            <th scope="col" class="n">\(sizeTitle)</th><td class="chart"></td>
            <th scope="col" class="n">expiring</th><th scope="col" class="n">average TTL</th></tr></thead>
            <tbody>
            \(rows)
            </tbody></table></div>
            """
    }

    /// A bar of a number, out of the longest one. The number stands beside it, so it is not read out.
    private static func bar(_ value: Int, of longest: Int) -> HTML {
        bar(Estimate(exact: value), of: longest)
    }

    /// The same with a line from the lower to the upper end of an interval.
    private static func bar(_ estimate: Estimate, of longest: Int) -> HTML {
        guard longest > 0 else { return "" }
        func place(_ value: Int) -> String {
            Units.decimal(min(1, Double(value) / Double(longest)) * 1_000, places: 1)
                .filter { $0 != "," }
        }
        let whisker: HTML =
            estimate.isExact
            ? "" : "<line x1=\"\(place(estimate.low))\" x2=\"\(place(estimate.high))\" y1=\"8\" y2=\"8\" />"
        return """
            <svg class="bar" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">\
            <rect width="\(place(estimate.value))" height="16" />\(whisker)</svg>
            """
    }

    // MARK: Shares

    /// One bar a database, cut into parts that are the same for all; the figures in a table below.
    func shares(
        _ title: String, _ databases: [DatabaseReport], colours: String, inOrder: Bool = false,
        format: @escaping (Int) -> String = Units.count, _ parts: (DatabaseReport) -> [Part]
    ) -> HTML {
        var totals: [String: Int] = [:]
        var names: [String] = []
        for database in databases {
            for part in parts(database) {
                if totals[part.name] == nil { names.append(part.name) }
                totals[part.name, default: 0] += part.amount.value
            }
        }
        guard !names.isEmpty else { return "" }
        if !inOrder { names.sort { (totals[$1] ?? 0, $0) < (totals[$0] ?? 0, $1) } }
        // The last colour stands for all that come after it.
        func colour(_ name: String) -> String {
            "var(--\(colours)\(min(names.firstIndex(of: name) ?? 0, colours == "c" ? 7 : 6)))"
        }
        let legend: [HTML] = names.filter { totals[$0] ?? 0 > 0 }.map {
            "<li><i style=\"background: \(colour($0))\"></i>\($0)</li>"
        }
        let bars: [HTML] = databases.map { database in
            let found = parts(database)
            let all = max(1, found.reduce(0) { $0 + $1.amount.value })
            let present = names.compactMap { name in found.first { $0.name == name && $0.amount.value > 0 } }
            let words = present.map { "\($0.name) \(Units.percent(Double($0.amount.value) / Double(all)))" }
                .joined(separator: ", ")
            let cuts: [HTML] = present.map { part in
                let share = Double(part.amount.value) / Double(all)
                return """
                    <span style="width: \(Units.decimal(share * 100, places: 3))%; background: \(colour(part.name))" \
                    title="\(part.name): \(part.amount.text(format)), \(Units.percent(share))"></span>
                    """
            }
            return """
                <div class="row"><strong>\(database.name)</strong>\
                <div class="stack" role="img" aria-label="\(database.name): \(words)">\(HTML(joining: cuts, by: ""))\
                </div></div>
                """
        }
        return """
            <h2>\(title)</h2>
            <div class="card"><ul class="legend" aria-hidden="true">\(HTML(joining: legend, by: ""))</ul>
            \(bars)
            <details><summary>The figures</summary>\
            \(figures(names, databases, format: format, parts))</details></div>
            """
    }

    private func figures(
        _ names: [String], _ databases: [DatabaseReport], format: (Int) -> String = Units.count,
        _ parts: (DatabaseReport) -> [Part]
    ) -> HTML {
        let columns = databases.map { database in
            Dictionary(parts(database).map { ($0.name, $0.amount) }) { first, _ in first }
        }
        let titles: [HTML] = databases.map { "<th scope=\"col\" class=\"n\">\($0.name)</th>" }
        let rows: [HTML] = names.map { name in
            let cells: [HTML] = columns.map { "<td class=\"n\">\($0[name]?.text(format) ?? "–")</td>" }
            return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>"
        }
        return """
            <div class="scroll"><table><thead><tr><td></td>\(titles)</tr></thead><tbody>
            \(rows)
            </tbody></table></div>
            """
    }

    // MARK: Prefixes, keys, encodings

    func prefixes(of databases: [DatabaseReport]) -> HTML {
        let cards: [HTML] = databases.filter { !$0.prefixes.isEmpty }.map { database in
            let most = database.prefixes.map(\.keys).max() ?? 0
            let rows: [HTML] = database.prefixes.map { row in
                let isPart = database.prefixes.contains { $0.depth < row.depth && row.isPart(of: $0) }
                return """
                    <tr><th scope="row" class="key\(isPart ? " part" : "")">\(row.prefix.shortened(to: 60))</th>
                    <td class="chart">\(Self.bar(row.keys, of: most))</td>
                    <td class="n">\(row.keysAtMost > row.keys ? "≥ " : "")\(Units.count(row.keys))</td>
                    <td class="n">\(row.memoryText(isCertain: database.isBiggestCertain))</td></tr>
                    """
            }
            return """
                <div class="card"><h3>\(database.name)</h3><table>
                <thead><tr><th scope="col">prefix</th><td class="chart"></td><th scope="col" class="n">keys</th>
                <th scope="col" class="n">\(sizeTitle)</th></tr></thead><tbody>
                \(rows)
                </tbody></table></div>
                """
        }
        return cards.isEmpty ? "" : "<h2>Most frequent prefixes</h2>\n<div class=\"cards\">\(cards)</div>"
    }

    func biggest(of databases: [DatabaseReport]) -> HTML {
        let cards: [HTML] = databases.filter { !$0.biggest.isEmpty }.map { database in
            let rows: [HTML] = database.biggest.map { row in
                """
                <tr><th scope="row" class="key">\(row.key.shortened(to: 80))</th><td>\(row.type ?? "–")</td>
                <td class="n">\(Units.bytes(row.bytes))</td></tr>
                """
            }
            return """
                <div class="card"><h3>\(database.name)\
                \(database.isBiggestCertain ? "" : ", of \(Units.grouped(database.looked)) keys looked at")</h3><table>
                <thead><tr><th scope="col">key</th><th scope="col">type</th><th scope="col" class="n">\
                \(sizeTitle)</th></tr></thead><tbody>
                \(rows)
                </tbody></table></div>
                """
        }
        return cards.isEmpty ? "" : "<h2>Biggest keys</h2>\n<div class=\"cards\">\(cards)</div>"
    }

    func encodings(of databases: [DatabaseReport]) -> HTML {
        let shown = databases.filter { !$0.encodings.isEmpty }
        guard !shown.isEmpty else { return "" }
        var names: [String] = []
        for row in shown.flatMap(\.encodings) where !names.contains(row.title) { names.append(row.title) }
        return """
            <h2>Encodings</h2>
            <div class="card">\(figures(names, shown) { database in
                database.encodings.map { Part(name: $0.title, amount: $0.keys) }
            })</div>
            """
    }
}
