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
        let isOneServer: Bool
        /// A side is a cluster, or a node of one that has all keys.
        var isInCluster: Bool { source.isCluster || target.isCluster }
        /// MOVE is refused, and a copy with a deletion does.
        var movesByCopy = false
        /// For people: what is no obstacle and good to know.
        var remarks: [String] = []
    }

    /// Throws a failure that says what is in the way; nothing has been changed then.
    func run() async throws(ProgramFailure) -> Findings {
        do throws(RedisError) {
            return try await ask()
        } catch {
            throw ProgramFailure(.failed, "\(program): \(error.explained)\nNothing was \(plan.verb).")
        }
    }

    /// The same, without these words around what is in the way.
    func ask() async throws(RedisError) -> Findings {
        let (mine, sourceKeys) = try await look(at: source)
        _ = try await source.run(.scanPage(.start, count: 1, as: RESPBytes.self))
        let (theirs, targetKeys) = try await look(at: target)
        var findings = Findings(
            source: mine, target: theirs, sourceKeys: sourceKeys, targetKeys: targetKeys,
            targetWatch: TargetWatch(plan.to.name, theirs), isOneServer: isOneServer(mine, theirs))
        if let obstacle = obstacle(findings) {
            throw RedisError(code: .commandRefused, message: obstacle, stage: .refused)
        }
        if mine.isSameCluster(as: theirs), !plan.isDryRun { try await source.requireSlotsAtRest() }
        if !plan.settles {
            if !findings.isOneServer { try await types(mine, theirs) }
            try await room(findings)
        }
        if !plan.isDryRun {
            if findings.isOneServer {
                findings.movesByCopy = try await probeServer(mine)
            } else if findings.isInCluster {
                try await probeClusters(mine, theirs)
            } else {
                try await probeServers(mine, theirs)
            }
        }
        if plan.settles { return findings }
        if let lag = mine.lag {
            findings.remarks.append("the server of \(plan.from.name) \(lag): what was written there since is left out")
        }
        findings.remarks += unknown(findings)
        if findings.movesByCopy {
            findings.remarks.append("MOVE is refused: each key goes by COPY and UNLINK, in one script")
        }
        if !findings.isOneServer { findings.remarks += durability(theirs) + (try await clocks()) }
        return findings
    }

    /// By what the servers call themselves. Where one does not say that, by where they were asked for: MOVE is as safe
    /// at one address that leads to two servers.
    private func isOneServer(_ mine: ServerFacts, _ theirs: ServerFacts) -> Bool {
        // Within a cluster MOVE would leave a key behind where its slot is on its way.
        if mine.isCluster || theirs.isCluster { return false }
        return mine.runID.isEmpty || theirs.runID.isEmpty
            ? source.address == target.address : mine.runID == theirs.runID
    }

    /// What is not known because INFO is refused.
    private func unknown(_ findings: Findings) -> [String] {
        guard let lack = findings.target.infoLack else { return [] }
        return ["\(lack): whether \(plan.to.name)'s server evicts keys or could not save is not known"]
    }

    private func look(at database: RedisDatabase) async throws(RedisError) -> (ServerFacts, keys: Int) {
        (try await ServerFacts(of: database), try await database.dbsize())
    }

    private func obstacle(_ findings: Findings) -> String? {
        let (from, to) = (plan.from, plan.to)
        let isOneCluster = findings.source.isSameCluster(as: findings.target)
        if findings.isOneServer || isOneCluster, from.number == to.number {
            return "\(from.name) and \(to.name) are the same database \(from.number) of the same "
                + "\(isOneCluster ? "cluster" : "server"): name another one"
        }
        for (name, facts) in [(from.name, findings.source), (to.name, findings.target)] where facts.hasPartOfKeys {
            return "\(name) is on \(facts.partInWords): give the catalogue the cluster as such, with \"cluster\" "
                + "in the entry of the name, so that migrate takes all of it"
        }
        if findings.source.isReplica, !plan.copies {
            let primary = findings.source.primary.map { ", \($0)" } ?? ""
            return "\(from.name) is on a replica, which deletes nothing: name its primary\(primary), or add --copy"
        }
        if findings.target.isReplica, !findings.target.knowsKeyspace {
            return "\(to.name) is on a replica, which takes no writes: name its primary"
        }
        if let lack = findings.target.infoLack, !findings.isOneServer, !plan.copies, !plan.isDryRun, !plan.settles {
            return "\(lack), so it is unknown whether \(to.name)'s server evicts or loses keys. A move deletes what "
                + "has arrived: allow INFO there, or use --copy and delete the keys later"
        }
        return nil
    }

    /// Throws if the source has a value of a type that comes with a module, and the target has no such module. Where
    /// the source cannot have one, nothing is looked for.
    private func types(_ mine: ServerFacts, _ theirs: ServerFacts) async throws(RedisError) {
        let lacking = try await ModuleTypes(of: source, mine).beyond(try await ModuleTypes(of: target, theirs))
        var pacer = Pacer(plan.pace, most: MigrationPlan.Limits.keysOfPage)
        for type in lacking {
            var cursor: RedisScanCursor? = .start
            while let next = cursor, !Interruption.isRequested {
                let count = await pacer.begin()
                let page = try await source.run(
                    .scanPage(next, match: plan.keys.match, count: count, type: type, as: RESPBytes.self))
                pacer.end(keys: count)
                if let key = page.elements.first {
                    throw RedisError(
                        code: .commandRefused,
                        message: "\(plan.to.name)'s server has no module for values of the type \(type), such as "
                            + "\(ShownBytes(key)): leave them out by --pattern, or name a server that has it",
                        stage: .refused)
                }
                cursor = page.cursor
            }
        }
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
            first += ", of which \(about)\(Units.grouped(coming.count)) match \(words)"
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

    /// False if surely no key is meant, so that there is nothing to ask about.
    func mayMatch(_ findings: Findings) async -> Bool {
        guard findings.sourceKeys > 0, plan.keys.words != nil else { return findings.sourceKeys > 0 }
        let coming = try? await ComingKeys.estimated(plan, in: source, keys: findings.sourceKeys)
        return coming.map { !$0.isExact || $0.count > 0 } ?? true
    }

    // MARK: Permissions

    /// A name that no key has, under which a command changes nothing and still shows whether it is allowed. It begins
    /// as the pattern does, because permissions may.
    var probe: RESPBytes {
        RESPBytes(plan.keys.beginning + Array("bulkhead-probe-\(probeNumber)".utf8))
    }

    let probeNumber = UInt64.random(in: .min ... .max)

    /// True if MOVE is refused, and a script that copies and deletes is not.
    private func probeServer(_ facts: ServerFacts) async throws(RedisError) -> Bool {
        var mover = ServerSideMover(plan, on: facts)
        let keys = plan.rename == nil ? [probe] : [probe, plan.name(for: probe)]
        do throws(RedisError) {
            try await allowed(keys) { () async throws(RedisError) in
                try await source.run(mover.command(ServerSideMover.Step(), probe))
            }
        } catch {
            guard !plan.copies, plan.rename == nil, error.isOfOneCommand, !error.deniesKey else { throw error }
            mover = ServerSideMover(plan, on: facts, movesByCopy: true)
            do throws(RedisError) {
                try await source.run(mover.command(ServerSideMover.Step(), probe))
                try await source.run(raw("UNLINK", probe))
            } catch let second {
                throw RedisError(
                    code: error.code,
                    message:
                        "\(error.message); a script cannot do it instead, because that needs EVAL, COPY and UNLINK "
                        + "(\(second.message))",
                    stage: error.stage)
            }
        }
        if mover.unlinks(replacing: plan.conflicts == .replace), !mover.movesByCopy {
            // A key that is not there leads no script to it: what was copied before would stay.
            try await allowed([probe]) { () async throws(RedisError) in try await source.run(raw("UNLINK", probe)) }
        }
        if plan.conflicts == .replace {
            try await source.run(mover.command(ServerSideMover.Step(replaces: true), probe))
        }
        try await target.run(raw("EXISTS", plan.name(for: probe)))
        guard plan.copies, plan.verifies || plan.resumes else { return mover.movesByCopy }
        try await source.run(raw("DUMP", probe))
        try await target.run(raw("DUMP", plan.name(for: probe)))
        return mover.movesByCopy
    }

    private func probeServers(_ mine: ServerFacts, _ theirs: ServerFacts) async throws(RedisError) {
        let name = plan.name(for: probe)
        try await allowed([probe, name]) { () async throws(RedisError) in
            try await source.run(raw("DUMP", probe))
            try await target.run(raw("EXISTS", name))
            if !plan.settles {
                do throws(RedisError) {
                    // An empty payload is refused, after it is known that RESTORE is allowed.
                    try await target.run(.raw("RESTORE", [name, 0, ""]))
                } catch {
                    if error.concernsEveryKey || !error.message.contains("DUMP payload") { throw error }
                }
            }
            if mine.runID.isEmpty || theirs.runID.isEmpty { try await proveApart(name, mine, theirs) }
            if plan.copies { return }
            try await target.run(raw("DUMP", name))
            try await source.run(raw("UNLINK", probe))
        }
        guard !plan.copies else { return }
        let note = RESPBytes(HandoverNotes.prefix + probe)
        try await allowed([note]) { () async throws(RedisError) in
            for database in [source, target] { try await database.run(raw("GET", note)) }
            for (database, mayBeFull) in [(source, true), (target, plan.settles)] {
                do throws(RedisError) {
                    try await database.run(raw("SET", note, "", "XX"))
                } catch {
                    // A full source is what many migrations are for.
                    guard error.saysFull, mayBeFull else { throw error }
                    let fence = MigrationFence(
                        plan, from: mine, to: theirs, HandoverNotes(plan, from: source.address, to: target.address))
                    try await database.run(FullServer.delete([], fence, note: nil))
                }
            }
        }
    }

    /// Throws if both databases are the same one, though INFO of the servers does not show it: a key that is
    /// written to the target for a moment is not seen in the source.
    private func proveApart(
        _ name: RESPBytes, _ mine: ServerFacts, _ theirs: ServerFacts
    ) async throws(RedisError) {
        do throws(RedisError) {
            try await target.run(raw("SET", name, "", "PX", 10_000, "NX"))
        } catch {
            throw RedisError(
                code: error.code,
                message: "\(mine.infoLack ?? theirs.infoLack ?? "INFO is refused"), and SET is in the target "
                    + "(\(error.message)): so it is unknown whether both are the same database. Allow INFO or SET",
                stage: error.stage)
        }
        let isSeen = try await source.exist([name])[0]
        try await target.run(raw("UNLINK", name))
        guard isSeen else { return }
        throw RedisError(
            code: .commandRefused,
            message: "\(plan.from.name) and \(plan.to.name) are the same database: name another one", stage: .refused)
    }

    /// Runs what needs access to these keys, and says which they are if that is denied.
    func allowed(
        _ keys: [RESPBytes], _ body: () async throws(RedisError) -> Void
    ) async throws(RedisError) {
        do throws(RedisError) {
            try await body()
        } catch {
            guard error.deniesKey else { throw error }
            let advice =
                keys.allSatisfy { $0.starts(with: HandoverNotes.prefix) }
                ? "A move between servers keeps notes in keys of its own, in both databases: allow "
                    + "~bulkhead:migration:* to this user on both servers, or use --copy"
                : "This user may not touch keys named "
                    + "\(keys.map { ShownBytes($0).description }.joined(separator: " and ")): "
                    + "use --pattern to select keys that it may touch, or allow the others"
            throw RedisError(code: error.code, message: "\(error.message). \(advice)", stage: error.stage)
        }
    }

    /// What has arrived is deleted in the source, however durable the target is.
    private func durability(_ target: ServerFacts) -> [String] {
        guard !plan.copies, !plan.isDryRun, target.info["aof_enabled"] == "0" else { return [] }
        return [
            "the target's server has no append-only file: if it crashes, it loses what was moved since its last "
                + "snapshot, and the source no longer has it. Set appendonly yes there first, or use --copy and "
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
