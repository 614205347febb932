import Bulkhead
import BulkheadConsole
import BulkheadRDB
import BulkheadRESP

/// Assembles a snapshot of one database key by key, from SCAN and DUMP, where the server does not send its own.
///
/// Each key is as it was when its turn came: with its expiry, read in the same transaction. A key that is there all
/// the time is in the file once; one that is added, removed or renamed meanwhile may or may not be. A slice of values
/// is held in memory, and the digests of all keys (``SeenKeys``).
struct KeyByKeyCopy {
    let program: String
    let database: RedisDatabase
    /// Nothing is in it where the server does not let itself be asked.
    let facts: ServerFacts
    let target: SnapshotCut.Target
    let pace: RedisPace
    /// Is called with how many keys are done.
    let progress: (Int) -> Void

    /// Keys of a slice at most.
    static let mostKeysOfSlice = 256
    /// Bytes of values that are asked for at once, by what the server says that its keys take; a single value may be
    /// larger.
    static let sliceBytes = 4 << 20

    /// Writes the file and has it on the disk; it has no name yet. Throws, and leaves no file, on any failure.
    func run() async throws(ProgramFailure) -> MadeSnapshot {
        do {
            // In a cluster each command finds its server.
            if database.isInCluster { return try await copy(by: database) }
            return try await database.withConnection { connection in
                // Reading is no use: the server's idea of what is cold must not change. Servers before 7.2 do not know
                // it.
                _ = try? await connection.send("CLIENT", "NO-TOUCH", "ON")
                return try await copy(by: connection)
            }
        } catch let error as RedisError {
            throw error.isOfInterruption ? ProgramFailure.backupStopped(program) : ProgramFailure(error, of: program)
        } catch let failure as ProgramFailure {
            throw failure
        } catch {
            throw ProgramFailure(.failed, "\(program): \(error)")
        }
    }

    private func copy(by connection: some RedisExecutor) async throws -> MadeSnapshot {
        let functions = target.hasFunctions ? try await functionRecords(connection) : nil
        var output = CheckedSnapshot(file: try SnapshotFile(at: target.path))
        let reader = DumpReader(of: facts, isAtomic: true)
        var seen = SeenKeys()
        // DUMP gives the version of the format, which stands at the beginning of the file.
        var writer: RDBWriter?
        var version: RDBVersion?
        var keys = PacedKeys(KeyWalk(over: database, match: target.pattern?.text), pace: pace)
        var pacer = Pacer(pace, most: Self.mostKeysOfSlice)
        var hasMore = true
        var notes = 0
        while hasMore {
            guard !Interruption.isRequested else { throw ProgramFailure.backupStopped(program) }
            let most = await pacer.begin()
            var slice: [RESPBytes] = []
            while slice.count < most {
                guard let key = try await keys.next() else {
                    hasMore = false
                    break
                }
                if !HandoverNotes.isNote(key) {
                    if !seen.contains(key) { slice.append(key) }
                } else if seen.insert(key) == .new {
                    notes += 1
                }
            }
            if slice.isEmpty { continue }
            // The scan has a pace of its own.
            pacer.gathered()
            for part in Self.parts(of: slice, try await connection.sizes(of: slice)) {
                for value in try await values(of: part, reader, connection) {
                    switch seen.insert(value.key) {
                    case .known: continue
                    case .new: break
                    case .full: throw tooManyKeys
                    }
                    if writer == nil {
                        writer = beginning(value.payload.version, functions)
                        version = value.payload.version
                    }
                    guard version == value.payload.version else {
                        throw ProgramFailure(
                            .failed, "\(program): the server's version changed meanwhile; start again")
                    }
                    write(value, to: &writer!)
                }
                if let pending = writer?.pending, pending >= SnapshotCut.blockBytes { try output.take(&writer!) }
            }
            pacer.end(keys: slice.count)
            progress(seen.count - notes)
        }
        // Without a key only functions give the version; that of Redis 5 is read by every server.
        var last = writer ?? beginning(functions?.version ?? RDBVersion(.redis, 9), functions)
        last.end()
        var made = try output.finish(&last)
        made.notesLeftOut = notes
        return made
    }

    private var tooManyKeys: ProgramFailure {
        ProgramFailure(
            .failed,
            "\(program): \(database.name) has more than \(Units.grouped(SeenKeys.usualLimit)) keys, the most "
                + "that can be copied key by key; allow SYNC to this user")
    }

    // MARK: Reading

    /// The keys in parts whose values have so many bytes together, or one large value.
    static func parts(of keys: [RESPBytes], _ sizes: [Int]) -> [ArraySlice<RESPBytes>] {
        var parts: [ArraySlice<RESPBytes>] = []
        var start = 0
        var bytes = 0
        for (index, size) in sizes.enumerated() {
            if index > start, size > sliceBytes - bytes {
                parts.append(keys[start..<index])
                start = index
                bytes = 0
            }
            bytes += min(max(0, size), sliceBytes)
        }
        if start < keys.count { parts.append(keys[start...]) }
        return parts
    }

