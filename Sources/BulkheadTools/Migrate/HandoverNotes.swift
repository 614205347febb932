import Bulkhead
import BulkheadConsole
import BulkheadRDB
import BulkheadRESP

/// What a killed migration between two servers leaves, so that a later one can tell its own half-moved keys from keys
/// that somebody else wrote.
///
/// Two keys a lane. The one in the target lists what the running transaction copied there, with a digest of each
/// value, and is written in the same transaction as the copies; the one in the source names the list whose keys have
/// been deleted, and is written in the same transaction as the deletions. So each is as durable as the keys that it
/// lists, and no file is needed here. Their names are the same for every pattern and every new name, so that the next
/// run finds them:
///
/// | Note in the target | Note in the source | After a kill |
/// |---|---|---|
/// | none | any | nothing was under way |
/// | list | names it | the slice was finished |
/// | list | does not | the source has not deleted: copies that are as they were made are taken back |
///
/// The list is in format 3, which keeps the run beside each list. A list in an older format is not read, as if there
/// were none, and is removed at the end. Keys that its run copied and did not delete are on both sides then: with
/// `--resume` those that are the same are deleted from the source, and the others are conflicts.
///
/// A copy that differs from its digest was written to by somebody, and is a conflict as any other. None is taken back
/// without its original: see ``CrossServerMover/begin(_:)``. Both keys are removed at the end; no migration moves them.
struct HandoverNotes: Sendable {
    /// The beginning of the keys' names, in both databases.
    static let prefix = Array("bulkhead:migration:".utf8)

    /// Whether a key is one of these, of whatever migration. What they speak of is two databases at one time: no tool
    /// takes them along, into a file or out of one.
    static func isNote(_ key: some Sequence<UInt8>) -> Bool { key.starts(with: prefix) }

    /// - Parameter fate: what has become of them: `not restored`.
    static func words(_ count: Int, _ fate: String) -> String {
        let (are, notes, were) = count == 1 ? ("is", "a note", "it was") : ("are", "notes", "they were")
        return "\(Units.counted(count, "key")) \(are) \(notes) of a migration that was interrupted or is running: "
            + "\(were) \(fate)."
    }

    /// The same for the same two databases.
    private let identity: String

    /// - Parameters:
    ///   - source: the source server's address as it was given.
    ///   - target: the target server's.
    init(_ plan: MigrationPlan, from source: String, to target: String) {
        identity = Self.identity(source, plan.from.number, target, plan.to.number)
    }

    /// What names of keys have for two databases of two servers.
    static func identity(_ source: String, _ from: Int, _ target: String, _ to: Int) -> String {
        let checksum = Array("\(source) \(from) \(target) \(to)".utf8).withUnsafeBytes { CRC64(of: $0).value }
        return String(checksum, radix: 16)
    }

    /// What names the two databases in the name of a note, here or in a slot; nil for the chain of runs, and for what
    /// a look at permissions has left.
    static func identity(in note: RESPBytes) -> String? {
        var rest = note.dropFirst(prefix.count)
        if rest.first == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")) {
            rest = rest[end...].dropFirst(2)
        }
        let identity = String(decoding: rest.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        return UInt64(identity, radix: 16) == nil ? nil : identity
    }

    /// A key that was copied: how it was when it was.
    struct Copied: Sendable, Hashable {
        let key: RESPBytes
        /// Its name in the target.
        let name: RESPBytes
        let digest: UInt64
        let expiry: KeyExpiry

        init(_ key: RESPBytes, as name: RESPBytes, _ digest: UInt64, _ expiry: KeyExpiry) {
            self.key = key
            self.name = name
            self.digest = digest
            self.expiry = expiry
        }
    }

    /// What one transaction copies.
    struct Note: Sendable, Hashable {
        let id: UInt64
        /// The run that has copied them.
        let run: UInt64
        let keys: [Copied]

