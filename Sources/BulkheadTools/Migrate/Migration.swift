import Bulkhead
import BulkheadRESP

/// Walks the source and has each key moved, in slices as large as the pace allows.
///
/// ```
/// scan ──> keys not seen ──> slices ──> lane 0 ──> mover ──> outcomes ──> report
///                                  └──> lane 1 ──> mover ──>┘
/// ```
struct Migration: Sendable {
    let plan: MigrationPlan
    let source: RedisDatabase
    let target: RedisDatabase
    let mover: any KeyMover
    /// Looks at what the target does with keys by itself.
    let targetWatch: TargetWatch
    /// Sides that can be asked not to count what is read as a use.
    let canNotTouch: (source: Bool, target: Bool)
    /// True when somebody wants it to end; asked between slices.
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
    /// Is called with how many keys have been found and settled; with a pattern, how many have been looked at.
    var progress: @Sendable (Int) -> Void = { _ in }

    /// Moves what there is. What a server or a connection does to it stands in the report; throws only if nothing has
    /// begun.
    func run() async throws(RedisError) -> MigrationReport {
        do {
            return try await withLane(0) { first in
                // No more connections than are needed: the catalogue may allow few.
                if plan.slicesInFlight == 1 { return try await run(lanes: [first, first.numbered(1)]) }
                return try await withLane(1) { second in try await run(lanes: [first, second]) }
            }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(code: .unexpectedReply, message: "\(error)", stage: .refused)
        }
    }

    private func withLane(
        _ number: Int, _ body: (MigrationLane) async throws -> MigrationReport
    ) async throws -> MigrationReport {
        try await source.withConnection { source in
            try await target.withConnection { target in
                try await body(MigrationLane(number: number, source: source, target: target))
            }
        }
    }

    private func run(lanes: [MigrationLane]) async throws(RedisError) -> MigrationReport {
        for lane in lanes {
            if canNotTouch.source { _ = try? await lane.source.send("CLIENT", "NO-TOUCH", "ON") }
            if canNotTouch.target { _ = try? await lane.target.send("CLIENT", "NO-TOUCH", "ON") }
        }
        try await mover.start(lanes, of: plan, in: source)
        var walk = Walk(plan, over: source)
        await moveAll(&walk, lanes)
        await lookAtTarget(&walk, lanes)
        // Who goes on may find that all is done.
        walk.report.fitsNothing =
            walk.report.stop == nil && walk.report.found == 0 && !plan.keys.isAll && !plan.resumes
        if case .failed = walk.report.stop { return walk.report }
        do throws(RedisError) {
            try await mover.finish(lanes)
            if !plan.copies, !plan.isDryRun, walk.report.stop == nil { try await lookAgain(&walk) }
        } catch {
            walk.report.stop = .failed(error.explained)
        }
        return walk.report
    }

    /// What has come has to be there when it is said to be.
    private func lookAtTarget(_ walk: inout Walk, _ lanes: [MigrationLane]) async {
        guard !plan.isDryRun, walk.report.found > 0, let lane = lanes.first else { return }
        do throws(RedisError) {
            try await targetWatch.look(always: true, lane.target)
        } catch {
            // Another failure before this one says more about its cause, and less about the keys.
            if walk.report.stop == nil || targetWatch.mayHaveLost { walk.report.stop = .failed(error.explained) }
        }
        walk.report.mayHaveLost = targetWatch.mayHaveLost
    }

    private struct Result: Sendable {
        let slice: MigrationSlice
        let lane: MigrationLane
        let error: RedisError?
    }

    private func moveAll(_ walk: inout Walk, _ lanes: [MigrationLane]) async {
        await withTaskGroup(of: Result.self) { group in
            var free = Array(lanes.prefix(plan.slicesInFlight))
            while walk.report.stop == nil {
                if isInterrupted() {
                    walk.report.stop = .interrupted
                } else if walk.needsPage {
                    // What settles while the page is on its way is counted after it: see `Walk.take`.
                    await scan(&walk)
                } else if walk.waiting.isEmpty {
                    break
                } else if free.isEmpty {
                    guard let result = await group.next() else { break }
                    free.append(result.lane)
                    settle(result, &walk)
                } else {
                    let lane = free.removeFirst()
                    var slice = await walk.takeSlice(least: mover.leastKeys)
                    group.addTask { [mover] in
                        do throws(RedisError) {
                            try await mover.move(&slice, on: lane)
                            return Result(slice: slice, lane: lane, error: nil)
                        } catch {
                            return Result(slice: slice, lane: lane, error: error)
                        }
                    }
                }
            }
            while let result = await group.next() { settle(result, &walk) }
        }
    }

