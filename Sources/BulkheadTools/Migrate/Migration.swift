import Bulkhead
import RESP

/// Walks the source and has each key moved: two slices are under way while the next page is scanned.
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
    /// Asks the source not to count reads as uses.
    let canNotTouch: Bool
    /// True when somebody wants it to end; asked between slices.
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
    /// Hears how many keys have been found and settled.
    var progress: @Sendable (Int) -> Void = { _ in }

    /// Moves what there is. What a server or a connection does to it stands in the report; throws only if nothing has
    /// begun.
    func run() async throws(RedisError) -> MigrationReport {
        do {
            return try await source.withConnection { first in
                try await target.withConnection { firstTarget in
                    try await source.withConnection { second in
                        try await target.withConnection { secondTarget in
                            try await run(lanes: [
                                MigrationLane(number: 0, source: first, target: firstTarget),
                                MigrationLane(number: 1, source: second, target: secondTarget),
                            ])
                        }
                    }
                }
            }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(code: .unexpectedReply, message: "\(error)", stage: .refused)
        }
    }

    private func run(lanes: [MigrationLane]) async throws(RedisError) -> MigrationReport {
        for lane in lanes {
            if canNotTouch { _ = try? await lane.source.send("CLIENT", "NO-TOUCH", "ON") }
            try await mover.resume(on: lane)
        }
        var walk = Walk(plan)
        await moveAll(&walk, lanes)
        if case .failed = walk.report.stop { return walk.report }
        do throws(RedisError) {
            for lane in lanes { try await mover.finish(lane) }
            if !plan.copies, !plan.isDryRun, walk.report.stop == nil { try await lookAgain(&walk) }
        } catch {
            walk.report.stop = .failed("\(error)")
        }
        return walk.report
    }

    private struct Result: Sendable {
        let slice: MigrationSlice
        let lane: MigrationLane
        let error: RedisError?
    }

    private func moveAll(_ walk: inout Walk, _ lanes: [MigrationLane]) async {
        await withTaskGroup(of: Result.self) { group in
            var free = lanes
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
                    await walk.waitForRate()
                    let lane = free.removeFirst()
                    var slice = walk.takeSlice()
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
        guard let cursor = walk.cursor else { return }
        do throws(RedisError) {
            let page = try await source.run(
                .scanPage(cursor, match: plan.pattern, count: MigrationPlan.Limits.keysOfSlice, as: RESPBytes.self))
            walk.take(page.elements)
            walk.cursor = page.cursor
        } catch {
            walk.report.stop = .failed("\(error)")
        }
    }

    private func settle(_ result: Result, _ walk: inout Walk) {
        walk.settle(result.slice, result.error)
        progress(walk.settled)
    }

    /// Counts what fits the pattern and is in the source now, but for what the walk has left there.
    private func lookAgain(_ walk: inout Walk) async throws(RedisError) {
        var cursor: RedisScanCursor? = .start
        while let next = cursor, !isInterrupted() {
            let page = try await source.run(
                .scanPage(next, match: plan.pattern, count: MigrationPlan.Limits.keysOfSlice, as: RESPBytes.self))
            for key in page.elements where walk.isNew(key) { walk.report.foundAgain(key) }
            cursor = page.cursor
        }
    }
}

/// Where a migration is: what was found, what waits, what has come of it.
private struct Walk {
    let plan: MigrationPlan
    var report = MigrationReport()
    /// Nil after the last page.
    var cursor: RedisScanCursor? = .start
    private(set) var waiting: ArraySlice<RESPBytes> = []
    private(set) var settled = 0
    private var seen = SeenKeys()
    private var nextStart = ContinuousClock.now

    init(_ plan: MigrationPlan) { self.plan = plan }

    private var keysOfSlice: Int {
        // Ten slices a second, so that a rate is even.
        min(MigrationPlan.Limits.keysOfSlice, plan.rate.map { max(1, $0 / 10) } ?? .max)
    }

    /// Pages of a pattern that fits little are gathered until they fill a slice.
    var needsPage: Bool { waiting.count < keysOfSlice && cursor != nil }

    /// Takes a page's keys. Of a move a key that is found twice is still known: its slice has not been settled before
    /// the page was asked for, or the key stayed in the source.
    mutating func take(_ keys: [RESPBytes]) {
        waiting = Array(waiting)[...]
        for key in keys where isNew(key) { waiting.append(key) }
    }

    /// True if the key is no note of a migration and has not been found before.
    mutating func isNew(_ key: RESPBytes) -> Bool {
        !key.starts(with: HandoverNotes.prefix) && seen.insert(key)
    }

    mutating func takeSlice() -> MigrationSlice {
        let keys = waiting.prefix(keysOfSlice)
        waiting = waiting.dropFirst(keys.count)
        report.begin(keys.count)
        if let rate = plan.rate {
            nextStart = max(nextStart, .now) + .nanoseconds(Int64(Double(keys.count) / Double(rate) * 1e9))
        }
        return MigrationSlice(Array(keys))
    }

    func waitForRate() async {
        guard plan.rate != nil else { return }
        try? await Task.sleep(until: nextStart, clock: .continuous)
    }

    mutating func settle(_ slice: MigrationSlice, _ error: RedisError?) {
        settled += slice.keys.count
        report.add(slice, unanswered: "no answer: it is whole in the source or in the target, or in both", plan)
        if let error { report.stop = .failed("\(error)") }
        guard !plan.copies, !plan.isDryRun else { return }
        for (key, outcome) in zip(slice.keys, slice.outcomes) {
            switch outcome {
            case .moved, .expired: seen.remove(key)
            default: break
            }
        }
    }
}