        init(id: UInt64 = .random(in: .min ... .max), run: UInt64, keys: [Copied]) {
            self.id = id
            self.run = run
            self.keys = keys
        }
    }

    func copiedKey(_ lane: Int) -> String { "bulkhead:migration:\(identity):\(lane):copied" }
    func deletedKey(_ lane: Int) -> String { "bulkhead:migration:\(identity):\(lane):deleted" }
    /// For ``MigrationFence``, in both databases.
    var ownerKey: String { "bulkhead:migration:\(identity):owner" }

    func copied(_ note: Note, _ lane: MigrationLane) -> RedisCommand<RESPValue> {
        raw("SET", copiedKey(lane.number), note.bytes)
    }

    /// The key and the value that say it is done.
    func deleted(_ note: Note, _ lane: MigrationLane) -> (key: String, value: String) {
        (deletedKey(lane.number), String(note.id, radix: 16))
    }

    /// What an earlier run has copied and not deleted; nil if there is nothing, or it is not readable any more.
    func unfinished(on lane: MigrationLane) async throws(RedisError) -> Note? {
        guard let bytes = try await lane.target.run(raw("GET", copiedKey(lane.number))).bytes,
            let note = Note(bytes: Array(bytes))
        else { return nil }
        let deleted = try await lane.source.run(raw("GET", deletedKey(lane.number))).bytes
        return deleted?.elementsEqual(String(note.id, radix: 16).utf8) == true ? nil : note
    }

    func remove(_ lane: MigrationLane) async throws(RedisError) {
        try await lane.target.run(raw("UNLINK", copiedKey(lane.number)))
        try await lane.source.run(raw("UNLINK", deletedKey(lane.number)))
    }

    enum Taken { case back, written, missing }

    /// Removes a copy if it is as it was made, in one step with the look at it, while the target is this run's.
    func takeBack(
        _ copied: Copied, _ expiry: KeyExpiryQuery, _ fence: MigrationFence, _ connection: RedisConnection
    ) async throws(RedisError) -> Taken {
        try await fence.watch([copied.name], connection)
        guard let payload = try await connection.run(raw("DUMP", copied.name)).bytes else { return .missing }
        let time = try await expiry.ask([copied.name], connection)[0]
        guard copied.isSame(as: DumpedValue(payload), time) else { return .written }
        return try await connection.transaction([raw("UNLINK", copied.name)]) == nil ? .written : .back
    }
}

extension HandoverNotes.Copied {
    /// Whether a key is as this one was when it was copied.
    func isSame(as value: DumpedValue, _ time: KeyExpiry) -> Bool {
        value.digest == digest && time.isSame(as: expiry, tolerance: 2)
    }
}

extension HandoverNotes.Note {
    private static let format: UInt64 = 3

    /// Format, id, run, then for each key: the lengths and bytes of its two names, digest, expiry; numbers of 8 bytes,
    /// little-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: UInt64) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.format)
        append(id)
        append(run)
        for copied in keys {
            for name in [copied.key, copied.name] {
                append(UInt64(name.count))
                bytes.append(contentsOf: name)
            }
            append(copied.digest)
            append(UInt64(bitPattern: copied.expiry.absolute))
        }
        return bytes
    }

    /// Nil for what no note is.
    init?(bytes: [UInt8]) {
        var rest = bytes[...]
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number() -> UInt64? {
            take(8).map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        }
        func name() -> RESPBytes? {
            number().flatMap { Int(exactly: $0) }.flatMap { take($0) }.map { RESPBytes($0) }
        }
        guard number() == Self.format, let id = number(), let run = number() else { return nil }
        var keys: [HandoverNotes.Copied] = []
        while !rest.isEmpty {
            guard let key = name(), let name = name(), let digest = number(), let time = number() else { return nil }
            let expiry = time == 0 ? KeyExpiry.never : .at(Int64(bitPattern: time))
            keys.append(HandoverNotes.Copied(key, as: name, digest, expiry))
        }
        self.init(id: id, run: run, keys: keys)
    }
}
