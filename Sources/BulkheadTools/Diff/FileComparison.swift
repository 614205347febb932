import Bulkhead
import BulkheadRDB
import BulkheadRESP

/// Compares one database of a snapshot file with a live one: every key of the file, then which keys only the database
/// has.
struct FileComparison: Sendable {
    let file: InputFile
    /// The number in the file.
    let number: Int
    let database: RedisDatabase
    let facts: ServerFacts
    /// The version and family that the file's values are written in.
    let version: RDBVersion
    var pace = RedisPace.considerate
    /// Which keys, of both sides, are compared.
    var keeps: @Sendable ([UInt8]) -> Bool = { _ in true }
    var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }
    var progress: @Sendable (Int) -> Void = { _ in }

    /// Bytes of values that are held at once.
    private static let bytesOfSlice = 8 << 20

    /// - Parameter file: as the survey read it, so that it is the same one.
    init(_ file: InputFile, number: Int, database: RedisDatabase, facts: ServerFacts, version: RDBVersion) {
        self.file = file
        self.number = number
        self.database = database
        self.facts = facts
        self.version = version
    }

    private var names: SideNames { SideNames(left: "the file", right: database.name.text) }

    /// The report, and whether it is of all keys. With `onlyLeft`, keys that only the database has are not looked for.
    func run(onlyLeft: Bool = false) async throws(ComparisonFailure) -> (report: ComparisonReport, isWhole: Bool) {
        do {
            if database.isInCluster { return try await compare(by: database, onlyLeft) }
            return try await database.withConnection { connection in
                if facts.canNotTouch { _ = try? await connection.send("CLIENT", "NO-TOUCH", "ON") }
                return try await compare(by: connection, onlyLeft)
            }
        } catch let failure as ProgramFailure {
            throw .file(failure)
        } catch let error as RedisError {
            throw .server(error)
        } catch {
            throw .server(RedisError(code: .unexpectedReply, message: "\(error)", stage: .refused))
        }
    }

    private func compare(
        by connection: some RedisExecutor, _ onlyLeft: Bool
    ) async throws -> (report: ComparisonReport, isWhole: Bool) {
        var report = ComparisonReport()
        var seen = SeenKeys()
        do {
            guard try await compare(&report, &seen, connection) else { return (report, false) }
            // Past the limit of what is remembered, a key of the file could be called missing there.
            report.looksForOnlyRight = !onlyLeft && !seen.isFull
            guard report.looksForOnlyRight else { return (report, true) }
            let isWhole = try await findOnlyRight(&report, seen)
            return (report, isWhole)
        } catch let error as RedisError where error.isOfInterruption {
            return (report, false)
        }
    }

    private func compare(
        _ report: inout ComparisonReport, _ seen: inout SeenKeys, _ connection: some RedisExecutor
    ) async throws -> Bool {
        let reader = DumpReader(of: facts, isAtomic: true)
        var records = try SnapshotRecords(file, largestBody: RestorePlan.Limits.largestValue)
        var pacer = Pacer(pace)
        var isOver = false
        while !isOver {
            if isInterrupted() { return false }
            let wanted = await pacer.begin()
            var slice: [ComparedKey] = []
            var bytes = 0
            while slice.count < wanted, bytes < Self.bytesOfSlice {
                guard let record = try records.next() else {
                    isOver = true
                    break
                }
                guard record.database == number, keeps(record.key) else { continue }
                if HandoverNotes.isNote(record.key) {
                    report.addNote()
                    continue
                }
                slice.append(record.compared(version))
                bytes += record.body?.count ?? 0
            }
            if slice.isEmpty { continue }
            pacer.gathered()
            let found = try await reader.read(slice.map(\.key), connection)
            pacer.end(keys: slice.count)
            let now = try await connection.milliseconds()
            for (key, dump) in zip(slice, found) {
                _ = seen.insert(key.key)
                report.add(
                    key.outcome(against: dump, now: now, tolerance: reader.expiry.tolerance()), key.key, names)
            }
            progress(report.compared)
        }
        return true
    }

    private func findOnlyRight(
        _ report: inout ComparisonReport, _ seen: SeenKeys
    ) async throws -> Bool {
        var found = SeenKeys()
        var keys = PacedKeys(KeyWalk(over: database), pace: pace)
        while let key = try await keys.next() {
            if isInterrupted() { return false }
            guard !seen.contains(key), keeps(Array(key)), found.insert(key) != .known else { continue }
            if HandoverNotes.isNote(key) {
                report.addNote()
                continue
            }
            report.add(.onlyRight, key, names)
        }
        return true
    }
}

/// What ended a comparison with a file.
enum ComparisonFailure: Error {
    case file(ProgramFailure)
    case server(RedisError)

    func ending(_ program: String) -> ProgramFailure {
        switch self {
        case .file(let failure): failure
        case .server(let error): ProgramFailure(error, of: program)
        }
    }
}

extension SnapshotRecord {
    func compared(_ version: RDBVersion) -> ComparedKey {
        ComparedKey(
            key: RESPBytes(key),
            value: body.map { DumpedValue(DumpPayload(type: type, body: $0[...], version: version).bytes) },
            expiry: expiry.map { .at($0) } ?? .never)
    }
}
