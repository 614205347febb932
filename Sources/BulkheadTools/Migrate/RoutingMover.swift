import Bulkhead
import BulkheadRESP
import Synchronization

/// Moves each key to the database it belongs to: a mover and connections of its own for each of them.
struct RoutingMover: KeyMover {
    /// The way to one database.
    struct Route: Sendable {
        let plan: MigrationPlan
        let target: RedisDatabase
        let mover: any KeyMover
        let findings: MigrationPreflight.Findings
        /// One for each lane.
        var connections: [RedisConnection] = []

        var owner: DatabaseName { plan.to.name }

        /// A lane of the walk, with this target.
        func lane(_ lane: MigrationLane) -> MigrationLane {
            let connection = connections[min(lane.number, connections.count - 1)]
            return MigrationLane(number: lane.number, source: lane.source, target: connection)
        }
    }

    let placement: Placement
    let routes: [Route]
    let arrivals = Arrivals()

    /// How many keys have come to each database.
    final class Arrivals: Sendable {
        private let counts = Mutex<[DatabaseName: Int]>([:])

        fileprivate func add(_ count: Int, to owner: DatabaseName) {
            counts.withLock { $0[owner, default: 0] += count }
        }

        func of(_ owner: DatabaseName) -> Int { counts.withLock { $0[owner] ?? 0 } }
    }

    var leastKeys: Int { routes.map(\.mover.leastKeys).min() ?? 4 }

    var claims: [SourceClaim] { routes.flatMap(\.mover.claims) }

    func refuseUnfinished(_ lanes: [MigrationLane]) async throws(RedisError) {
        for route in routes { try await route.mover.refuseUnfinished(lanes.map(route.lane)) }
    }

    func begin(_ lanes: [MigrationLane]) async throws(RedisError) {
        for route in routes { try await route.mover.begin(lanes.map(route.lane)) }
    }

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        var places: [DatabaseName: [Int]] = [:]
        for index in slice.keys.indices {
            let owner = placement.owner(of: Array(slice.keys[index]))
            guard let owner, routes.contains(where: { $0.owner == owner && !$0.plan.settles }) else {
                slice.outcomes[index] = .changed("written after the keys were counted: its database was not asked for")
                continue
            }
            places[owner, default: []].append(index)
        }
        for route in routes where !route.plan.settles {
            guard let own = places[route.owner] else { continue }
            var part = MigrationSlice(own.map { slice.keys[$0] })
            // What was done before it throws counts.
            defer {
                for (index, outcome) in zip(own, part.outcomes) { slice.outcomes[index] = outcome }
                arrivals.add(part.outcomes.count { if case .moved = $0 { true } else { false } }, to: route.owner)
            }
            try await route.mover.move(&part, on: route.lane(lane))
        }
    }

    func finish(_ lanes: [MigrationLane]) async throws(RedisError) {
        for route in routes {
            // Where nothing went, nothing can have been evicted of it.
            if !route.plan.isDryRun, arrivals.of(route.owner) > 0, let lane = lanes.first {
                try await route.findings.targetWatch.look(always: true, route.lane(lane).target)
            }
            try await route.mover.finish(lanes.map(route.lane))
        }
    }
}
