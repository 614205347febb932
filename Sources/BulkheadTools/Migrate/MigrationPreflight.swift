import Bulkhead
import BulkheadConsole
import BulkheadRESP

/// Looks at both servers before anything is moved: what would stop a migration half-way stops it here.
struct MigrationPreflight {
    let plan: MigrationPlan
    let source: RedisDatabase
    let target: RedisDatabase
    /// How messages call the program.
    let program: String

    /// What was found.
    struct Findings: Sendable {
        let source: ServerFacts
        let target: ServerFacts
        /// Keys of the whole databases.
        let sourceKeys: Int
        let targetKeys: Int
        let targetWatch: TargetWatch
        /// For people: what is no obstacle and good to know.
        var remarks: [String] = []

        var isOneServer: Bool { !source.runID.isEmpty && source.runID == target.runID }
    }

    /// Throws a failure that says what is in the way; nothing has been changed then.
    func run() async throws(ProgramFailure) -> Findings {
        do throws(RedisError) {
            return try await ask()
        } catch {
            throw ProgramFailure(.failed, "\(program): \(error)\nNothing was \(plan.verb).")
        }
    }

    private func ask() async throws(RedisError) -> Findings {
        let (mine, sourceKeys) = try await look(at: source)
        let (theirs, targetKeys) = try await look(at: target)
        var findings = Findings(
            source: mine, target: theirs, sourceKeys: sourceKeys, targetKeys: targetKeys,
            targetWatch: TargetWatch(plan.to.name, theirs))
        if let obstacle = obstacle(findings) {
            throw RedisError(code: .commandRefused, message: obstacle, stage: .refused)
        }
        try await room(findings)
        if !plan.isDryRun { try await findings.isOneServer ? probeServer(mine) : probeServers(mine, theirs) }
        if !findings.isOneServer { findings.remarks += durability(theirs) + (try await clocks()) }
        return findings
    }

    private func look(at database: RedisDatabase) async throws(RedisError) -> (ServerFacts, keys: Int) {
        (try await ServerFacts(of: database), try await database.dbsize())
    }

    private func obstacle(_ findings: Findings) -> String? {
        let (from, to) = (plan.from, plan.to)
        if findings.isOneServer, from.number == to.number {
            return "\(from.name) and \(to.name) are the same database \(from.number) of the same server: "
                + "name another one"
        }
        for (name, facts) in [(from.name, findings.source), (to.name, findings.target)] where facts.isCluster {
            return "\(name) is on a node of a cluster, which holds a part of the keys only: "
                + "a migration there needs the cluster's own resharding"
        }
        if findings.source.isReplica, !plan.copies {
            return "\(from.name) is on a replica, which deletes nothing: name its primary, or add --copy"
        }
        return nil
    }

    /// Throws what the target does with keys by itself that speaks against bringing it more.
    private func room(_ findings: Findings) async throws(RedisError) {
        let targetWatch = findings.targetWatch
        // Within a server a move needs memory for its table alone.
        let keeps = findings.isOneServer && !plan.copies
        var coming: ComingKeys?
        if targetWatch.isLimited, targetWatch.evicts || !keeps {
            coming = try await ComingKeys.estimated(plan, in: source, keys: findings.sourceKeys)
        }
        let places = coming.map { $0.count * MigrationPlan.Limits.bytesOfPlace }
        let bytes = keeps ? places : coming?.bytes
        try targetWatch.begin(coming: bytes, slice: keeps ? 0 : coming?.slice ?? 0)
    }

    // MARK: For people

    /// What there is on both sides, and who else uses the source.
    func preview(_ findings: Findings) async -> String {
        let coming = try? await ComingKeys.estimated(plan, in: source, keys: findings.sourceKeys)
        var first = "\(plan.from.name) (number \(plan.from.number)) has \(Units.counted(findings.sourceKeys, "key"))"
        if let words = plan.keys.words, let coming {
            let about = coming.isExact ? "" : "about "
            first += ", of which \(about)\(Units.grouped(coming.count)) fit \(words)"
        }
        let clients = await DatabaseClients(of: source, number: plan.from.number)?.all
        let lines = [
            "From \(source.address) to \(findings.isOneServer ? "another number there" : target.address):",
            first + ".",
            "\(plan.to.name) (number \(plan.to.number)) has \(Units.counted(findings.targetKeys, "key")).",
            DatabaseClients.line(clients, "the source"),
        ]
        return lines.joined(separator: "\n")
    }

    // MARK: Permissions

    /// A name that no key has, under which a command changes nothing and still shows whether it is allowed. It begins
    /// as the pattern does, because permissions may.
    private var probe: RESPBytes {
        RESPBytes(plan.keys.beginning + Array("bulkhead-probe-\(UInt64.random(in: .min ... .max))".utf8))
    }

    private func probeServer(_ facts: ServerFacts) async throws(RedisError) {
        let mover = ServerSideMover(plan, on: facts)
        try await source.run(mover.command(ServerSideMover.Step(), probe))
        if plan.conflicts == .replace {
            try await source.run(mover.command(ServerSideMover.Step(replaces: true), probe))
        }
        try await target.run(raw("EXISTS", plan.name(for: probe)))
        guard plan.copies, plan.verifies || plan.resumes else { return }
        try await source.run(raw("DUMP", probe))
        try await target.run(raw("DUMP", plan.name(for: probe)))
    }

    private func probeServers(_ mine: ServerFacts, _ theirs: ServerFacts) async throws(RedisError) {
        try await source.run(raw("DUMP", probe))
        let name = plan.name(for: probe)
        try await target.run(raw("EXISTS", name))
        do throws(RedisError) {
            // An empty payload is refused, after it is known that RESTORE is allowed.
            try await target.run(.raw("RESTORE", [name, 0, ""]))
        } catch {
            if error.concernsEveryKey || !error.message.contains("DUMP payload") { throw error }
        }
        guard !plan.copies else { return }
        try await target.run(raw("DUMP", name))
        try await source.run(raw("UNLINK", probe))
        let note = RESPBytes(HandoverNotes.prefix + probe)
        for database in [source, target] { try await database.run(raw("GET", note)) }
        do throws(RedisError) {
            try await source.run(raw("SET", note, "", "XX"))
        } catch {
            // A full source is what many migrations are for.
            guard error.saysFull else { throw error }
            let fence = MigrationFence(
                plan, from: mine, to: theirs, HandoverNotes(plan, from: source.address, to: target.address))
            try await source.run(FullServer.delete([], fence, note: nil))
        }
        try await target.run(raw("SET", note, "", "XX"))
    }

    /// What has arrived is deleted in the source, however durable the target is.
    private func durability(_ target: ServerFacts) -> [String] {
        guard !plan.copies, !plan.isDryRun, target.info["aof_enabled"] == "0" else { return [] }
        return [
            "the target's server has no append-only file: if it crashes, it loses what was moved since its last "
                + "snapshot, and the source has that no more. Set appendonly yes there first, or say --copy and "
                + "delete later"
        ]
    }

    /// Expiry times are instants; if the clocks differ, keys live longer or shorter by as much.
    private func clocks() async throws(RedisError) -> [String] {
        let mine = try await source.milliseconds()
        let theirs = try await target.milliseconds()
        let apart = theirs - mine
        guard apart.magnitude > Self.clocksApart else { return [] }
        return [
            "the clocks of the servers are \(Units.grouped(Int(apart.magnitude))) ms apart: keys expire at the same "
                + "instant by each server's own clock"
        ]
    }

    /// Milliseconds between the servers' clocks that are not worth a word.
    private static let clocksApart = 1_000
}
