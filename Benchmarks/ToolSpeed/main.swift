import BulkheadBenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

ToolSpeedSettings.table.run { settings in
    guard !settings.programs.isEmpty else {
        throw ProgramError("--programs is missing: run Benchmarks/tools, which builds them")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try ToolSpeed(settings).run { report in
        print(
            settings.json ? String(decoding: try encoder.encode(report), as: UTF8.self) + "\n" : report.text(),
            terminator: "")
    }
    return 0
}
