import Bulkhead
import BulkheadConsole

/// A migration's report for people.
struct MigrationSummary {
    private let report: MigrationReport
    private let plan: MigrationPlan
    private let seconds: Double
    private let arrivals: [(name: DatabaseName, count: Int)]

    /// - Parameter arrivals: where keys have gone, if that is several databases.
    init(
        _ report: MigrationReport, _ plan: MigrationPlan, seconds: Double,
        arrivals: [(name: DatabaseName, count: Int)] = []
    ) {
        self.arrivals = arrivals
        self.report = report
        self.plan = plan
        self.seconds = seconds
    }

    /// The counts, and the reasons for those that are not moved.
    func text(on screen: Screen) -> String {
        var table = Table(columns: [.number("keys"), .text("what became of them")])
        func row(_ count: Int, _ words: String, always: Bool = false) {
            if always || count > 0 { table.append([Units.grouped(count), words]) }
        }
        let would = plan.isDryRun ? "would be " : ""
        row(report.found, "found in \(plan.from.name)" + (plan.keys.words.map { " by \($0)" } ?? ""), always: true)
        row(report.moved, "\(would)\(plan.verb) to \(plan.destination)", always: true)
        for (name, count) in arrivals { row(count, "  of them to \(name)") }
        row(report.replaced, "  of them in place of a key of the same name")
        row(report.verified, "  of them compared on both sides")
        row(report.differing, "  of these, not equal")
        row(report.skipped, "skipped: the target has a key of that name")
        row(report.changed, "changed meanwhile: they stay in \(plan.from.name)")
        row(report.expired, "expired or deleted before their turn")
        row(report.failed, plan.isDryRun ? "would be refused" : "failed: they stay in \(plan.from.name)")
        row(report.writtenMeanwhile, "written to \(plan.from.name) meanwhile: they stay there")
        var lines = table.lines(on: screen)
        if !plan.isDryRun, report.moved > 0, seconds > 0 {
            let time = Units.duration(nanoseconds: seconds * 1e9)
            lines += ["", "\(time), \(Units.rate(perSecond: Double(report.moved) / seconds))."]
        }
        if !report.remarks.all.isEmpty { lines += [""] + report.remarks.lines(on: screen) }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Why it ended early and how to go on; nil if there is nothing to do.
    func ending(_ goOn: String?) -> String? {
        let words: String
        switch report.stop {
        case .interrupted where plan.isDryRun:
            words = "bulkhead migrate: stopped as asked, before all keys were looked at; nothing was \(plan.verb)."
        case .failed(let reason) where plan.isDryRun:
            words = "bulkhead migrate: \(reason.asSentence) Nothing was \(plan.verb)."
        case .conflict:
            words = """
                bulkhead migrate: stopped at the first conflict; what was \(plan.verb) stays so, and the rest is in \
                \(plan.from.name). Say --on-conflict skip or replace, or mend it, and go on:
                """
        case .interrupted:
            words = """
                bulkhead migrate: stopped as asked; what was \(plan.verb) stays so, and the rest is in \
                \(plan.from.name). To go on:
                """
        case .failed(let reason):
            let state =
                report.mayHaveLost
                ? "Keys that had been \(plan.verb) may be gone in \(plan.destination); the others are in "
                    + "\(plan.from.name)."
                : "Every key is whole on one side or on both."
            words = "bulkhead migrate: \(reason.asSentence) \(state) To go on:"
        case nil where report.fitsNothing:
            let pattern = plan.keys.words ?? "*"
            words = "bulkhead migrate: no key matches \(pattern) in \(plan.from.name): nothing was \(plan.verb)."
        case nil where report.isAtItsEnd && !plan.isDryRun:
            words =
                "bulkhead migrate: \(Units.counted(report.impossible, "key")) cannot be moved and "
                + "\(report.impossible == 1 ? "stays" : "stay") in \(plan.from.name): another run would end the same."
        case nil:
            guard goOn != nil, report.changed + report.failed + report.writtenMeanwhile > 0 else { return nil }
            words = "bulkhead migrate: some keys are in \(plan.from.name) still. To try them again:"
        }
        return words + (goOn.map { "\n  \($0)" } ?? "")
    }
}
