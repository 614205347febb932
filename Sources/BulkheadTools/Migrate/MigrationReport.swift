import BulkheadRESP

/// The counts of a migration. Every key that was found has one outcome:
/// `found = moved + skipped + changed + expired + failed`.
struct MigrationReport: Sendable {
    /// Why it ended before the scan did.
    enum Stop: Sendable, Hashable {
        /// The target had a key of that name, and `--on-conflict fail` stops there.
        case conflict
        /// Somebody asked it to stop.
        case interrupted
        /// A server or a connection ended it, in these words.
        case failed(String)
    }

    private(set) var found = 0
    /// In the target; with a copy in the source as well.
    private(set) var moved = 0
    /// Of those moved: in place of a key that the target had.
    private(set) var replaced = 0
    /// Left in the source because the target has a key of that name, as ordered.
    private(set) var skipped = 0
    private(set) var changed = 0
    private(set) var expired = 0
    private(set) var failed = 0
    /// Of those failed: another run would end the same.
    private(set) var impossible = 0
    /// Of those moved: compared on both sides.
    private(set) var verified = 0
    /// Of those verified: not the same on both sides.
    private(set) var differing = 0
    /// Keys that fit the pattern and are in the source after all has been moved: somebody has written them meanwhile.
    var writtenMeanwhile = 0
    var stop: Stop?
    /// The target may have lost keys that were moved: it has evicted some, or was started anew.
    var mayHaveLost = false
    /// The pattern fits no key of the source: most likely it is not the one that was meant.
    var fitsNothing = false
    /// What was said about keys, with some of them.
    private(set) var remarks = KeyRemarks()

    /// Keys of a slice that is on its way.
    mutating func begin(_ count: Int) { found += count }

    /// Counts what became of a slice. Keys without an outcome count as failed, for this reason.
    mutating func add(_ slice: MigrationSlice, unanswered: String, _ plan: MigrationPlan) {
        for (key, outcome) in zip(slice.keys, slice.outcomes) {
            switch outcome {
            case .moved(let arrival):
                moved += 1
                if arrival.hasReplaced { replaced += 1 }
                guard let differences = arrival.differences else { continue }
                verified += 1
                guard !differences.isEmpty else { continue }
                differing += 1
                remarks.add("compared: " + differences, key)
            case .conflict where plan.conflicts == .skip:
                skipped += 1
                remarks.add("the target has a key of that name", key)
            case .conflict:
                failed += 1
                if !plan.isDryRun { stop = stop ?? .conflict }
                remarks.add("the target has a key of that name", key)
            case .changed(let reason):
                changed += 1
                remarks.add(reason, key)
            case .expired: expired += 1
            case .failed(let reason):
                failed += 1
                remarks.add(reason, key)
            case .impossible(let reason):
                failed += 1
                impossible += 1
                remarks.add(reason, key)
            case nil:
                failed += 1
                remarks.add(unanswered, key)
            }
        }
    }

    /// Counts a key that was found in the source when all had been moved.
    mutating func foundAgain(_ key: RESPBytes) {
        writtenMeanwhile += 1
        remarks.add("written to the source while keys were moved", key)
    }

    /// True if every key that fits the pattern is in the target, and as it should be.
    var isComplete: Bool {
        stop == nil && !fitsNothing && skipped + changed + failed + differing + writtenMeanwhile == 0
    }

    /// True if nothing is left but keys that cannot be moved: to go on would change nothing.
    var isAtItsEnd: Bool {
        stop == nil && impossible > 0 && skipped + changed + differing + writtenMeanwhile == 0 && failed == impossible
    }

    var exitCode: ExitCode {
        switch stop {
        case .interrupted, .failed: .failed
        case .conflict, nil: isComplete ? .done : .found
        }
    }
}
