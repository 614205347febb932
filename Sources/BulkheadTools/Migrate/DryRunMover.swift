import Bulkhead
import BulkheadRESP

/// Finds what a migration would do with each key, and changes nothing.
struct DryRunMover: KeyMover {
    let plan: MigrationPlan
    let source: RedisDatabase
    let target: RedisDatabase

    func move(_ slice: inout MigrationSlice, on lane: MigrationLane) async throws(RedisError) {
        let isInSource = try await source.exist(slice.keys)
        let isInTarget = try await target.exist(slice.keys.map { plan.name(for: $0) })
        for index in slice.keys.indices {
            let replaces = plan.conflicts == .replace
            slice.outcomes[index] =
                !isInSource[index]
                ? .expired
                : isInTarget[index] && !replaces
                    ? .conflict
                    : .moved(KeyOutcome.Arrival(hasReplaced: isInTarget[index]))
        }
    }
}
