/// Reads a snapshot record by record: lend it bytes in any split, take events until none is left, repeat.
///
/// ```swift
/// var reader = RDBReader()
/// while let count = try readBlock(into: block) {
///     reader.feed(UnsafeRawBufferPointer(start: block.baseAddress, count: count))
///     while let event = try reader.next() { … }
/// }
/// try reader.finish()
/// ```
///
/// ```
///   "REDIS0011"  AUX …  { SELECTDB  RESIZEDB  { [expiry] [idle|frequency] type key │ value } … } …  EOF  CRC64
///                                             └──────────── head ───────────────────┴ body ┘
/// ```
///
/// It understands everything but the values, which it steps over by their shapes (``RDBShape``). So values stream: a
/// body comes in pieces as large as what was lent, at no cost a byte but its checksum, and memory is that of the
/// longest key. Nothing is copied, except the head of a record that two lent blocks share.
///
/// It does no I/O. Format: `src/rdb.c` of Redis (versions 1 to 15) and of Valkey (11, 80 and 81).
package struct RDBReader: ~Copyable {
    package let limits: RDBLimits

    // The block that is lent: bytes at place..<end are not read yet, those from `unsummed` on not in the checksum.
    private var place: UnsafeRawPointer
    private var end: UnsafeRawPointer
    private var unsummed: UnsafeRawPointer
    /// The offset in the snapshot of `end`.
    private var endOffset = 0
    /// Where nothing is lent.
    private let nowhere: UnsafeMutableRawPointer

    /// The beginning of a record whose rest is in the next block.
    private var held = HeldBytes()
    /// Bytes that `held` must have before it is worth reading it again.
    private var wanted = 0
    /// Bytes at the end of `held` that were looked into only and are the first of a body.
    private var heldBody = 0
    /// Only an event points into `held` any more.
    private var heldIsRead = false
    /// A key or a field that is not in the file as it is: decompressed, or a number as text.
    var texts = HeldBytes()

    private var phase = Phase.header
    package private(set) var version: RDBVersion?
    private(set) var program = RDBProgram.program(of: .redis)
    var body = Body()
    /// How many fields each template of the file has, by its number.
    var templates: [UInt64: Int] = [:]
    private var sum = CRC64()
    private var violation: RDBViolation?

    private enum Phase {
        case header, records, body, ended
    }

    package init(limits: RDBLimits = RDBLimits()) {
        self.limits = limits
        nowhere = .allocate(byteCount: 1, alignment: 1)
        place = UnsafeRawPointer(nowhere)
        end = place
        unsummed = place
    }

    deinit { nowhere.deallocate() }

    /// Bytes of the snapshot read so far; after its end, exactly the bytes it has.
    package var consumed: Int { endOffset - (end - place) }

    /// True when the end of the snapshot and its checksum have been read.
    package var hasEnded: Bool { phase == .ended }

    /// What was lent and lies behind the end of the snapshot.
    package var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: place, count: end - place) }

    /// Lends the next bytes, which have to stay as they are until ``next()`` returns nil, throws, or returns the end.
    ///
    /// What was lent before must have been taken: `next()` has returned nil.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        precondition(place == end || hasEnded || violation != nil, "feed before next() has taken all")
        guard violation == nil, let start = bytes.baseAddress else { return }
        if hasEnded { endOffset -= end - place }
        place = start
        end = start + bytes.count
        unsummed = start
        endOffset += bytes.count
    }

    /// The next event, or nil until more bytes are fed.
    ///
    /// Throws the violation that the snapshot contains, again at every later call; after the end, a wrong checksum.
    package mutating func next() throws(RDBViolation) -> RDBEvent? {
        if let violation { throw violation }
        if heldIsRead {
            held.removeAll()
            heldIsRead = false
        }
        do {
            switch phase {
            case .body: return try nextOfBody()
            case .ended: return nil
            case .header, .records: return held.count > 0 ? try nextHeldRecord() : try nextRecord()
            }
        } catch {
            violation = error
            throw error
        }
    }

    /// Says that no more bytes will come: throws unless the snapshot has ended and its checksum is not wrong.
    ///
    /// All events must have been taken.
    package mutating func finish() throws(RDBViolation) {
        if let violation { throw violation }
        guard !hasEnded else { return }
        let part =
            switch phase {
            case .header: "the first nine bytes"
            case .body: "a value"
            default: held.count > 0 ? "a record" : "the records, without the mark of its end"
            }
        throw RDBViolation(.truncated, at: consumed, "the snapshot ends inside \(part)")
    }

    // MARK: Records

    private mutating func nextRecord() throws(RDBViolation) -> RDBEvent? {
        var cursor = RDBCursor(place, end, offset: consumed)
        if place < end, let event = try read(&cursor) {
            place = cursor.place
            return event
        }
        sum.update(UnsafeRawBufferPointer(start: unsummed, count: place - unsummed))
        wanted = (end - place) + max(1, cursor.missing)
        hold(end - place)
        return nil
    }

    /// Goes on with a record whose beginning is held: takes what it lacks and no byte more, and reads it again.
    ///
    /// It has at most a dozen parts, and each is missed once: the cost is linear in its bytes however they are split.
    private mutating func nextHeldRecord() throws(RDBViolation) -> RDBEvent? {
        while true {
            hold(min(end - place, wanted - held.count))
            guard held.count == wanted else { return nil }
            var cursor = RDBCursor(held.start, held.start + held.count, offset: consumed - held.count)
            if let event = try read(&cursor) {
                if !hasEnded { sum.update(held.bytes) }
                heldBody = cursor.end - cursor.place
                heldIsRead = heldBody == 0
                return event
            }
            wanted = held.count + max(1, cursor.missing)
        }
    }

    private mutating func hold(_ count: Int) {
        held.append(place, count)
        place += count
        unsummed = place
    }

    private mutating func read(_ cursor: inout RDBCursor) throws(RDBViolation) -> RDBEvent? {
        guard let version else { return try readHeader(&cursor) }
        let start = cursor.place
        guard let record = try readRecord(&cursor, of: version) else { return nil }
        switch record {
        case .event(let event): return event
        case .opening(let event, let step):
            body.begin(at: step)
            phase = .body
            return event
        case .end(let stated):
            // All before the checksum, the mark of the end included.
            if held.count == 0 { sum.update(UnsafeRawBufferPointer(start: unsummed, count: start - unsummed)) }
            sum.update(UnsafeRawBufferPointer(start: start, count: 1))
            return .end(end(stated, at: max(0, cursor.offset - MemoryLayout<UInt64>.size)))
        }
    }

    private mutating func readHeader(_ cursor: inout RDBCursor) throws(RDBViolation) -> RDBEvent? {
        guard let magic = try cursor.version() else { return nil }
        version = magic
        program = .program(of: magic.flavour)
        phase = .records
        return .header(magic)
    }

    private mutating func end(_ stated: UInt64, at offset: Int) -> RDBChecksum {
        phase = .ended
        if stated == 0 { return .absent }
        if stated == sum.value { return .right }
        violation = RDBViolation(.wrongChecksum, at: offset, "the checksum does not match the bytes before it")
        return .wrong
    }

    // MARK: Bodies

    private mutating func nextOfBody() throws(RDBViolation) -> RDBEvent? {
        if heldBody > 0 {
            let start = UnsafeRawPointer(held.start + held.count - heldBody)
            let stop = try passValue(start, start + heldBody, offset: consumed - heldBody)
            heldBody = 0
            heldIsRead = true
            return .body(UnsafeRawBufferPointer(start: start, count: stop - start), isLast: body.isWhole)
        }
        guard place < end else {
            sum.update(UnsafeRawBufferPointer(start: unsummed, count: place - unsummed))
            unsummed = place
            return nil
        }
        let start = place
        place = try passValue(place, end, offset: consumed)
        if body.isWhole { phase = .records }
        return .body(UnsafeRawBufferPointer(start: start, count: place - start), isLast: body.isWhole)
    }
}
