import Bulkhead
import BulkheadConsole

/// The outcome of a restore, as JSON and as text.
struct RestoreDocument: Encodable {
    let file: String
    let number: Int
    let into: String
    let isDryRun: Bool
    var report = RestoreReport()
    var verified: ComparisonReport?
    /// Nothing was begun, for a reason that stands in `stopped`.
    var isRefused = false
    /// The reason is that values of the file cannot be read.
    var isDamaged = false
    /// The call that goes on where this one ended.
    var goOn: String?

    init(_ plan: RestorePlan, isDryRun: Bool) {
        file = plan.path
        number = plan.number
        into = plan.into.name.text
        self.isDryRun = isDryRun
    }

    private enum CodingKeys: String, CodingKey {
        case file, number, into, verified
        case isDryRun = "dry_run"
        case goOn = "go_on"
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(file, forKey: .file)
        try values.encode(number, forKey: .number)
        try values.encode(into, forKey: .into)
        try values.encode(isDryRun, forKey: .isDryRun)
        try values.encodeIfPresent(verified, forKey: .verified)
        try values.encodeIfPresent(goOn, forKey: .goOn)
    }

    var exitCode: ExitCode {
        // A refusal before the first key is one; what ended the work in the middle is a failure.
        if isRefused { return isDamaged ? .badData : .found }
        if report.stopped != nil { return .failed }
        let wouldBeRefused = isDryRun && report.conflicts > report.skipped
        return wouldBeRefused || report.failed > 0 || verified.map { !$0.isSame } == true ? .found : .done
    }

    func print(to call: Call) throws(ProgramFailure) {
        try call.answer(self) { text(on: $0) }
        if let stopped = report.stopped {
            let goOn = goOn.map { " To go on:\n  \($0)" } ?? ""
            let words = "\(call.program): \(stopped.asSentence)\(goOn)"
            call.say(words)
        }
    }

    private func text(on screen: Screen) -> String {
        func counted(_ count: Int, _ words: String) -> String? {
            count == 0 ? nil : "\(Units.grouped(count)) \(words)"
        }
        let parts = [
            isDryRun
                ? "\(Units.grouped(isRefused ? 0 : report.untried)) would be restored"
                : "\(Units.grouped(report.restored)) restored",
            isDryRun
                ? counted(report.conflicts, report.conflicts == 1 ? "exists already" : "exist already")
                : counted(report.skipped, "skipped"),
            counted(report.expired, "expired"), counted(report.failed, "failed"),
            isDryRun ? nil : counted(report.untried, "not tried"),
        ].compactMap(\.self)
        var lines = "\(into): \(Units.counted(report.found, "key")) in \(file), \(parts.joined(separator: ", "))."
            .wrapped(to: screen.proseColumns)
        if report.functions > 0 {
            lines.append("\(Units.counted(report.functions, "library", "libraries")) of functions restored.")
        }
        if let words = ModuleData(report.moduleData).text(
            of: "The file",
            "RESTORE \(isDryRun ? "would not take" : "did not take") it; its module has to make it again")
        {
            lines += words.wrapped(to: screen.proseColumns)
        }
        if report.notes > 0 {
            lines += HandoverNotes.words(report.notes, "not restored").wrapped(to: screen.proseColumns)
        }
        lines += report.remarks.lines(on: screen)
        if let verified {
            let counts =
                "Compared: \(Units.grouped(verified.same)) the same, \(Units.grouped(verified.expired)) "
                + "expired, \(Units.grouped(verified.different + verified.onlyLeft)) different."
            lines += counts.wrapped(to: screen.proseColumns) + verified.differences.lines(on: screen)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
