import BenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where kept reports are, from the package's folder, which the script makes the current one.
let resultsFolder = "Benchmarks/Results"

ComparisonSettings.table.run { settings in
    guard !settings.programs.isEmpty else {
        throw ProgramError("--programs is missing: run Benchmarks/compare, which builds them")
    }
    let report = try Comparison(settings).run()
    print(settings.json ? try report.json() : report.text(), terminator: "")
    if settings.keep { try keep(report, Array(CommandLine.arguments.dropFirst())) }
    return 0
}

/// Writes the report to a file of its own.
func keep(_ report: ComparisonReport, _ options: [String]) throws {
    var shown = options
    // The folder is the script's business, not of who runs it again.
    if let index = shown.firstIndex(of: "--programs") { shown.removeSubrange(index...min(index + 1, shown.count - 1)) }
    try FileManager.default.createDirectory(atPath: resultsFolder, withIntermediateDirectories: true)
    let name = ResultsFile.name(
        date: report.date, existing: try FileManager.default.contentsOfDirectory(atPath: resultsFolder))
    let path = "\(resultsFolder)/\(name)"
    try Data(ResultsFile.content(of: report, options: shown).utf8).write(to: URL(filePath: path))
    Terminal.writeError("compare: kept as \(path)\n")
}

extension ComparisonReport {
    /// The report as one JSON object on a line, with its members in order of their names.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
