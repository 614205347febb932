import Bulkhead
import BulkheadRESP

/// Compares two databases of one server or of two, by DUMP: every key of the left one, then which keys only the right
/// one has.
///
/// Both may be written to meanwhile: what differs is compared once more at the end, and only what differs still is
/// reported.
struct DatabaseComparison: Sendable {
    let left: RedisDatabase
    let right: RedisDatabase
    let leftFacts: ServerFacts
    let rightFacts: ServerFacts
    /// A glob as SCAN takes it; nil is every key.
    var pattern: String?
    var pace = RedisPace.considerate
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
    var progress: @Sendable (Int) -> Void = { _ in }

    /// Keys that are compared a second time; of more it is not worth it, as they surely differ.
    private static let mostLookedAtAgain = 10_000

    /// The report, and whether it is of all keys; an interrupted one is not.
    func run() async throws(RedisError) -> (report: ComparisonReport, isWhole: Bool) {
        if left.isInCluster || right.isInCluster { return try await run(left, right) }
        return try await withBothConnections { left, right in
            try await run(left, right)
        }
    }

    private func run<Left: RedisExecutor, Right: RedisExecutor>(
        _ left: Left, _ right: Right
    ) async throws(RedisError) -> (report: ComparisonReport, isWhole: Bool) {
        var run = Run(comparison: self, left: left, right: right)
        do throws(RedisError) {
            guard try await run.compareLeft(), try await run.compareAgain() else { return (run.report, false) }
            let isWhole = try await run.findOnlyRight()
            return (run.report, isWhole)
        } catch {
            guard error.isOfInterruption else { throw error }
            return (run.report, false)
        }
    }

    private func withBothConnections<Result>(
        _ body: (RedisConnection, RedisConnection) async throws -> Result
    ) async throws(RedisError) -> Result {
        do {
            return try await left.withConnection { first in
                try await right.withConnection { second in
                    for (connection, facts) in [(first, leftFacts), (second, rightFacts)] where facts.canNotTouch {
                        _ = try? await connection.send("CLIENT", "NO-TOUCH", "ON")
                    }
                    return try await body(first, second)
                }
            }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(code: .unexpectedReply, message: "\(error)", stage: .refused)
        }
    }

    private struct Run<Left: RedisExecutor, Right: RedisExecutor> {
        let comparison: DatabaseComparison
        let left: Left
        let right: Right
        let names: SideNames
        let leftReader: DumpReader
        let rightReader: DumpReader
        var report = ComparisonReport()
        private var doubtful: [RESPBytes] = []
        private var pacer: Pacer

        init(comparison: DatabaseComparison, left: Left, right: Right) {
            self.comparison = comparison
            self.left = left
            self.right = right
            names = SideNames(left: comparison.left.name.text, right: comparison.right.name.text)
            // A transaction needs a connection to itself.
            let usesScripts = comparison.left.isInCluster || comparison.right.isInCluster
            leftReader = DumpReader(of: comparison.leftFacts, isAtomic: true, usesScript: usesScripts)
            rightReader = DumpReader(of: comparison.rightFacts, isAtomic: true, usesScript: usesScripts)
            pacer = Pacer(comparison.pace)
        }

        mutating func compareLeft() async throws(RedisError) -> Bool {
            var seen = SeenKeys()
            var scan = PacedKeys(KeyWalk(over: comparison.left, match: comparison.pattern), pace: comparison.pace)
            var waiting: [RESPBytes] = []
            var isOver = false
            while !isOver || !waiting.isEmpty {
                if comparison.isInterrupted() { return false }
                let wanted = await pacer.begin()
                while !isOver, waiting.count < wanted {
                    guard let key = try await scan.next() else {
                        isOver = true
                        break
                    }
                    if seen.insert(key) == .known { continue }
                    if HandoverNotes.isNote(key) { report.addNote() } else { waiting.append(key) }
                }
                let slice = Array(waiting.prefix(wanted))
                if slice.isEmpty { break }
                waiting.removeFirst(slice.count)
                pacer.gathered()
                let start = report.compared + doubtful.count
                for (key, outcome) in zip(slice, try await outcomes(of: slice)) { take(key, outcome) }
                pacer.end(keys: slice.count)
                comparison.progress(start + slice.count)
            }
            return true
        }

        private mutating func take(_ key: RESPBytes, _ outcome: ComparisonReport.Outcome) {
            let isSettled = outcome == .same || outcome == .expired || doubtful.count >= mostLookedAtAgain
            if isSettled { report.add(outcome, key, names) } else { doubtful.append(key) }
        }

        mutating func compareAgain() async throws(RedisError) -> Bool {
            while !doubtful.isEmpty {
                if comparison.isInterrupted() { return false }
                let slice = Array(doubtful.prefix(await pacer.begin()))
                for (key, outcome) in zip(slice, try await outcomes(of: slice)) { report.add(outcome, key, names) }
                doubtful.removeFirst(slice.count)
                pacer.end(keys: slice.count)
            }
            return true
        }

        mutating func findOnlyRight() async throws(RedisError) -> Bool {
            var seen = SeenKeys()
            var scan = PacedKeys(KeyWalk(over: comparison.right, match: comparison.pattern), pace: comparison.pace)
            while true {
                if comparison.isInterrupted() { return false }
                var slice: [RESPBytes] = []
                while slice.count < sliceOfNames, let key = try await scan.next() {
                    if !HandoverNotes.isNote(key) {
                        slice.append(key)
                    } else if seen.insert(key) != .known {
                        report.addNote()
                    }
                }
                if slice.isEmpty { return true }
                for (key, isThere) in zip(slice, try await left.exist(slice))
                where !isThere && seen.insert(key) != .known {
                    // It may be gone on both sides by now, or have come to both.
                    switch try await outcomes(of: [key]).first {
                    case .onlyRight: report.add(.onlyRight, key, names)
                    default: continue
                    }
                }
            }
        }

        private let mostLookedAtAgain = DatabaseComparison.mostLookedAtAgain
        /// Names of one round trip, which costs the server about 0.1 ms.
        private let sliceOfNames = 250

        private func outcomes(of keys: [RESPBytes]) async throws(RedisError) -> [ComparisonReport.Outcome] {
            if keys.isEmpty { return [] }
            let mine = try await leftReader.read(keys, left)
            let theirs = try await rightReader.read(keys, right)
            let now = max(try await left.milliseconds(), try await right.milliseconds())
            let tolerance = leftReader.expiry.tolerance(beside: rightReader.expiry)
            return keys.indices.map { index in
                guard let dump = mine[index] else {
                    let isOver = theirs[index].map { ComparedKey(keys[index], $0).isOver(at: now) } ?? true
                    return isOver ? .expired : .onlyRight
                }
                return ComparedKey(keys[index], dump)
                    .outcome(against: theirs[index], now: now, tolerance: tolerance)
            }
        }
    }
}

extension ComparedKey {
    fileprivate init(_ key: RESPBytes, _ dump: KeyDump) {
        self.init(key: key, value: dump.value, expiry: dump.expiry)
    }
}
