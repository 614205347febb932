import Bulkhead
import BulkheadConsole
import BulkheadRDB
import BulkheadRESP

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Brings the keys of a snapshot file into a live database, each by RESTORE, in pipelines.
///
/// ```
/// survey   the whole file is read: its structure and its checksum, if it has one, are right
/// foresee  again, with what the server is: every value is decoded, the server can take every key and has memory for
///          them, and with `fail` no name of the file is taken
/// run      the file again: RESTORE with the absolute expiry, in slices as large as the pace allows
/// ```
/// The file is opened once for all of these, so that what is restored is what was read before. No other key of any
/// database is touched. Whatever ends it, the keys restored until then stay.
struct Restoration: Sendable {
    let plan: RestorePlan
    let database: RedisDatabase
    let facts: ServerFacts
    /// Looks at what the server does with keys by itself.
    let targetWatch: TargetWatch
    private let modules: ModuleTypes
    let largest: LargestPiece
    /// The server's clock less ours, in milliseconds: expiries are the server's.
    let clockLead: Int64
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
    var progress: @Sendable (Int) -> Void = { _ in }

    init(_ plan: RestorePlan, _ database: RedisDatabase, _ facts: ServerFacts) async throws(RedisError) {
        self.plan = plan
        self.database = database
        self.facts = facts
        targetWatch = TargetWatch(plan.into.name, facts)
        modules = try await ModuleTypes(of: database, facts)
        try await Self.probe(database)
        largest = LargestPiece(facts)
        clockLead = try await database.milliseconds() - unixMilliseconds()
    }

    /// Throws if this user may not restore anything. Nothing is written: an empty payload is refused, after it is known
    /// that RESTORE is allowed.
    private static func probe(_ database: RedisDatabase) async throws(RedisError) {
        do throws(RedisError) {
            try await database.run(.raw("RESTORE", ["bulkhead-probe", 0, ""]))
        } catch {
            guard error.isOfOneCommand, !error.deniesKey else { return }
            throw RedisError(code: error.code, message: error.message, stage: .refused)
        }
    }

    private var now: Int64 { unixMilliseconds() + clockLead }

    /// Why a key is not restored, known from the file alone; nil if nothing is against it.
    enum Obstacle: Hashable {
        case expired
        case failed(String)
    }

    func obstacle(_ record: SnapshotRecord, _ version: RDBVersion) -> Obstacle? {
        if let expiry = record.expiry, expiry <= now { return .expired }
        if record.hasMetadata {
            return .failed("modules have attached metadata to it, which RESTORE would lose")
        }
        let bytes = record.bytes + 1 + DumpPayload.footerBytes
        if let obstacle = largest.obstacle(to: bytes) { return .failed(obstacle) }
        if record.type == .module2, modules.lack(record.typeName) {
            return .failed("\(facts.name) has no module for values of the type \(record.typeName)")
        }
        let empty = DumpPayload(type: record.type, body: [], version: version)
        do {
            // The version goes behind the body: what is in that is no matter here.
            _ = try empty.forServer(facts.dumpVersion)
            return nil
        } catch {
            return .failed("\(facts.name) does not know how this \(record.typeName) is written: \(error.message)")
        }
    }

    func isWanted(_ record: SnapshotRecord) -> Bool {
        isMeant(record) && !HandoverNotes.isNote(record.key)
    }

    /// Whether it would be restored if it were no note of a migration.
    private func isMeant(_ record: SnapshotRecord) -> Bool {
        record.database == plan.number && plan.pattern?.matches(record.key) != false
    }

    // MARK: Before anything is written

    /// What a run would meet, as far as the file and the names in the database show.
    struct Foresight {
        /// Keys of the file that are to be restored; those below are among them, each counted once.
        var wanted = 0
        /// Notes of a migration, which are not among them: what they speak of is not in this database.
        var notes = 0
        var expired = 0
        /// Those that the server cannot take.
        var unsupported = 0
        /// Of those, the keys whose values are damaged.
        var damaged = SeenKeys()
        /// Bytes that the others will take in memory, at least.
        var bytes = 0
        /// Those that fit a pattern of another entry of the catalogue, by its name.
        var ofOthers: [DatabaseName: Int] = [:]
        /// Those whose names the database has.
        var taken = 0
        /// About those that cannot be taken and those whose names are.
        var remarks = KeyRemarks()
    }

