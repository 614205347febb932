import BenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

do {
    switch try ToolSpeedSettings.table.parse(CommandLine.arguments.dropFirst()) {
    case .help(let text): print(text, terminator: "")
    case .run(let settings):
        guard !settings.programs.isEmpty else {
            throw ComparisonError("--programs is missing: run Benchmarks/tools, which builds them")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try ToolSpeed(settings).run { report in
            print(
                settings.json ? String(decoding: try encoder.encode(report), as: UTF8.self) + "\n" : report.text(),
                terminator: "")
        }
    }
} catch {
    Terminal.writeError("tools: \(error)\n")
    exit(error is ArgumentError ? 2 : 1)
}
