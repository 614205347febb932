import Bulkhead
import BulkheadRESP

/// A walk over all keys of a name: one scan where it has one server, and in a cluster one of each primary, as
/// ``ClusterRounds`` says.
///
/// Every key that is there from the walk's beginning to its end is found, wherever its slot moves meanwhile. Some are
/// found twice, and more where a server was restarted or replaced meanwhile, which is scanned from its beginning again:
/// whoever walks tells them apart. A primary that loses its last slot is left out from then on. One that fails ends the
/// walk with its error, and so do slots that do not come to rest.
struct KeyWalk: Sendable {
    private let database: RedisDatabase
    private let match: String?
    private let type: String?
    private var rounds: ClusterRounds?
    private var parts: [String: RedisDatabase] = [:]
    private var current: RedisDatabase?
    private var place = ScanPlace()
    private var hasBegun = false

    init(over database: RedisDatabase, match: String? = nil, type: String? = nil) {
        self.database = database
        self.match = match
        self.type = type
    }

    /// The next page, about `count` keys; nil at the end.
    mutating func page(_ count: Int) async throws(RedisError) -> [RESPBytes]? {
        if !hasBegun {
            hasBegun = true
            if database.isInCluster { rounds = ClusterRounds(try await shares()) } else { current = database }
        }
        while true {
            if let part = current, let cursor = place.cursor {
                do throws(RedisError) {
                    let page = try await part.run(
                        .scanPage(cursor, match: match, count: count, type: type, as: RESPBytes.self))
                    try await place.take(page.cursor, from: part, nil)
                    return page.elements
                } catch {
                    // A server that has lost its last slot has left the map. Whoever has its keys now was given slots,
                    // and is scanned in the next round.
                    guard error.code == .closed, rounds != nil else { throw error }
                    place.end()
                    continue
                }
            }
            guard rounds != nil else { return nil }
            if let id = rounds?.next() {
                current = parts[id]
                place = ScanPlace()
            } else {
                let now = try await shares()
                switch rounds?.step(now) {
                case .again: try? await Task.sleep(for: rounds?.pause ?? .zero)
                case .neverAtRest: throw Self.neverAtRest(database.name)
                case .over, nil: return nil
                }
            }
        }
    }

    private static func neverAtRest(_ name: DatabaseName) -> RedisError {
        RedisError(
            code: .commandRefused,
            message: "slots of the cluster of \(name) kept moving, so keys may have been missed: try again when they "
                + "rest (redis-cli --cluster check ADDRESS names slots that are left open, and --cluster fix closes "
                + "them)",
            stage: .answered)
    }

    /// What each primary says now.
    private mutating func shares() async throws(RedisError) -> [ClusterShare] {
        for _ in 1..<Self.mostLooks {
            do throws(RedisError) {
                return try await sharesNow()
            } catch {
                // It has lost its last slot since the map was asked for.
                guard error.code == .closed else { throw error }
            }
        }
        return try await sharesNow()
    }

    private static let mostLooks = 5

    private mutating func sharesNow() async throws(RedisError) -> [ClusterShare] {
        var shares: [ClusterShare] = []
        parts = [:]
        for part in try await database.parts() {
            // The statistics may be denied: the other signs are enough for all but moves that are taken back.
            let statistics = try? await part.run(.info(["commandstats"])).text
            let nodes = try await part.send("CLUSTER", "NODES", as: String.self)
            let commands = statistics.map { ServerFacts.fields(of: $0) } ?? [:]
            guard let share = ClusterShare(nodes: nodes, commands: commands) else { throw .strangeReply }
            parts[share.id] = part
            shares.append(share)
        }
        return shares
    }
}

/// The keys of a walk, one by one, at a pace.
struct PacedKeys: Sendable {
    private var walk: KeyWalk
    private var pacer: Pacer
    private var waiting: ArraySlice<RESPBytes> = []

    init(_ walk: KeyWalk, pace: RedisPace) {
        self.walk = walk
        pacer = Pacer(pace, most: MigrationPlan.Limits.keysOfPage)
    }

    /// The next key; nil at the end.
    mutating func next() async throws(RedisError) -> RESPBytes? {
        while waiting.isEmpty {
            let count = await pacer.begin()
            guard let page = try await walk.page(count) else { return nil }
            pacer.end(keys: count)
            waiting = page[...]
        }
        return waiting.removeFirst()
    }
}
