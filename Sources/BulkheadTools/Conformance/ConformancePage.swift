package import BulkheadConformance

/// A page that says what servers can do: by command and by case, in both protocols.
package enum ConformancePage {
    /// One page for reports of the same cases.
    package static func text(of reports: [ConformanceReport]) -> String {
        let names = reports.map { "<th colspan=\"2\">\($0.server.name)</th>" as HTML }
        let protocols = reports.map { _ in "<th>RESP2</th><th>RESP3</th>" as HTML }
        let page: HTML = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"/><title>Conformance</title>
            <style>
            body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff; }
            table { border-collapse: collapse; margin: 1em 0; } td, th { padding: .2em .7em; text-align: left; }
            tr { border-bottom: 1px solid #ddd; } .pass { background: #d9f2d9; } .fail { background: #f7c6c6; }
            .none { color: #888; } small { color: #555; }
            </style></head><body>
            <h1>What the server does as Redis does</h1>
            <p>Green: all cases pass. Red: at least one fails. Grey: not offered, or not for this version.</p>
            <h2>Commands</h2>
            <table><tr><th>Command</th>\(names)</tr><tr><th></th>\(protocols)</tr>
            \(commandRows(reports))
            </table>
            <h2>Cases</h2>
            <table><tr><th>Case</th>\(names)</tr><tr><th></th>\(protocols)</tr>
            \(caseRows(reports))
            </table></body></html>

            """
        return page.description
    }

    private static func commandRows(_ reports: [ConformanceReport]) -> [HTML] {
        let commands = Set(reports.flatMap { $0.results.flatMap(\.commands) }).sorted()
        return commands.map { command in
            let cells = reports.flatMap { report in
                [2, 3].map { version in
                    cell(report.results.filter { $0.resp == version && $0.commands.contains(command) })
                }
            }
            return "<tr><td>\(command)</td>\(cells)</tr>"
        }
    }

    private static func caseRows(_ reports: [ConformanceReport]) -> [HTML] {
        var seen: Set<String> = []
        let results = reports.flatMap(\.results).filter { seen.insert($0.id).inserted }
        return results.map { result in
            let cells = reports.flatMap { report in
                [2, 3].map { version in cell(report.results.filter { $0.id == result.id && $0.resp == version }) }
            }
            return "<tr><td>\(result.id)<br/><small>\(result.sentence)</small></td>\(cells)</tr>"
        }
    }

    private static func cell(_ results: [ConformanceReport.Result]) -> HTML {
        let failures = results.filter { $0.outcome == .fail }
        if let first = failures.first {
            return "<td class=\"fail\" title=\"\(first.reason ?? "")\">\(failures.count) of \(results.count) fail</td>"
        }
        let passed = results.count { $0.outcome == .pass }
        if passed > 0 { return "<td class=\"pass\">\(passed)</td>" }
        return "<td class=\"none\" title=\"\(results.first?.reason ?? "")\">–</td>"
    }
}
