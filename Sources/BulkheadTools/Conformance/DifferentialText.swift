import BulkheadConformance
import BulkheadConsole

/// What two servers did alike and what not, as text.
enum DifferentialText {
    static func summary(of report: DifferentialReport, on screen: Screen) -> String {
        var lines = [
            screen.inked(
                "\(report.left.name) at \(report.leftAddress) / \(report.right.name) at \(report.rightAddress)",
                .heading),
            "\(Units.counted(report.commands, "command")) of \(Units.counted(report.forms, "form")) in "
                + "\(Units.counted(report.sequences, "sequence")), seed \(report.seed); the whole state was compared "
                + "\(Units.counted(report.wholeStates, "time")).",
        ]
        if !report.leftOut.isEmpty {
            lines += ["", screen.inked("Left out, as one of them does not have it:", .heading)]
            lines += report.leftOut.map { "  \($0)" }
        }
        if !report.known.isEmpty {
            lines += ["", screen.inked("Known differences:", .heading)]
            for known in report.known {
                lines.append("  \(known.name), \(Units.counted(known.count, "time")): \(known.reason)")
            }
        }
        if !report.wordings.isEmpty {
            lines += ["", screen.inked("Errors of one code in other words:", .heading)]
            lines += report.wordings.prefix(20).map { "  \($0.kind), \(Units.counted($0.count, "time"))" }
            if report.wordings.count > 20 { lines.append("  … and \(report.wordings.count - 20) more kinds") }
        }
        for kind in report.new {
            let title = "\(kind.kind), \(Units.counted(kind.count, "time")), first in sequence \(kind.sequence)"
            lines += ["", screen.inked(title, .warning)]
            lines += kind.script.map { "  \($0)" }
        }
        let kinds = Units.counted(report.new.count, "new kind")
        let verdict = "\(kinds) of differences, \(Units.counted(report.known.count, "known one"))."
        lines += ["", screen.inked(verdict, report.new.isEmpty ? .good : nil)]
        return lines.joined(separator: "\n") + "\n"
    }
}
