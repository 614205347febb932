import BulkheadRDB

/// A key of a snapshot file with all that the file says of it.
struct SnapshotRecord: Sendable {
    let database: Int
    let key: [UInt8]
    let type: RDBType
    /// What TYPE calls it; a module's value by its type's own name.
    let typeName: String
    /// When it expires, in milliseconds since 1970; nil for never.
    let expiry: Int64?
    let idle: Int?
    let frequency: UInt8?
    /// Bytes of the value in the file.
    fileprivate(set) var bytes = 0
    /// The value as it is in the file; nil if it is larger than was asked for.
    fileprivate(set) var body: [UInt8]?
}

/// The records of a snapshot file, one after the other, each whole; the file is read as far as they need.
///
/// ```swift
/// var records = SnapshotRecords(try InputFile(path), largestBody: 512 << 20)
/// while let record = try records.next() { … }
/// ```
/// Memory is that of one record and a block. Not `Sendable`: one reader at a time.
struct SnapshotRecords: ~Copyable {
    /// Bytes of one read: large enough that reading costs nothing beside what is done with them.
    private static let blockBytes = 1 << 20

    private let file: InputFile
    private let largestBody: Int
    private let block: UnsafeMutableRawBufferPointer
    private var reader = RDBReader()
    private var database = 0
    private var summary = RDBSummary()
    /// The record whose body is under way.
    private var open: SnapshotRecord?
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var isFunction = false
    /// The libraries of functions, each as its record is in the file.
    private(set) var functions: [[UInt8]] = []
    /// Libraries that were passed over because they are past a limit.
    private(set) var largeFunctions = 0
    private var functionBytes = 0

    enum Limits {
        /// Bytes of all libraries of functions that are held: source text, of which a server has some KiB.
        static let functionBytes = 16 << 20
    }

    /// Values above `largestBody` bytes are passed over, and come without their body.
    init(_ file: InputFile, largestBody: Int) {
        self.file = file
        self.largestBody = largestBody
        block = .allocate(byteCount: Self.blockBytes, alignment: 16)
    }

    deinit { block.deallocate() }

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
                if let record = take(event) { return record }
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
        let count = try file.descriptor.readBlock(into: block)
        guard count > 0 else {
            do {
                try reader.finish()
            } catch {
                throw damaged(error)
            }
            return false
        }
        guard !reader.hasEnded else {
            throw ProgramFailure.unnamed(
                .badData, "\(file.descriptor.name) goes on behind its end, at byte \(reader.consumed)")
        }
        reader.feed(UnsafeRawBufferPointer(rebasing: block[..<count]))
        return true
    }

    private func damaged(_ violation: RDBViolation) -> ProgramFailure {
        ProgramFailure.unnamed(.badData, "\(file.descriptor.name) is no whole snapshot: \(violation)")
    }

    private mutating func take(_ event: RDBEvent) -> SnapshotRecord? {
        summary.add(event)
        switch event {
        case .selectDatabase(let number): database = number
        case .function(let section):
            begin()
            isFunction = true
            body.append(contentsOf: section.head)
        case .entry(let entry):
            begin()
            open = SnapshotRecord(
                database: database, key: Array(entry.key), type: entry.type,
                typeName: entry.module?.name ?? entry.kind.rawValue, expiry: entry.expiry, idle: entry.idle,
                frequency: entry.frequency)
        case .body(let bytes, let isLast):
            bodyBytes += bytes.count
            let most = isFunction ? Limits.functionBytes - functionBytes : largestBody
            if open != nil || isFunction, bodyBytes <= most { body.append(contentsOf: bytes) }
            if isLast { return endBody() }
        case .moduleAux, .slotImport: begin()
        default: break
        }
        return nil
    }

    private mutating func begin() {
        open = nil
        isFunction = false
        // What is handed out keeps its memory; what is not is used again.
        body.removeAll(keepingCapacity: true)
        bodyBytes = 0
    }

    private mutating func endBody() -> SnapshotRecord? {
        if isFunction { endFunction() }
        guard var record = open else { return nil }
        record.bytes = bodyBytes
        if bodyBytes <= largestBody { record.body = Array(body) }
        return record
    }

    /// A part of a library is none.
    private mutating func endFunction() {
        guard bodyBytes <= Limits.functionBytes - functionBytes else {
            largeFunctions += 1
            return
        }
        functionBytes += bodyBytes
        functions.append(body)
    }
}
