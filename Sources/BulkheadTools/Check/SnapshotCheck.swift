#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import Bulkhead
import BulkheadConsole
import BulkheadRDB

/// A check of the databases in a snapshot: every key is looked at, and no server is needed.
///
/// Sizes are those of whole records in the file: key, value, expiry, compressed as they are. Times left are counted
/// from when the snapshot was made.
struct SnapshotCheck: ~Copyable {
    /// Databases that are counted each; no real server has more.
    static let mostDatabases = 4_096

    private let catalogue: DatabaseCatalogue
    private let configuration: RedisConfiguration
    /// Its names on the server of the configuration, whose snapshot this is taken to be.
    private let here: [DatabaseEntry]
    private let serverFlags: String
    private var reader = RDBReader()
    private var summary = RDBSummary()
    private var tallies: [DatabaseTally] = []
    private var numbers: [Int] = []
    /// The place of the present database in `tallies`.
    private var present: Int?
    /// What the file says how many keys are to come, by number.
    private var announced: [Int: Int] = [:]
    /// Milliseconds since 1970 when the snapshot was made; now where it does not say.
    private var made = Int64(Date().timeIntervalSince1970 * 1_000)

    // The record under way; its key is lent for one step only.
    private var key: [UInt8] = []
    private var look = KeyLook()

    private init(_ selection: ServerSelection) {
        catalogue = selection.catalogue
        configuration = selection.configuration
        here = catalogue.entries.filter { selection.place(of: $0) == selection.place(of: nil) }
        serverFlags = selection.serverFlags
    }

    /// Reads the snapshot at `path` (`-` is standard input); throws bad data for one that is damaged, because then no
    /// figure could be trusted.
    static func report(
        on path: String, _ selection: ServerSelection, _ wanted: [DatabaseEntry], _ streams: StandardStreams,
        _ progress: WorkProgress?
    ) throws(ProgramFailure) -> CheckReport {
        let date = Date().formatted(.iso8601)
        var check = SnapshotCheck(selection)
        let isComplete =
            path == "-"
            ? try check.read(streams.input, progress)
            : try Descriptor.withFile(path) { file throws(ProgramFailure) in try check.read(file, progress) }
        var server = ServerReport(name: check.name, address: path, databases: [])
        let entries = check.entries(selection, wanted)
        server.databases = entries.map { check.report(on: $0, isComplete: isComplete) }
        server.findings = server.findings(nil, check.here, isWhole: wanted.isEmpty)
        return CheckReport(source: .snapshot, date: date, servers: [server])
    }

    /// False if it was interrupted.
    private mutating func read(_ file: Descriptor, _ progress: WorkProgress?) throws(ProgramFailure) -> Bool {
        var source = SnapshotSource(file)
        var tail = SnapshotTail()
        do {
            while let bytes = try source.next() {
                if Interruption.isRequested { return false }
                if reader.hasEnded {
                    tail.take(bytes)
                    continue
                }
                reader.feed(bytes)
                while !reader.hasEnded, let event = try reader.next() { try add(event) }
                tail.take(reader.rest)
                progress?.update(done: reader.consumed)
            }
            // Throws what is missing, and a wrong checksum.
            if reader.hasEnded { _ = try reader.next() } else { try reader.finish() }
            try tail.check(at: reader.consumed)
        } catch is ProgramFailure where Interruption.isRequested {
            return false
        } catch let violation as RDBViolation {
            throw ProgramFailure(.badData, "bulkhead check: \(file.name): \(violation).")
        } catch {
            throw error as? ProgramFailure ?? ProgramFailure(.failed, "bulkhead check: \(error)")
        }
        return true
    }