    /// Reads the file, and looks up names if `lookingUpNames`; nil if it was interrupted.
    func foresee(_ survey: SnapshotSurvey, lookingUpNames: Bool) async throws -> Foresight? {
        let version = survey.version
        var ahead = Foresight()
        var looksUpNames = lookingUpNames
        // Names in an empty database are free.
        if looksUpNames { looksUpNames = try await database.dbsize() > 0 }
        var records = try SnapshotRecords(survey.file, largestBody: RestorePlan.Limits.largestValue)
        var names: [RESPBytes] = []
        var isOver = false
        while !isOver {
            if isInterrupted() { return nil }
            if let record = try records.next() {
                guard isWanted(record) else {
                    if isMeant(record) { ahead.notes += 1 }
                    continue
                }
                ahead.wanted += 1
                if let owner = plan.placement?.owner(of: record.key) { ahead.ofOthers[owner, default: 0] += 1 }
                let content = content(of: record, version)
                switch obstacle(record, version) ?? content.damage {
                case .expired: ahead.expired += 1
                case .failed(let reason):
                    ahead.unsupported += 1
                    ahead.remarks.add(reason, record.key)
                    if content.damage != nil { _ = ahead.damaged.insert(RESPBytes(record.key)) }
                case nil:
                    ahead.bytes += content.bytes
                    if looksUpNames { names.append(RESPBytes(record.key)) }
                }
            } else {
                isOver = true
            }
            guard isOver || names.count == RestorePlan.Limits.namesOfSlice else { continue }
            for (name, isThere) in zip(names, try await database.exist(names)) where isThere {
                ahead.taken += 1
                ahead.remarks.add("the database has a key of that name", name)
            }
            names.removeAll(keepingCapacity: true)
        }
        return ahead
    }

    /// What a value takes in memory, at least, or why it cannot be read.
    ///
    /// A type that only the server knows is the server's to judge, and so is a value without an outline above
    /// ``RestorePlan/Limits/largestDecoded``.
    private func content(of record: SnapshotRecord, _ version: RDBVersion) -> (bytes: Int, damage: Obstacle?) {
        let place = record.key.count + RestorePlan.Limits.bytesOfKey
        if let damage = record.damage { return (0, .failed("its value is damaged: \(damage)")) }
        guard let body = record.body else { return (place + record.bytes, nil) }
        do {
            if let outline = try RDBValueOutline(type: record.type, body: body[...], version: version) {
                return (place + outline.contentBytes, nil)
            }
            if body.count > RestorePlan.Limits.largestDecoded { return (place + record.bytes, nil) }
            let value = try RDBValue(type: record.type, body: body[...], version: version)
            return (place + value.contentBytes, nil)
        } catch {
            if error.kind == .unknownType { return (place + record.bytes, nil) }
            return (0, .failed("its value is damaged: \(error.message)"))
        }
    }

    // MARK: Restoring

    /// Restores what there is; what a server does to it stands in the report. If the plan verifies, also which keys
    /// were left out because they have expired: a key of such a name in the database is another one.
    ///
    /// - Parameter damaged: keys that are left out, because their values are.
    func run(
        _ survey: SnapshotSurvey, leavingOut damaged: SeenKeys = SeenKeys()
    ) async throws -> (report: RestoreReport, expired: SeenKeys) {
        var report = RestoreReport()
        var expired = SeenKeys()
        report.found = plan.pattern == nil ? survey.keys(of: plan.number) : 0
        if plan.functions, !survey.functions.isEmpty { try await restoreFunctions(of: survey, &report) }
        var records = try SnapshotRecords(survey.file, largestBody: RestorePlan.Limits.largestValue)
        var pacer = Pacer(plan.pace)
        var nextStart = ContinuousClock.now
        var slice: [SnapshotRecord] = []
        var isOver = false
        while !isOver, report.stopped == nil {
            if isInterrupted() {
                report.stopped = "it was asked to stop"
                break
            }
            if plan.rate != nil { try? await Task.sleep(until: nextStart, clock: .continuous) }
            let wanted = min(await pacer.begin(), plan.rate.map { max(1, $0 / 10) } ?? .max)
            var bytes = 0
            slice.removeAll(keepingCapacity: true)
            while slice.count < wanted, bytes < RestorePlan.Limits.bytesOfSlice {
                let next: SnapshotRecord?
                do throws(ProgramFailure) {
                    next = try records.next()
                } catch {
                    // Nobody knows which of this slice's bytes are those that were decoded before.
                    report.stopped = error.message ?? "\(plan.path) cannot be read any more"
                    slice.removeAll()
                    break
                }
                guard let record = next else {
                    isOver = true
                    break
                }
                guard isWanted(record) else { continue }
                if plan.pattern != nil { report.found += 1 }
                let isDamaged = damaged.count > 0 && damaged.contains(RESPBytes(record.key))
                switch obstacle(record, survey.version) ?? (isDamaged ? .failed("its value is damaged") : nil) {
                case .expired:
                    report.expired += 1
                    if plan.verifies { _ = expired.insert(RESPBytes(record.key)) }
                case .failed(let reason):
                    report.failed += 1
                    report.remarks.add(reason, record.key)
                case nil:
                    slice.append(record)
                    bytes += record.bytes
                }
            }
            if slice.isEmpty { continue }
            do throws(RedisError) {
                try await targetWatch.look(coming: bytes, database)
            } catch {
                report.stopped = error.message
                break
            }
            // Reading the file is no work of the server's.
            pacer.gathered()
            await restore(slice, survey.version, &report)
            pacer.end(keys: slice.count)
            if let rate = plan.rate {
                nextStart = max(nextStart, .now) + .nanoseconds(Int64(Double(slice.count) / Double(rate) * 1e9))
            }
            progress(report.found - report.untried)
        }
        await lookAtTarget(&report)
        return (report, expired)
    }

