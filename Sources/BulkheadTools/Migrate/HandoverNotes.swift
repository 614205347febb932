import Bulkhead
import RDB
import RESP

/// What a killed migration between two servers leaves, so that a later one can tell its own half-moved keys from keys
/// that somebody else wrote.
///
/// Two keys a lane. The one in the target lists what the running transaction copied there, with a digest of each
/// value, and is written in the same transaction as the copies; the one in the source names the list whose keys have
/// been deleted, and is written in the same transaction as the deletions. So each is as durable as what it speaks of,
/// and none needs a file here:
///
/// | Note in the target | Note in the source | After a kill |
/// |---|---|---|
/// | none | any | nothing was under way |
/// | list | names it | the slice was finished |
/// | list | does not | the source has not deleted: copies that are as they were made are taken back |
///
/// A copy that differs from its digest was written to by somebody, and is a conflict as any other. Both keys are
/// removed at the end; no migration moves them.
struct HandoverNotes: Sendable {
    /// The beginning of the keys' names, in both databases.
    static let prefix = Array("bulkhead:migration:".utf8)

    /// The same for the same databases, pattern and new names, so that a later run finds it.
    private let identity: String

    /// - Parameter source: the source server's address as it was given.
    init(_ plan: MigrationPlan, source: String) {
        let rename = plan.rename.map { "\($0.old) \($0.new)" } ?? ""
        let text = "\(source) \(plan.from.number) \(plan.to.number) \(plan.pattern ?? "*") \(rename)"
        let checksum = Array(text.utf8).withUnsafeBytes { CRC64(of: $0).value }
        identity = String(checksum, radix: 16)
    }

    /// A key that was copied: how it was when it was.
    struct Copied: Sendable, Hashable {
        let key: RESPBytes
        let digest: UInt64
        let expiry: KeyExpiry

        init(_ key: RESPBytes, _ digest: UInt64, _ expiry: KeyExpiry) {
            self.key = key
            self.digest = digest
            self.expiry = expiry
        }
    }

    /// What one transaction copies.
    struct Note: Sendable, Hashable {
        let id: UInt64
        let keys: [Copied]

        init(id: UInt64 = .random(in: .min ... .max), keys: [Copied]) {
            self.id = id
            self.keys = keys
        }
    }

    func copiedKey(_ lane: Int) -> String { "bulkhead:migration:\(identity):\(lane):copied" }
    func deletedKey(_ lane: Int) -> String { "bulkhead:migration:\(identity):\(lane):deleted" }

    func copied(_ note: Note, _ lane: MigrationLane) -> RedisCommand<RESPValue> {
        raw("SET", copiedKey(lane.number), note.bytes)
    }

    func deleted(_ note: Note, _ lane: MigrationLane) -> RedisCommand<RESPValue> {
        raw("SET", deletedKey(lane.number), String(note.id, radix: 16))
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

    /// Removes a copy if it is as it was made, in one step with the look at it.
    func takeBack(
        _ copied: Copied, _ name: RESPBytes, _ expiry: KeyExpiryQuery, _ connection: RedisConnection
    ) async throws(RedisError) -> Taken {
        try await connection.watch([name])
        guard let payload = try await connection.run(raw("DUMP", name)).bytes else { return .missing }
        let time = try await expiry.ask([name], connection)[0]
        guard DumpedValue(payload).digest == copied.digest, time.isSame(as: copied.expiry, tolerance: 2) else {
            return .written
        }
        return try await connection.transaction([raw("UNLINK", name)]) == nil ? .written : .back
    }
}

extension HandoverNotes.Note {
    private static let format: UInt64 = 1

    /// Format, id, then for each key: its length, its bytes, digest, expiry; numbers of 8 bytes, little-endian.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: UInt64) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.format)
        append(id)
        for copied in keys {
            append(UInt64(copied.key.count))
            bytes.append(contentsOf: copied.key)
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
        guard number() == Self.format, let id = number() else { return nil }
        var keys: [HandoverNotes.Copied] = []
        while !rest.isEmpty {
            guard let length = number().flatMap({ Int(exactly: $0) }), let key = take(length),
                let digest = number(), let time = number()
            else { return nil }
            let expiry = time == 0 ? KeyExpiry.never : .at(Int64(bitPattern: time))
            keys.append(HandoverNotes.Copied(RESPBytes(key), digest, expiry))
        }
        self.init(id: id, keys: keys)
    }
}
