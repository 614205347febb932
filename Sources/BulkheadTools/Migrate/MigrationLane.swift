import Bulkhead
import BulkheadRESP

/// What moves the keys of one slice. Two of them may be at it at once, each on a lane of its own.
protocol KeyMover: Sendable {
    /// Keys of a slice that no pace makes smaller, but for the steps that learn it: so few are over soon in any case,
    /// and fewer would cost more in replies than in work.
    var leastKeys: Int { get }

    /// Gives every key of the slice its outcome. If it throws, keys without one may have been moved or not: nobody
    /// knows, and each of them is whole on one side or on both.
    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError)

    /// Its claims to the source, one for each target that needs one; they are taken in one step.
    var claims: [SourceClaim] { get }

    /// Throws if an earlier run is unfinished, and this one is not to go on with it. Changes nothing.
    func refuseUnfinished(_ lanes: [MigrationLane]) async throws(RedisError)

    /// Looks for what an earlier run has left unfinished, and puts it in order before anything is moved; on all lanes,
    /// because that run may have used them. The claims are taken.
    func begin(_ lanes: [MigrationLane]) async throws(RedisError)

    /// Removes what the lanes have left for a later run; nothing is under way any more.
    func finish(_ lanes: [MigrationLane]) async throws(RedisError)
}

extension KeyMover {
    var leastKeys: Int { 4 }
    var claims: [SourceClaim] { [] }

    func refuseUnfinished(_ lanes: [MigrationLane]) async throws(RedisError) {}
    func begin(_ lanes: [MigrationLane]) async throws(RedisError) {}
    func finish(_ lanes: [MigrationLane]) async throws(RedisError) {}

    /// All that comes before the first key. Of several targets none is claimed before all are asked, so a call that is
    /// refused leaves no claim.
    func start(
        _ lanes: [MigrationLane], of plan: MigrationPlan, in source: RedisDatabase
    ) async throws(RedisError) {
        try await refuseUnfinished(lanes)
        try await SourceClaim.take(claims, resuming: plan.resumes, in: source, over: lanes.first?.source)
        try await begin(lanes)
    }
}

/// Two connections of one's own: one in each database.
struct MigrationLane: Sendable {
    let number: Int
    let source: RedisConnection
    let target: RedisConnection

    /// The same connections as another lane: not for two slices at once.
    func numbered(_ number: Int) -> MigrationLane {
        MigrationLane(number: number, source: source, target: target)
    }

    /// What differs between a key and its copy in the same server, in words; nil where both are the same.
    func difference(
        _ key: RESPBytes, _ plan: MigrationPlan, _ reader: DumpReader
    ) async throws(RedisError) -> String? {
        let original = try await reader.read([key], source)[0]
        let copy = try await reader.read([plan.name(for: key)], target)[0]
        let now = try await target.milliseconds()
        func difference(_ dump: KeyDump, from other: KeyDump?) -> String? {
            DumpedKey(place: 0, dump, restored: []).difference(from: other, (now, now), reader.expiry, reader.expiry)
        }
        if let original { return difference(original, from: copy) }
        // What ends by its own times may be gone from the source first.
        guard let copy, difference(copy, from: nil) != nil else { return nil }
        return "the source does not have it any more"
    }
}

extension RedisExecutor {
    /// Whether each of the keys is there.
    func exist(_ keys: [RESPBytes]) async throws(RedisError) -> [Bool] {
        var batch = RedisBatch()
        for key in keys { batch.append(raw("EXISTS", key)) }
        let replies = try await pipeline(batch)
        if let failure = replies.lazy.compactMap(\.failure).first { throw failure }
        return replies.map { $0.integer == 1 }
    }

    /// The server's clock in milliseconds since 1970.
    func milliseconds() async throws(RedisError) -> Int64 {
        let parts = try await run(RedisCommand<[Int64]>.raw("TIME", [], as: [Int64].self))
        guard parts.count == 2 else { throw .strangeReply }
        // No clock of a server is further away.
        let seconds = min(max(parts[0], -1 << 40), 1 << 40)
        return seconds * 1_000 + min(max(parts[1] / 1_000, 0), 999)
    }
}
