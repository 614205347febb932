import BulkheadRDB

/// A key of a snapshot file with all that the file says of it.
struct SnapshotRecord: Sendable {
    let database: Int
    let key: [UInt8]
    /// Of a hash whose names stand apart from its values, that of a plain one, as ``body`` is.
    let type: RDBType
    /// What TYPE calls it; a module's value by its type's own name.
    let typeName: String
    /// When it expires, in milliseconds since 1970; nil for never.
    let expiry: Int64?
    let idle: Int?
    let frequency: UInt8?
    /// Whether modules have attached something to the key.
    let hasMetadata: Bool
    /// Bytes of the value in the file.
    fileprivate(set) var bytes = 0
    /// The value as it is in the file; nil if it is larger than was asked for.
    fileprivate(set) var body: [UInt8]?
    /// Why there is no body though it is small enough.
    fileprivate(set) var damage: String?
}

/// The records of a snapshot file, one after the other, each whole; the file is read as far as they need.
///
/// ```swift
/// var records = try SnapshotRecords(InputFile.forSeveralPasses(path), largestBody: 512 << 20)
/// while let record = try records.next() { … }
/// ```
/// Memory is that of one record and a block. Not `Sendable`: one reader at a time.
struct SnapshotRecords: ~Copyable {
    private let file: InputFile
    private let largestBody: Int
    private var source: SnapshotSource
    private var tail = SnapshotTail()
    private var reader = RDBReader()
    private var database = 0
    private var summary = RDBSummary()
    /// The record whose body is under way.
    private var open: SnapshotRecord?
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var isFunction = false
    private var isTemplate = false
    private var templates = RDBHashTemplates()
    /// The type of the record whose body is under way, as the file has it.
    private var writtenType = RDBType.string
    /// The libraries of functions, each as its record is in the file.
    private(set) var functions: [[UInt8]] = []
    /// Libraries that were passed over because they are past a limit.
    private(set) var largeFunctions = 0
    private var functionBytes = 0

    enum Limits {
        /// Bytes of all libraries of functions that are held: source text, of which a server has some KiB.
        static let functionBytes = 16 << 20
        /// Bytes of one hash template; of all together as ``RDBHashTemplates`` has it.
        static let templateBytes = 16 << 20
    }

    /// From the file's beginning. Values above `largestBody` bytes are passed over, and come without their body.
    ///
    /// Throws exit code 74 if the file was written to since it was opened.
    init(_ file: InputFile, largestBody: Int) throws(ProgramFailure) {
        try file.rewind()
        self.file = file
        self.largestBody = largestBody
        source = SnapshotSource(file.descriptor)
    }

    /// Counts of what has been passed so far; of the whole file once `next` has returned nil.
    var counts: RDBSummary { summary }
    /// Bytes of the file that have been passed.
    var consumed: Int { reader.consumed }

    /// The next key; nil at the end of the file, whose checksum is right or absent then.
    ///
    /// Throws exit code 65 with the offset for a damaged file, 74 if reading fails.
    mutating func next() throws(ProgramFailure) -> SnapshotRecord? {
        while true {
            if let event = try nextEvent() {
                if let record = try take(event) { return record }
            } else if try !feed() {
                return nil
            }
        }
    }

    private mutating func nextEvent() throws(ProgramFailure) -> RDBEvent? {
        do {
            return try reader.next()
        } catch {
            throw damaged(error)
        }
    }

    /// Reads a block; false at the end of a file that is whole.
    private mutating func feed() throws(ProgramFailure) -> Bool {
        do {
            if reader.hasEnded { tail.take(reader.rest) }
            while let bytes = try source.next() {
                try file.requireUnchanged()
                guard reader.hasEnded else {
                    reader.feed(bytes)
                    return true
                }
                tail.take(bytes)
            }
            try file.requireUnchanged()
            try reader.finish()
            try tail.check(at: reader.consumed)
            return false
        } catch let violation as RDBViolation {
            throw damaged(violation)
        } catch {
            throw error as? ProgramFailure ?? ProgramFailure.unnamed(.failed, "\(error)")
        }
    }

    private func damaged(_ violation: RDBViolation) -> ProgramFailure {
        ProgramFailure.unnamed(.badData, "\(file.descriptor.name) is no whole snapshot: \(violation)")
    }

    private mutating func take(_ event: RDBEvent) throws(ProgramFailure) -> SnapshotRecord? {
        summary.add(event)
        switch event {
        case .selectDatabase(let number): database = number
        case .function(let section):
            begin()
            isFunction = true
            body.append(contentsOf: section.head)
        case .entry(let entry):
            begin()
            writtenType = entry.type
            open = SnapshotRecord(
                database: database, key: Array(entry.key), type: hasNamesApart ? .hash : entry.type,
                typeName: entry.module?.name ?? entry.kind.rawValue, expiry: entry.expiry, idle: entry.idle,
                frequency: entry.frequency, hasMetadata: entry.hasMetadata)
        case .hashTemplate(let section):
            begin()
            isTemplate = true
            // Behind the opcode.
            body.append(contentsOf: section.head.dropFirst())
        case .body(let bytes, let isLast):
            bodyBytes += bytes.count
            let most =
                isTemplate ? Limits.templateBytes : isFunction ? Limits.functionBytes - functionBytes : largestBody
            if open != nil || isFunction || isTemplate, bodyBytes <= most { body.append(contentsOf: bytes) }
            if isLast { return try endBody() }
        case .moduleAux, .slotImport: begin()
        default: break
        }
        return nil
    }

    private mutating func begin() {
        open = nil
        isFunction = false
        isTemplate = false
        // What is handed out keeps its memory; what is not is used again.
        body.removeAll(keepingCapacity: true)
        bodyBytes = 0
    }

    private var hasNamesApart: Bool {
        reader.version.map { RDBHashTemplates.areUsed(by: writtenType, $0) } ?? false
    }

    private mutating func endBody() throws(ProgramFailure) -> SnapshotRecord? {
        if isFunction { endFunction() }
        if isTemplate {
            do throws(RDBViolation) {
                try templates.add(body)
            } catch {
                throw damaged(RDBViolation(error.kind, at: reader.consumed, "a hash template: \(error.message)"))
            }
        }
        guard var record = open else { return nil }
        record.bytes = bodyBytes
        guard bodyBytes <= largestBody else { return record }
        guard hasNamesApart else {
            record.body = Array(body)
            return record
        }
        do throws(RDBViolation) {
            let plain = try templates.plain(writtenType, body)
            record.bytes = plain.count
            record.body = plain
        } catch {
            record.damage = error.message
        }
        return record
    }

    /// A part of a library is not a library.
    private mutating func endFunction() {
        guard bodyBytes <= Limits.functionBytes - functionBytes else {
            largeFunctions += 1
            return
        }
        functionBytes += bodyBytes
        functions.append(body)
    }
}
