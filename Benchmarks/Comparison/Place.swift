import BulkheadBenchmarkSupport

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

/// Where and of what a comparison is made, as far as the system says.
enum Place {
    static func machine() -> ComparisonReport.Machine {
        var system = utsname()
        uname(&system)
        let architecture = text(&system.machine)
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ").first
        let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))
            .flatMap { ComparisonReport.Machine.processor(inCPUInfo: $0) }
        var machine = ComparisonReport.Machine(
            processor: processor ?? "unnamed processor (\(architecture))", coreCount: CPUPinning.current().coreCount,
            kernel: "\(text(&system.sysname)) \(text(&system.release))",
            swift: firstLine(["swift", "--version"]) ?? "Swift of unknown version",
            load: load.flatMap { Double($0) })
        machine.cyclesPerSecond = ProcessorClock.cyclesPerSecond()
        machine.secondLevelCache = (try? String(contentsOfFile: secondLevelCache, encoding: .utf8))
            .flatMap { ComparisonReport.Machine.bytes(inCacheSize: $0) }
        return machine
    }

    private static let secondLevelCache = "/sys/devices/system/cpu/cpu0/cache/index2/size"

    /// Nil where the system does not say.
    static func stolenTime() -> StolenTime? {
        (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)).flatMap { StolenTime(stat: $0) }
    }

    /// The first of git's digits, and whether files differ from it; nil where this is no repository.
    static func commit() -> String? {
        guard let digits = firstLine(["git", "rev-parse", "--short=12", "HEAD"]) else { return nil }
        guard let status = try? ChildProgram.run(["git", "status", "--porcelain"], silenced: true),
            status.exitCode == 0
        else { return digits }
        return status.output.isEmpty ? digits : "\(digits) + changes"
    }

    private static func firstLine(_ words: [String]) -> String? {
        guard let child = try? ChildProgram.run(words, silenced: true), child.exitCode == 0 else { return nil }
        return child.output.split(whereSeparator: \.isNewline).first.map { String($0) }
    }

    /// The text in one of the arrays that C structs have for it.
    private static func text<Letters>(_ letters: inout Letters) -> String {
        withUnsafeBytes(of: &letters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