    private func scan(_ walk: inout Walk) async {
        do throws(RedisError) {
            walk.take(try await page(&walk.scan, &walk.scanPacer, &walk.scanned))
            progress(walk.progress)
        } catch {
            walk.report.stop = .failed(error.explained)
        }
    }

    private func page(
        _ scan: inout KeyWalk, _ pacer: inout Pacer, _ scanned: inout Int
    ) async throws(RedisError) -> [RESPBytes]? {
        let count = await pacer.begin()
        scanned += count
        let page = try await scan.page(count)
        pacer.end(keys: count)
        return page
    }

    private func settle(_ result: Result, _ walk: inout Walk) {
        walk.settle(result.slice, result.error)
        progress(walk.progress)
    }

    /// Counts what fits the pattern and is in the source now, but for what the walk has left there.
    private func lookAgain(_ walk: inout Walk) async throws(RedisError) {
        var scan = KeyWalk(over: source, match: plan.keys.match)
        while !isInterrupted(), let page = try await page(&scan, &walk.scanPacer, &walk.scanned) {
            for key in page where plan.keys.takes(key) && walk.isNew(key) { walk.report.foundAgain(key) }
        }
    }
}

/// Where a migration is: what was found, what waits, what has come of it.
private struct Walk {
    let plan: MigrationPlan
    var report = MigrationReport()
    var scan: KeyWalk
    private var isAtEnd = false
    private(set) var waiting: ArraySlice<RESPBytes> = []
    private var settled = 0
    /// Keys that SCAN was to look at: a few more than it has.
    var scanned = 0
    private var seen = SeenKeys()
    private var nextStart = ContinuousClock.now
    /// A key costs more to move than to scan: each has a pace of its own.
    var scanPacer: Pacer
    private var movePacer: Pacer
    /// Ten slices a second, so that a rate is even.
    private let keysOfSlice: Int

    init(_ plan: MigrationPlan, over source: RedisDatabase) {
        self.plan = plan
        scan = KeyWalk(over: source, match: plan.keys.match)
        keysOfSlice = min(MigrationPlan.Limits.keysOfSlice, plan.rate.map { max(1, $0 / 10) } ?? .max)
        scanPacer = Pacer(plan.pace, most: MigrationPlan.Limits.keysOfPage)
        movePacer = Pacer(plan.pace, most: keysOfSlice)
    }

    var progress: Int { plan.keys.isAll ? settled : scanned }

    /// Pages of a pattern that fits little are gathered until they fill a slice.
    var needsPage: Bool { waiting.count < keysOfSlice && !isAtEnd }

    /// Takes a page, or that there is none. Of a move a key that is found twice is still known: its slice has not been
    /// settled before the page was asked for, or the key stayed in the source.
    mutating func take(_ page: [RESPBytes]?) {
        guard let page else {
            isAtEnd = true
            return
        }
        waiting = Array(waiting)[...]
        for key in page where plan.keys.takes(key) && isNew(key) { waiting.append(key) }
    }

    /// True if the key is no note of a migration and has not been found before.
    mutating func isNew(_ key: RESPBytes) -> Bool {
        !HandoverNotes.isNote(key) && seen.insert(key) != .known
    }

    /// Waits as long as pace and rate want, and takes the next slice.
    mutating func takeSlice(least: Int) async -> MigrationSlice {
        if plan.rate != nil { try? await Task.sleep(until: nextStart, clock: .continuous) }
        let paced = await movePacer.begin()
        // A step of one key is how the pace learns what a round trip takes.
        let keys = waiting.prefix(paced == 1 ? 1 : min(max(paced, least), keysOfSlice))
        waiting = waiting.dropFirst(keys.count)
        report.begin(keys.count)
        if let rate = plan.rate {
            nextStart = max(nextStart, .now) + .nanoseconds(Int64(Double(keys.count) / Double(rate) * 1e9))
        }
        return MigrationSlice(Array(keys))
    }

    mutating func settle(_ slice: MigrationSlice, _ error: RedisError?) {
        movePacer.end(keys: slice.keys.count)
        settled += slice.keys.count
        report.add(slice, unanswered: "no answer: it is whole in the source or in the target, or in both", plan)
        if let error { report.stop = .failed(error.explained) }
        guard !plan.copies, !plan.isDryRun else { return }
        for (key, outcome) in zip(slice.keys, slice.outcomes) {
            switch outcome {
            case .moved, .expired: seen.remove(key)
            default: break
            }
        }
    }
}
