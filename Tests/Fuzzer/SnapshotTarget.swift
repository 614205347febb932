import BulkheadBenchmarkSupport
import BulkheadRDB
import BulkheadRDBBodies

/// The reader of snapshots promises: it never traps; how bytes are split changes nothing; the bytes of its events are
/// the file's; what is cut out of a snapshot is one, with the same keys and values; a violation stays.
enum SnapshotTarget {
    private static let limits: [RDBLimits] =
        Array(repeating: RDBLimits(), count: 8) + [
            RDBLimits(keyBytes: 3), RDBLimits(stringBytes: 9), RDBLimits(elements: 2), RDBLimits(database: 1),
            RDBLimits(moduleBytes: 30),
            RDBLimits(keyBytes: 0, stringBytes: 0, elements: 0, moduleBytes: 0, database: 0),
        ]

    static func check(_ input: Input) -> Verdict {
        var random = SeededGenerator(seed: input.variant)
        let limits = random.pick(limits)
        let bytes = input.bytes
        let whole = SnapshotReading(bytes, limits) { bytes.count }
        if let complaint = whole.complaint { return .broken(complaint) }
        let longest = 1 + random.below(40)
        let chunked = SnapshotReading(bytes, limits) { 1 + random.below(longest) }
        if let complaint = chunked.complaint ?? whole.differs(from: chunked) {
            return .broken("fed whole or in blocks: \(complaint)")
        }
        // One at a time is dear where there are many.
        if bytes.count < 2_000 || random.once(in: 8) {
            let bytewise = SnapshotReading(bytes, limits) { 1 }
            if let complaint = bytewise.complaint ?? whole.differs(from: bytewise) {
                return .broken("fed whole or byte by byte: \(complaint)")
            }
        }
        if let complaint = filterComplaint(bytes, whole, limits, &random) { return .broken("cut out: \(complaint)") }
        if let complaint = valueComplaint(whole) { return .broken(complaint) }
        if let complaint = frameComplaint(bytes, &random) { return .broken("compressed: \(complaint)") }
        return .held(whole.violation?.kind.name ?? "whole, checksum \(whole.checksum.map(\.rawValue) ?? "unsaid")")
    }

    /// What is wrong with databases cut out of it.
    private static func filterComplaint(
        _ bytes: [UInt8], _ whole: SnapshotReading, _ limits: RDBLimits, _ random: inout SeededGenerator
    ) -> String? {
        let odd: (UnsafeRawBufferPointer) -> Bool = { $0.count % 2 == 1 }
        let cuts = [
            RDBFilter.Cut(0, as: 0), RDBFilter.Cut(1, as: 0, hasFunctions: true), RDBFilter.Cut(1, keeps: odd),
        ]
        let cutOut: [CutOut]
        do {
            cutOut = try filtered(bytes, cuts, limits: limits, block: 1 + random.below(200))
        } catch {
            guard let violation = error as? RDBViolation else { return "\(error)" }
            let isOfModules = violation.kind == .tooLong && violation.message.contains("module type")
            return violation == whole.violation || isOfModules ? nil : "\(violation) in place of \(whole.ending)"
        }
        if whole.violation != nil { return "accepted, and by the reader \(whole.ending)" }
        for (cut, part) in zip(cuts.indices, cutOut) {
            let made = SnapshotReading(part.file, RDBLimits()) { part.file.count }
            // Before format 5 there is none.
            let wanted: RDBChecksum = (made.version?.number ?? 0) < 5 ? .absent : .right
            if made.violation != nil || made.checksum != wanted { return "what was made is \(made.ending)" }
            let keys = whole.entries.filter { entry in
                entry.database == cuts[cut].database && (cuts[cut].keeps == nil || entry.key.count % 2 == 1)
            }
            guard made.entries.elementsEqual(keys, by: { $0.record == $1.record && $0.key == $1.key }) else {
                return "\(made.entries.count) keys of \(keys.count), or others"
            }
            guard part.tally.keys == keys.count else { return "the count is wrong" }
        }
        return nil
    }

    /// What comes of it compressed, and of that with a changed byte, which a checksum has to find.
    private static func frameComplaint(_ bytes: [UInt8], _ random: inout SeededGenerator) -> String? {
        var choices = SeededGenerator(seed: random.next())
        var frame = Array(CompressedFile.lz4(bytes) { choices.below($0) }.dropFirst(7))
        let isChanged = random.once(in: 2)
        if isChanged { frame[random.below(frame.count)] ^= UInt8(1 + random.below(255)) }
        var reader = LZ4Frame()
        var content: [UInt8] = []
        do {
            var fed = 0
            let block = 1 + random.below(300)
            while fed < frame.count {
                let upper = min(frame.count, fed + block)
                frame[fed..<upper].withUnsafeBytes { reader.feed($0) }
                fed = upper
                while let block = try reader.next() { content += block }
            }
            try reader.finish()
        } catch {
            guard isChanged else { return "\(error)" }
            return (0...frame.count).contains(error.offset) ? nil : "\(error) of \(frame.count) bytes"
        }
        return content == bytes ? nil : "\(content.count) bytes of \(bytes.count), or others"
    }

