/// A report that is kept.
package enum ResultsFile {
    /// `2026-11-23-compare.txt`; with a number where there is one of that day already, which stays as it is.
    ///
    /// - Parameter date: ISO 8601; its first ten characters count.
    package static func name(date: String, existing: some Sequence<String>) -> String {
        let existing = Set(existing)
        let start = "\(date.prefix(10))-compare"
        if !existing.contains("\(start).txt") { return "\(start).txt" }
        var number = 2
        while existing.contains("\(start)-\(number).txt") { number += 1 }
        return "\(start)-\(number).txt"
    }

    /// The report under a line that says how to make another one.
    package static func content(of report: ComparisonReport, options: [String]) -> String {
        let command = (["Benchmarks/compare"] + options).joined(separator: " ")
        return "Made by `\(command)`; figures of other machines and other days differ.\n\n" + report.text()
    }
}
