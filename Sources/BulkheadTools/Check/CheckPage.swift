import BulkheadConsole

/// The report as one page of HTML that needs nothing else: no script, no font, no network; its charts are in it.
///
/// It follows the reader's light or dark, fits a telephone, and says every figure in words too.
struct CheckPage {
    let report: CheckReport

    var text: String { page.description + "\n" }

    /// Writes the page under a temporary name and then in place of what is there: never half a page.
    func write(to path: String) throws(ProgramFailure) {
        try NewFile.write(text, to: path)
    }

    private var page: HTML {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>\(title)</title>
        <style>\(HTML(stringLiteral: Self.style))</style>
        </head>
        <body>
        <header>
        <h1>\(title)</h1>
        <p class="soft">\(report.date), by bulkhead \(BulkheadProgram.version)\(source)</p>
        </header>
        \(partial)
        <main>
        \(report.servers.map { section(of: $0) })
        </main>
        <footer class="soft">\(footer)</footer>
        </body>
        </html>
        """
    }

    private var title: String {
        "Databases of " + report.servers.map(\.address).joined(separator: ", ")
    }

    private var source: String { report.source == .snapshot ? ", from a snapshot" : "" }

    private var partial: HTML {
        guard !report.isComplete else { return "" }
        return """
            <p class="card partial" role="note"><strong>This report is partial.</strong> Not every database was walked \
            to its end: prefixes and misplaced keys are counted among the keys walked, other figures are estimates \
            for all.</p>
            """
    }

    private func section(of server: ServerReport) -> HTML {
        let filled = server.databases.filter { $0.walked > 0 }
        return """
            <section>
            <p><strong>\(server.name)</strong> at <code>\(server.address)</code>\(Self.memory(of: server))</p>
            \(findings(of: server))
            \(overview(of: server))
            \(types(of: filled))
            \(timesLeft(of: filled))
            \(prefixes(of: filled))
            \(biggest(of: filled))
            \(encodings(of: filled))
            </section>
            """
    }

    private func types(of databases: [DatabaseReport]) -> HTML {
        let keys = shares("Types", databases, colours: "c") { $0.types.map { Part(name: $0.type, amount: $0.keys) } }
        let sizes = shares("Memory by type", databases, colours: "c", format: Units.bytes) { database in
            database.types.compactMap { row in row.memory.map { Part(name: row.type, amount: $0) } }
        }
        return "\(keys)\n\(sizes)"
    }

    private func timesLeft(of databases: [DatabaseReport]) -> HTML {
        shares("When keys expire", databases, colours: "t", inOrder: true) { database in
            database.timesLeft.map { Part(name: $0.title, amount: $0.keys) }
        }
    }

    private static func memory(of server: ServerReport) -> String {
        guard let memory = server.memory else { return "" }
        var words = ": \(Units.bytes(memory.used)) of memory used"
        if let dataset = memory.dataset { words += ", \(Units.bytes(dataset)) of it data" }
        if let limit = memory.maxmemory { words += limit > 0 ? "; the limit is \(Units.bytes(limit))" : "; no limit" }
        if let policy = memory.policy { words += "; eviction policy \(policy)" }
        return words + "."
    }

    private func findings(of server: ServerReport) -> HTML {
        guard !server.findings.isEmpty else { return "" }
        let items: [HTML] = server.findings.map { finding in
            let remedy: HTML = finding.remedy.isEmpty ? "" : "<br />\(Self.withCode(finding.remedy))"
            let command: HTML = finding.command.map { "<code class=\"command\">\(Self.words(of: $0))</code>" } ?? ""
            return """
                <li class="card \(finding.severity.rawValue)"><span class="label">\(finding.severity.rawValue)</span>\
                \(Self.withCode(finding.message.asSentence))\(remedy)\(command)</li>
                """
        }
        return "<h2>What it found</h2>\n<ul class=\"findings\">\n\(items)\n</ul>"
    }

    /// Each word by itself, so that no line is broken behind a hyphen.
    private static func words(of command: String) -> HTML {
        HTML(joining: command.split(separator: " ").map { "<span>\(String($0))</span>" }, by: " ")
    }

    /// Words with their `code` marked up.
    private static func withCode(_ words: String) -> HTML {
        let parts = words.split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return "\(words)" }
        return "\(String(parts[0]))<code>\(String(parts[1]))</code>\(String(parts[2]))"
    }

    private var footer: HTML {
        let sampled = report.servers.flatMap(\.databases).filter { !$0.isExact }
        var words: [String] = []
        if report.source == .snapshot {
            words.append("Sizes are those of the values in the snapshot, which are smaller than in memory.")
        }
        if !sampled.isEmpty {
            let counts = sampled.map {
                "\(Units.grouped($0.looked)) of \(Units.grouped($0.population)) in \($0.name)"
            }
            words.append(
                "Figures with ± or – and lines on bars are intervals with a confidence of 95 %, from keys drawn at "
                    + "random: " + counts.joined(separator: ", ") + ".")
        }
        if let cost = report.cost { words.append(cost.words) }
        return HTML(joining: words.map { "<p>\($0)</p>" })
    }
}
