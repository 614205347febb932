import BulkheadBenchmarkSupport
import Foundation
import Testing

/// What a command may allocate, counted and not timed, so that it holds on any machine.
///
/// Left to itself a lone caller looks at the socket as long as that helps, and joins the queue where replies come late:
/// how often depends on the machine's speed, and the two ways do not cost the same. So each count fixes the way.
///
/// Of the release program, since a debug build allocates what optimising takes away: `Tests/run` builds it and names
/// it in `BULKHEAD_THROUGHPUT`. It runs on one core, as a task or a block that ends on another thread than it began on
/// may not be recycled there; now and then one still is not, so the least of some runs is what a command costs. One of
/// 50 callers costs less than one alone, as they share writes and reads; how many share one depends on the machine.
@Suite(.serialized) struct AllocationTests {
    enum Way: String, Sendable {
        /// The caller looks at the socket until its reply is there.
        case inline
        /// It joins the queue, and sleeps.
        case queued

        /// Microseconds to look at the socket: more than any reply takes, or none.
        var spin: Int { self == .inline ? 60_000_000 : 0 }
    }

    struct Limit: Sendable, CustomTestStringConvertible {
        let command: String
        let mode: String
        let callers: Int
        let way: Way
        /// Calls of malloc and its kin for one command, on the average.
        let allocations: Double
        /// Read through a client-side cache.
        var isCached = false
        /// The name lives in a cluster of three primaries.
        var isInCluster = false

        var testDescription: String {
            let place = isInCluster ? ", in a cluster" : ""
            return "\(command), \(mode), \(callers), \(isCached ? "cached" : way.rawValue)\(place)"
        }
    }

    /// The one table of limits. Whoever makes a command allocate less lowers its limit with it.
    static let limits = [
        Limit(command: "get", mode: "async", callers: 1, way: .inline, allocations: 2.8),
        Limit(command: "get", mode: "async", callers: 1, way: .queued, allocations: 9.8),
        Limit(command: "get", mode: "async", callers: 50, way: .queued, allocations: 1.4),
        Limit(command: "get", mode: "blocking", callers: 1, way: .inline, allocations: 2.4),
        Limit(command: "set", mode: "async", callers: 1, way: .inline, allocations: 1.8),
        Limit(command: "set", mode: "async", callers: 1, way: .queued, allocations: 9.8),
        Limit(command: "set", mode: "async", callers: 50, way: .queued, allocations: 1.4),
        Limit(command: "set", mode: "blocking", callers: 1, way: .inline, allocations: 1.4),
        Limit(command: "incr", mode: "async", callers: 1, way: .inline, allocations: 1.8),
        Limit(command: "incr", mode: "async", callers: 1, way: .queued, allocations: 8.8),
        Limit(command: "incr", mode: "async", callers: 50, way: .queued, allocations: 0.6),
        Limit(command: "incr", mode: "blocking", callers: 1, way: .inline, allocations: 1.4),
        // The command's bytes, and a String of 100 bytes.
        Limit(command: "get", mode: "async", callers: 1, way: .queued, allocations: 2.4, isCached: true),
        Limit(command: "get", mode: "blocking", callers: 1, way: .queued, allocations: 2.4, isCached: true),
        // No more than at one server.
        Limit(command: "get", mode: "async", callers: 1, way: .inline, allocations: 2.8, isInCluster: true),
        Limit(command: "get", mode: "async", callers: 50, way: .queued, allocations: 1.4, isInCluster: true),
        Limit(command: "get", mode: "blocking", callers: 1, way: .inline, allocations: 2.4, isInCluster: true),
    ]

    /// Runs at most, of which one must stay within the limit. One more allocation a command is in each of them.
    static let runs = 5

    private static let program = ProcessInfo.processInfo.environment["BULKHEAD_THROUGHPUT"]

    #if os(Linux)
    @Test(.enabled(if: program != nil, "Tests/run builds the release program that is counted"), arguments: limits)
    func `a command allocates no more than its limit`(limit: Limit) throws {
        var least = Double.infinity
        for _ in 0..<Self.runs where least > limit.allocations {
            least = min(least, try Self.allocations(of: limit))
        }
        #expect(least <= limit.allocations, "allocations a command")
        // What counts nothing would stay within every limit. Of a command that allocates nothing, the difference of two
        // counts may be below zero: the others show that allocations are counted.
        if limit.allocations > 1 { #expect(least > 0) }
    }

    private static func allocations(of limit: Limit) throws -> Double {
        let (output, status) = try Child.run(
            "/usr/bin/env",
            onOneCore + [
                try #require(program), "--json", "--count-allocations", "--op", limit.command, "--mode", limit.mode,
                "--spin", "\(limit.way.spin)", "--clients", "\(limit.callers)",
                "--requests", limit.callers == 1 && !limit.isCached ? "2000" : "20000",
            ] + (limit.isCached ? ["--cached"] : []) + (limit.isInCluster ? ["--cluster"] : []))
        try #require(status == 0)
        let report = try JSONDecoder().decode(ThroughputReport.self, from: Data(output.utf8))
        return try #require(report.allocations_per_command)
    }

    /// Empty where there is no taskset.
    private static let onOneCore: [String] = {
        guard let core = CPUPinning.current().allowedCores?.last,
            let taskset = try? Child.run("/usr/bin/env", ["taskset", "--version"]), taskset.status == 0
        else { return [] }
        return ["taskset", "-c", "\(core)"]
    }()
    #endif
}