    /// The decoder of values must find the same end of each.
    private static func valueComplaint(_ whole: SnapshotReading) -> String? {
        guard let version = whole.version else { return nil }
        let limits = RDBValueLimits(stringBytes: 4 << 20, valueBytes: 16 << 20)
        for entry in whole.entries where entry.isWhole {
            do {
                _ = try RDBValue(type: entry.type, body: entry.body[...], version: version, limits: limits)
            } catch {
                if error.message.contains("left over behind a value") {
                    return "the body of type \(entry.type.rawValue) is too long: \(error)"
                }
            }
        }
        return nil
    }
}

/// All that a reader made of one input.
struct SnapshotReading {
    struct Entry {
        let database: Int
        let type: RDBType
        let key: [UInt8]
        var record: [UInt8]
        let headCount: Int
        var isWhole = false
        var body: [UInt8] { Array(record[headCount...]) }
    }

    private(set) var entries: [Entry] = []
    /// The other events, as words, and the bytes of their records.
    private var others: [String] = []
    private var otherBytes: [UInt8] = []
    private(set) var version: RDBVersion?
    private(set) var checksum: RDBChecksum?
    private(set) var violation: RDBViolation?
    private var consumed = 0
    /// What was wrong already while it was fed.
    private(set) var complaint: String?
    private var database = 0
    /// What a body belongs to; nil outside of one.
    private var bodyIsEntry: Bool?

    init(_ bytes: [UInt8], _ limits: RDBLimits, block: () -> Int) {
        var reader = RDBReader(limits: limits)
        var fed = 0
        do {
            while fed < bytes.count {
                let upper = min(bytes.count, fed + block())
                // In memory of its own, so that a look past the end is one into the heap's.
                let lent = Array(bytes[fed..<upper])
                fed = upper
                try lent.withUnsafeBytes { lent in
                    reader.feed(lent)
                    while let event = try reader.next() {
                        add(event)
                        if reader.consumed > fed { complaint = "\(reader.consumed) bytes read of \(fed)" }
                    }
                }
            }
            try reader.finish()
            if !reader.hasEnded { complaint = "finished before the end" }
        } catch {
            violation = error as? RDBViolation
            checkStays(&reader)
        }
        consumed = reader.consumed
        if let violation, !(0...bytes.count).contains(violation.offset) {
            complaint = "a violation at byte \(violation.offset) of \(bytes.count)"
        }
    }

    private mutating func checkStays(_ reader: inout RDBReader) {
        // The lack of bytes is no violation of what has come.
        guard violation?.kind != .truncated else { return }
        do {
            _ = try reader.next()
            complaint = "a violation was gone at the next call"
        } catch {
            if error != violation { complaint = "a violation became another one" }
        }
    }

    private mutating func add(_ event: RDBEvent) {
        if case .body(let bytes, let isLast) = event { return add(bytes, isLast) }
        if bodyIsEntry != nil { complaint = "a record inside a body" }
        switch event {
        case .header(let version):
            self.version = version
            others.append("\(version)")
        case .aux(let field):
            others.append("aux \(Array(field.name)) \(Array(field.value))")
            otherBytes += field.record
        case .function(let section), .slotImport(let section), .moduleAux(_, let section),
            .hashTemplate(let section):
            others.append("section")
            otherBytes += section.head
            bodyIsEntry = false
        case .selectDatabase(let number):
            database = number
            others.append("database \(number)")
        case .resizeDatabase(let keys, let expires): others.append("size \(keys) \(expires)")
        case .slotInfo: others.append("slot")
        case .entry(let entry):
            entries.append(
                Entry(
                    database: database, type: entry.type, key: Array(entry.key), record: Array(entry.head),
                    headCount: entry.head.count))
            bodyIsEntry = true
        case .end(let checksum): self.checksum = checksum
        case .body: break
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, _ isLast: Bool) {
        switch bodyIsEntry {
        case true?:
            entries[entries.count - 1].record += bytes
            entries[entries.count - 1].isWhole = isLast
        case false?: otherBytes += bytes
        case nil: complaint = "a body of nothing"
        }
        if isLast { bodyIsEntry = nil }
    }

    var ending: String { violation?.description ?? "whole" }

    func differs(from other: SnapshotReading) -> String? {
        if violation != other.violation { return "\(ending) or \(other.ending)" }
        // Where a violation is found within what was lent, nothing behind it counts.
        if violation == nil, consumed != other.consumed { return "\(consumed) bytes or \(other.consumed)" }
        if checksum != other.checksum { return "the checksum" }
        if others != other.others { return "the events" }
        let isSame = entries.elementsEqual(other.entries) { left, right in
            left.database == right.database && left.type == right.type && left.key == right.key
                && left.headCount == right.headCount && left.isWhole == right.isWhole
                && (left.record == right.record || !left.isWhole)
        }
        return isSame ? nil : "the keys"
    }
}
