package import BulkheadConformance
import BulkheadConsole

/// Results as text and as JUnit XML.
package enum ConformanceText {
    static func list(of chapters: [ConformanceChapter]) -> String {
        var lines: [String] = []
        for chapter in chapters {
            lines.append("\(chapter.name): \(chapter.title) (\(Units.counted(chapter.cases.count, "case")))")
            for test in chapter.cases { lines.append("  \(test.id)  \(test.sentence)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func summary(of report: ConformanceReport, on screen: Screen) -> String {
        var lines = [screen.inked("\(report.server.name) at \(report.address)", .heading)]
        let width = report.chapters.map(\.count).max() ?? 0
        for chapter in report.chapters {
            let results = report.results.filter { $0.chapter == chapter }
            func number(_ outcome: ConformanceReport.Outcome) -> String {
                let digits = String(results.count { $0.outcome == outcome })
                return String(repeating: " ", count: max(0, 5 - digits.count)) + digits
            }
            lines.append(
                "\(chapter.padding(to: width)) \(number(.pass)) pass \(number(.fail)) fail "
                    + "\(number(.notOffered)) not offered")
        }
        for failure in report.failures {
            lines += ["", screen.inked("\(failure.id) in RESP\(failure.resp)", .warning), "  \(failure.sentence)"]
            lines.append("  \(failure.reason ?? "")")
            for message in failure.messages.suffix(12) {
                lines.append("  \(message.connection) \(message.sent ? "→" : "←") \(message.bytes)")
            }
        }
        let counts =
            "\(report.count(.pass)) passed, \(report.count(.fail)) failed, "
            + "\(report.count(.notOffered)) not offered."
        lines += ["", screen.inked(counts, report.failures.isEmpty ? .good : nil)]
        return lines.joined(separator: "\n") + "\n"
    }

    /// As CI servers read it: a suite for each chapter.
    package static func junit(_ report: ConformanceReport) -> String {
        let suites = report.chapters.map { chapter -> HTML in
            let results = report.results.filter { $0.chapter == chapter }
            let cases = results.map { result -> HTML in
                let name = "\(result.id) RESP\(result.resp)"
                if result.outcome == .pass { return "<testcase classname=\"\(chapter)\" name=\"\(name)\"/>" }
                if result.outcome == .notOffered {
                    return """
                        <testcase classname="\(chapter)" name="\(name)">\
                        <skipped message="\(result.reason ?? "")"/></testcase>
                        """
                }
                let talk = result.messages.map { "\($0.connection) \($0.sent ? "sent" : "got") \($0.bytes)" }
                return """
                    <testcase classname="\(chapter)" name="\(name)"><failure message="\(result.reason ?? "")">\
                    \(talk.joined(separator: "\n"))</failure></testcase>
                    """
            }
            let failures = results.count { $0.outcome == .fail }
            let skipped = results.count { $0.outcome == .notOffered }
            return """
                <testsuite name="\(chapter)" tests="\(results.count)" failures="\(failures)" skipped="\(skipped)">
                \(cases)
                </testsuite>
                """
        }
        let page: HTML = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="\(report.server.name)">
            \(suites)
            </testsuites>

            """
        return page.description
    }
}
