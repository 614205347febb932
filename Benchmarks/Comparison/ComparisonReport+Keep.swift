import BulkheadBenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ComparisonReport {
    /// Where kept reports are, from the package's folder, which the script makes the current one.
    private static let resultsFolder = "Benchmarks/Results"

    /// Writes the report to a file of its own.
    func keep(_ options: [String]) throws {
        var shown = options
        // The folder is the script's business, not of who runs it again.
        if let index = shown.firstIndex(of: "--programs") {
            shown.removeSubrange(index...min(index + 1, shown.count - 1))
        }
        try FileManager.default.createDirectory(atPath: Self.resultsFolder, withIntermediateDirectories: true)
        let name = ResultsFile.name(
            date: date, existing: try FileManager.default.contentsOfDirectory(atPath: Self.resultsFolder))
        let path = "\(Self.resultsFolder)/\(name)"
        try Data(ResultsFile.content(of: self, options: shown).utf8).write(to: URL(filePath: path))
        Terminal.writeError("compare: kept as \(path)\n")
    }

    /// The report as one JSON object on a line, with its members in order of their names.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
