import Bulkhead
import BulkheadRESP

/// What a migration needs to know and to be allowed where a side is a cluster.
extension MigrationPreflight {
    func probeClusters(_ mine: ServerFacts, _ theirs: ServerFacts) async throws(RedisError) {
        if mine.isCluster, theirs.isCluster, mine.cluster?.id == nil || theirs.cluster?.id == nil {
            let name = mine.cluster?.id == nil ? plan.from.name : plan.to.name
            throw RedisError(
                code: .commandRefused,
                message: "CLUSTER NODES of \(name)'s cluster is refused, so it is unknown whether both databases are "
                    + "the same: allow it",
                stage: .refused)
        }
        let name = plan.name(for: probe)
        try await allowed([probe, name]) { () async throws(RedisError) in
            _ = try await DumpReader(of: mine, isAtomic: true, usesScript: true).read([probe], source)
            _ = try await DumpReader(of: theirs, isAtomic: true, usesScript: true).read([name], target)
            if !plan.settles { try await probeRestore(name) }
            if plan.copies { return }
            for (key, database) in [(probe, source), (name, target)] { try await database.run(raw("UNLINK", key)) }
        }
        guard !plan.copies else { return }
        let notes = SlotNotes(probe: probeNumber)
        let keys = notes.keys(of: HashSlot(ofKey: probe))
        try await allowed(keys) { () async throws(RedisError) in
            for database in [source, target] {
                try await database.run(SlotScript.claim(keys, 1, "", isFull: true, expiresSoon: true))
                try await database.run(SlotScript.release(keys, 1))
            }
        }
    }

    /// Whether RESTORE is allowed.
    private func probeRestore(_ name: RESPBytes) async throws(RedisError) {
        do throws(RedisError) {
            // An empty payload is refused, after that is known.
            try await target.run(SlotScript.copyNothing(as: name))
        } catch {
            if error.concernsEveryKey || !error.message.contains("DUMP payload") { throw error }
        }
    }
}

extension RedisDatabase {
    /// Throws if slots of the cluster are on their way from one server to another.
    func requireSlotsAtRest() async throws(RedisError) {
        for part in try await parts() {
            let nodes = try await part.send("CLUSTER", "NODES", as: String.self)
            // The server's own line ends with `[slot->-node]` and `[slot-<-node]`; Valkey 9 keeps a list of its own.
            let isUnderWay = try await part.slotMigrations().contains { !$0.isOverAsSlotMigration }
            guard nodes.contains("[") || isUnderWay else { continue }
            throw RedisError(
                code: .commandRefused,
                message: "slots of the cluster are on their way from or to \(part.address), and both databases live "
                    + "there: migrate within a cluster when its slots rest (those that are left open are named by "
                    + "redis-cli --cluster check \(part.address), and closed by --cluster fix)",
                stage: .refused)
        }
    }

    /// What a server says of slots that are or were on their way; nothing where it does not know the question. Throws
    /// where the question is denied: then nobody knows whether the slots rest.
    private func slotMigrations() async throws(RedisError) -> [[String: RESPValue]] {
        do throws(RedisError) {
            return try await run(
                RedisCommand<[[String: RESPValue]]>.raw(
                    "CLUSTER", ["GETSLOTMIGRATIONS"], as: [[String: RESPValue]].self))
        } catch {
            guard error.isUnknownSubcommand else { throw error }
            return []
        }
    }
}

extension [String: RESPValue] {
    /// An entry of CLUSTER GETSLOTMIGRATIONS: true if it has ended. One without a state that is known has not.
    var isOverAsSlotMigration: Bool {
        guard let value = self["state"], let state = try? String(redis: value) else { return false }
        return ["success", "failed", "cancelled"].contains(state)
    }
}