    private mutating func add(_ event: RDBEvent) throws(RDBViolation) {
        summary.add(event)
        switch event {
        case .aux:
            if let seconds = summary.aux["ctime"].flatMap({ Int64($0) }), (1..<1 << 40).contains(seconds) {
                made = seconds * 1_000
            }
        case .selectDatabase(let number): try select(number)
        case .resizeDatabase(let keys, _): if let present { announced[numbers[present]] = keys }
        case .entry(let entry):
            if present == nil { try select(0) }
            key.removeAll(keepingCapacity: key.capacity <= 64 << 10)
            key.append(contentsOf: entry.key)
            look = KeyLook(
                type: entry.module?.name ?? entry.kind.rawValue, encoding: entry.type.encoding,
                time: entry.expiry.map {
                    .left(milliseconds: Int(clamping: $0.subtractingReportingOverflow(made).partialValue))
                } ?? .never,
                bytes: entry.head.count)
        case .body(let bytes, let isLast):
            // Bodies of functions and the like belong to no key.
            guard look.type != nil, let present else { return }
            look.bytes = (look.bytes ?? 0) + bytes.count
            guard isLast else { return }
            key.withUnsafeBytes { key in
                tallies[present].walk(key)
                tallies[present].add(.known(look), of: key)
            }
            look = KeyLook()
        default: break
        }
    }

    private mutating func select(_ number: Int) throws(RDBViolation) {
        if let place = numbers.firstIndex(of: number) {
            present = place
            return
        }
        guard numbers.count < Self.mostDatabases else {
            throw RDBViolation(
                .tooLong, at: reader.consumed, "there are more than \(Self.mostDatabases) databases in it")
        }
        let entry = here.first { $0.number == number }
        present = numbers.count
        numbers.append(number)
        tallies.append(tally(of: entry ?? DatabaseEntry("db", number: number)))
    }

    private func tally(of entry: DatabaseEntry) -> DatabaseTally {
        DatabaseTally(Placement(of: entry, in: catalogue, by: configuration))
    }

    private var name: String {
        let server = summary.aux["valkey-ver"].map { "Valkey \($0)" } ?? summary.aux["redis-ver"].map { "Redis \($0)" }
        return "Snapshot of \(server ?? "a server that does not say"), format \(summary.version?.number ?? 0)"
    }

    /// What was asked for, or all with a name and all with keys.
    private func entries(_ selection: ServerSelection, _ wanted: [DatabaseEntry]) -> [DatabaseEntry] {
        guard wanted.isEmpty else { return wanted }
        let named = here.filter { $0.aliasOf == nil }
        let unnamed = numbers.filter { number in !named.contains { $0.number == number } }.sorted()
        return named + unnamed.map { selection.entry(ofNumber: $0) }
    }

    private func report(on entry: DatabaseEntry, isComplete: Bool) -> DatabaseReport {
        let place = numbers.firstIndex(of: entry.number)
        let tally = place.map { tallies[$0] } ?? self.tally(of: entry)
        return DatabaseReport(
            tally, of: entry, in: catalogue, by: configuration,
            keys: isComplete ? tally.walked : max(tally.walked, announced[entry.number] ?? 0), expiring: nil,
            isComplete: isComplete, drewAll: true, serverFlags: serverFlags)
    }
}

extension RDBType {
    /// How values of the type are laid out, in the words of OBJECT ENCODING where it has one for it.
    fileprivate var encoding: String {
        switch self {
        case .string: "string"
        case .list: "linkedlist"
        case .set, .hash, .hashMetadata, .hashMetadataBefore74: "hashtable"
        case .sortedSet, .sortedSet2: "skiplist"
        case .hashZipmap: "zipmap"
        case .listZiplist, .sortedSetZiplist, .hashZiplist: "ziplist"
        case .setIntset: "intset"
        case .listQuicklist, .listQuicklist2: "quicklist"
        case .stream, .stream2, .stream3, .stream4, .stream5: "stream"
        case .array: "array"
        case .hashTemplateListpack, .hashTemplateListpackReference: "template-listpack"
        case .hashTemplateArray, .hashTemplateArrayReference: "template-array"
        case .hashListpack, .sortedSetListpack, .setListpack: "listpack"
        case .hashListpackEx, .hashListpackBefore74: "listpackex"
        case .moduleBefore4, .module2: "module"
        default: "type \(rawValue)"
        }
    }
}
