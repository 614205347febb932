import BulkheadConsole
import BulkheadLint
import BulkheadTools
import Testing

@Suite("Lint's report") struct LintReportTests {
    static let findings = Linter.findings(
        in: Array("redis-cli -n 3 flushall\nredis-cli -u redis://u:hunter2@h/3 -a hunter2 keys 'secret:*'".utf8),
        as: .shell)

    static let screens: [Screen] = [.pipe, Screen(columns: 80), Screen(columns: 80, hasColours: true)]

    @Test func `a pipe gets one line a finding that editors understand`() {
        var report = LintReport(.text)
        let lines = report.text(Self.findings, in: Array("a b/c.sh".utf8)).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(
            lines.first == """
                a b/c.sh:1:11: database-number: redis-cli -n 3 chooses a database by number; it does not say whose \
                data it holds, and services that share it overwrite each other. Instead: Name the database to the \
                tools: bulkhead check, migrate, backup or flush NAME; a URL needs no number.
                """)
        #expect(report.reasons == "")
    }

    @Test(arguments: [50, 80, 100, 200])
    func `a terminal gets lines of its width under the name of the file, and each reason once`(columns: Int) {
        let screen = Screen(columns: columns)
        var report = LintReport(.text, on: screen)
        let text = report.text(Self.findings, in: Array("deploy/flush.sh".utf8)) + report.reasons
        let longest = text.split(separator: "\n").map(\.count).max() ?? 0
        #expect(longest <= screen.pageColumns)
        // The width is used, too.
        #expect(longest > screen.pageColumns - 15)
        #expect(text.components(of: LintRule.keys.reason.prefix(15)) == 1)
        #expect(text.contains("→ bulkhead flush NAME"))
        #expect(!text.contains("\u{1b}"))
    }

    @Test func `a finding stands beside its place and rule, and on a narrow terminal below them`() {
        func text(_ columns: Int) -> String {
            var report = LintReport(.text, on: Screen(columns: columns))
            return report.text(Array(Self.findings.prefix(1)), in: Array("x.sh".utf8))
        }
        #expect(text(80) == "x.sh\n  1:11  database-number  redis-cli -n 3 chooses a database by number\n\n")
        #expect(text(50) == "x.sh\n  1:11  database-number\n      redis-cli -n 3 chooses a database by number\n\n")
    }

    @Test func `colours change nothing but colours`() {
        var plain = LintReport(.text, on: Screen(columns: 80))
        var coloured = LintReport(.text, on: Screen(columns: 80, hasColours: true))
        let text = coloured.text(Self.findings, in: Array("x.sh".utf8)) + coloured.reasons
        #expect(text.contains("\u{1b}[1mx.sh\u{1b}[0m"))
        let stripped = text.split(separator: "\u{1b}", omittingEmptySubsequences: false).enumerated().map { part in
            part.offset == 0 ? part.element : part.element.drop { $0 != "m" }.dropFirst()
        }.joined()
        #expect(stripped == plain.text(Self.findings, in: Array("x.sh".utf8)) + plain.reasons)
    }

    @Test func `GitHub gets annotations whose properties and message are escaped as its runner reads them`() {
        var report = LintReport(.github)
        let text = report.text(Array(Self.findings.prefix(1)), in: Array("a,b:c%d\nê.sh".utf8))
        let begin = "::error file=\"a%2Cb%3Ac%25d\\nê.sh\",line=1,col=11,title=database-number::redis-cli -n 3 "
        #expect(text.hasPrefix(begin))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test(arguments: LintFormat.allCases) func `no report shows a password or a key`(format: LintFormat) {
        for screen in Self.screens {
            var report = LintReport(format, on: screen)
            let text = report.text(Self.findings, in: Array("x.sh".utf8)) + report.reasons
            #expect(!text.contains("hunter2") && !text.contains("secret"))
        }
        #expect(!Self.findings.contains { "\($0)".contains("hunter2") || "\($0)".contains("secret") })
    }

    @Test func `a path that a terminal would obey is escaped`() {
        #expect(LintReport.shown(Array("a b.py".utf8)) == "a b.py")
        #expect(LintReport.shown(Array("a\u{1b}[2J".utf8)) == "\"a\\x1b[2J\"")
        #expect(LintReport.shown([0x61, 0xff]) == "\"a\\xff\"")
    }

    @Test func `every rule has a name in kebab case, and words for its list, its reason and each language`() {
        for rule in LintRule.allCases {
            #expect(rule.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
            #expect(!rule.summary.isEmpty && !rule.reason.hasSuffix("."))
        }
        #expect(Set(LintRule.allCases.map(\.summary)).count == LintRule.allCases.count)
    }
}

extension String {
    /// How often a part occurs.
    fileprivate func components(of part: some StringProtocol) -> Int {
        indices.count { self[$0...].hasPrefix(part) }
    }
}