    private struct Found {
        let key: RESPBytes
        let payload: DumpPayload
        let expiry: KeyExpiry
        let use: Int64?
    }

    /// The server's own snapshot has the use of a key only if the server evicts by it.
    private var tellsUse: Bool { facts.evictionPolicy.map { $0.hasSuffix("-lfu") || $0.hasSuffix("-lru") } ?? false }

    /// The values of those keys that are still there.
    private func values(
        of keys: ArraySlice<RESPBytes>, _ reader: DumpReader, _ connection: some RedisExecutor
    ) async throws -> [Found] {
        do {
            return try zip(keys, try await reader.read(Array(keys), connection)).compactMap { key, dump in
                guard let dump else { return nil }
                return Found(
                    key: key, payload: try DumpPayload(dump.value.payload), expiry: dump.expiry,
                    use: tellsUse ? dump.use?.number : nil)
            }
        } catch let error as RedisError where error.stage == .answered {
            throw ProgramFailure(
                .failed,
                "\(program): the server refuses to copy key by key: \(error.explainedMessage)"
                    + (error.code == .noPermission
                        ? "; the user needs SCAN, DUMP, PEXPIRETIME or PTTL and TIME, OBJECT, MULTI and EXEC" : ""))
        }
    }

    /// FUNCTION DUMP's payload is the records of the libraries, with the footer of a value. Nil before 7.0.
    ///
    /// A server that does not say its version is asked too, because functions were asked for.
    private func functionRecords(
        _ connection: some RedisExecutor
    ) async throws -> (records: ArraySlice<UInt8>, version: RDBVersion)? {
        guard facts.isAtLeast(redis: 7, 0) || facts.version.isEmpty else { return nil }
        let payload: [UInt8]
        do throws(RedisError) {
            payload = try await connection.send("FUNCTION", "DUMP", as: [UInt8].self)
        } catch {
            // A server without functions has none.
            if facts.version.isEmpty, error.stage == .answered, error.message.contains("unknown command") { return nil }
            guard error.stage == .answered else { throw error }
            throw ProgramFailure(
                .failed,
                "\(program): the server refuses to give its functions: \(error.message); allow FUNCTION DUMP to this "
                    + "user, or leave out --with-functions")
        }
        guard payload.count > DumpPayload.footerBytes else {
            return payload.count == DumpPayload.footerBytes
                ? ([], RDBVersion(ofDump: Int(payload[0]) | Int(payload[1]) << 8)) : nil
        }
        let checked = try DumpPayload(payload)
        return (payload.dropLast(DumpPayload.footerBytes), checked.version)
    }

    // MARK: Writing

    private func beginning(
        _ version: RDBVersion, _ functions: (records: ArraySlice<UInt8>, version: RDBVersion)?
    ) -> RDBWriter {
        var writer = RDBWriter(version)
        if !facts.version.isEmpty {
            writer.aux(facts.isValkey ? "valkey-ver" : "redis-ver", facts.version)
        }
        writer.aux("redis-bits", "64")
        if let functions { functions.records.withUnsafeBytes { writer.body($0) } }
        // A hint to who loads it: how much room to make.
        let size = facts.keyspace[target.number].map { (keys: $0.keys, expires: $0.expiring) }
        writer.select(target.numberInFile, size: target.pattern == nil ? size : nil)
        return writer
    }

    private func write(_ value: Found, to writer: inout RDBWriter) {
        var expiry: Int64?
        if case .at(let time) = value.expiry { expiry = time }
        value.key.withUnsafeBytes { key in
            writer.key(
                key, type: value.payload.type, expiry: expiry,
                idle: facts.countsUses ? nil : value.use.map { Int(clamping: $0) },
                frequency: facts.countsUses ? value.use.map { UInt8(clamping: $0) } : nil)
        }
        value.payload.body.withUnsafeBytes { writer.body($0) }
    }
}

/// What is written is read as any snapshot before it goes to the disk: it counts, and a value of a type that is not
/// known, or that is not one, is refused by name.
private struct CheckedSnapshot: ~Copyable {
    let file: SnapshotFile
    private var reader = RDBReader()
    private var summary = RDBSummary()
    private var block: [UInt8] = []

    init(file: SnapshotFile) { self.file = file }

    mutating func take(_ writer: inout RDBWriter) throws {
        writer.take(into: &block)
        try block.withUnsafeBytes { bytes in
            reader.feed(bytes)
            while let event = try reader.next() { summary.add(event) }
        }
        try file.write(block)
    }

    mutating func finish(_ writer: inout RDBWriter) throws -> MadeSnapshot {
        try take(&writer)
        try reader.finish()
        try file.file.finish()
        let tallies = summary.databases.values
        return MadeSnapshot(
            file: file, version: reader.version ?? RDBVersion(.redis, 9),
            keys: tallies.reduce(0) { $0 + $1.keys }, expiring: tallies.reduce(0) { $0 + $1.expires },
            types: tallies.reduce(into: [:]) { $0.merge($1.types, uniquingKeysWith: +) },
            functions: summary.functions)
    }
}