    /// What is said to be restored has to be there.
    private func lookAtTarget(_ report: inout RestoreReport) async {
        guard report.restored > 0 else { return }
        do throws(RedisError) {
            try await targetWatch.look(always: true, database)
        } catch {
            if report.stopped == nil || targetWatch.mayHaveLost { report.stopped = error.message }
        }
    }

    private func restore(_ slice: [SnapshotRecord], _ version: RDBVersion, _ report: inout RestoreReport) async {
        var batch = RedisBatch()
        for record in slice { batch.append(restore(record, version)) }
        let replies: [RESPValue]
        do {
            replies = try await database.pipeline(batch)
        } catch {
            let error = largest.explained(error, sending: slice.reduce(0) { $0 + $1.bytes })
            report.isAmbiguous = error.isAmbiguous
            report.stopped =
                error.explained
                + (error.isAmbiguous
                    ? "; it is unknown whether \(Units.counted(slice.count, "key")) "
                        + "\(slice.count == 1 ? "was" : "were") restored" : "")
            return
        }
        for (record, reply) in zip(slice, replies) {
            guard let failure = reply.failure else {
                report.restored += 1
                continue
            }
            if failure.code.name == "BUSYKEY" {
                report.conflicts += 1
                if plan.conflicts == .skip {
                    report.skipped += 1
                    continue
                }
                // Nobody had it when the names were looked up.
                report.stopped = report.stopped ?? "another client has written a key of that name meanwhile"
            }
            report.failed += 1
            report.remarks.add("the server refuses it: \(failure.message)", record.key)
            if failure.concernsEveryKey { report.stopped = report.stopped ?? failure.explainedMessage }
        }
    }

    private func restore(_ record: SnapshotRecord, _ version: RDBVersion) -> RedisCommand<RESPValue> {
        let payload = DumpPayload(type: record.type, body: (record.body ?? [])[...], version: version)
        // That the server knows the type was looked at before.
        let bytes = (try? payload.forServer(facts.dumpVersion).bytes) ?? payload.bytes
        var arguments: [any RedisArgument] = [record.key, record.expiry ?? 0, bytes, "ABSTTL"]
        if plan.conflicts == .replace { arguments.append("REPLACE") }
        if let idle = record.idle { arguments += ["IDLETIME", idle] }
        if let frequency = record.frequency { arguments += ["FREQ", Int(frequency)] }
        return .raw("RESTORE", arguments)
    }

    /// The version of Redis 7.0, where functions began: their records have been the same since, and every server that
    /// has functions takes it. Valkey refuses 12 to 79 as foreign.
    private static let versionOfFunctions = 10

    /// Functions belong to the whole server: all of the file's or none.
    private func restoreFunctions(of survey: SnapshotSurvey, _ report: inout RestoreReport) async throws {
        var payload = survey.functions.flatMap(\.self)
        let number = Self.versionOfFunctions
        payload += [UInt8(number & 0xff), UInt8(number >> 8 & 0xff)]
        let checksum = payload.withUnsafeBytes { CRC64(of: $0).value }
        withUnsafeBytes(of: checksum.littleEndian) { payload.append(contentsOf: $0) }
        let policy = plan.conflicts == .replace ? "REPLACE" : "APPEND"
        do {
            try await database.send("FUNCTION", "RESTORE", payload, policy)
            report.functions = survey.functions.count
        } catch {
            report.stopped = "the functions cannot be restored: \(error.explainedMessage)"
        }
    }
}

extension Restoration {
    static func isNode(_ name: DatabaseName, _ facts: ServerFacts) -> RedisError {
        RedisError(
            code: .commandRefused,
            message:
                "\(name) is on \(facts.partInWords), so it can take only a part of the file: restore into a server "
                + "of its own, and let the cluster's own import bring the keys in (redis-cli --cluster import)",
            stage: .refused)
    }

    static func isReplica(_ name: DatabaseName) -> RedisError {
        RedisError(
            code: .commandRefused, message: "\(name) is on a replica, which takes no writes: name its primary",
            stage: .refused)
    }
}

/// Our own clock, in milliseconds since 1970.
private func unixMilliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
