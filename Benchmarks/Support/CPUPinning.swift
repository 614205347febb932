#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Which cores this process may run on, so that a result can say how it was measured.
///
/// Nothing here pins this process. On Linux `taskset -c 1 PROGRAM` does.
package struct CPUPinning: Sendable, Equatable, Encodable {
    /// The numbers of the cores the process may run on, ascending; nil where the system does not say.
    package let allowedCores: [Int]?
    /// How many cores of the machine are in use; 0 where the system does not say.
    package let coreCount: Int

    package init(allowedCores: [Int]?, coreCount: Int) {
        self.allowedCores = allowedCores?.sorted()
        self.coreCount = coreCount
    }

    /// What holds for this process now; a process that is pinned later must ask again.
    package static func current() -> CPUPinning {
        CPUPinning(allowedCores: readAllowedCores(), coreCount: max(0, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    }

    /// The words in front of a program that run it on this core; none for nil.
    package static func words(for core: Int?) -> [String] {
        core.map { ["taskset", "-c", "\($0)"] } ?? []
    }

    /// The first core that this process is kept off; nil where it may run on all of the first two, or nobody knows.
    package static var firstOtherCore: Int? {
        let allowed = current().allowedCores ?? []
        return (0...1).first { !allowed.contains($0) }
    }

    /// Whether the process may run on fewer cores than there are, by `taskset` or by its container; nil where the
    /// system does not tell.
    package var isRestricted: Bool? {
        guard let allowedCores, coreCount > 0 else { return nil }
        return allowedCores.count < coreCount
    }

    /// For a report: `core 1 only, of 2`, `cores 0–3,6 only, of 8`, `all 2`, `unknown, of 8`.
    package var text: String {
        let total = coreCount > 0 ? "\(coreCount)" : "an unknown number"
        guard let allowedCores, let isRestricted else { return "unknown, of \(total)" }
        guard isRestricted else { return "all \(total)" }
        return "core\(allowedCores.count == 1 ? "" : "s") \(Self.ranges(of: allowedCores)) only, of \(total)"
    }

    /// The cores in a list as Linux writes it, `0-3,6`; nil when it is anything else.
    static func cores(inList list: some StringProtocol) -> [Int]? {
        var cores: [Int] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last else {
                return nil
            }
            cores += first...last
        }
        return cores
    }

    /// `0–3,6`: neighbours are drawn together.
    private static func ranges(of cores: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for core in cores {
            if let last = runs.last, last.upperBound + 1 == core {
                runs[runs.count - 1] = last.lowerBound...core
            } else {
                runs.append(core...core)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
            .joined(separator: ",")
    }
}
