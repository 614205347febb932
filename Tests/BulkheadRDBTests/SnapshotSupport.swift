import BulkheadRDB

// Snapshots made by hand, and what a reader makes of them.

/// The bytes of a snapshot: its beginning, these records, the end and a checksum.
func snapshot(
    _ magic: String = "REDIS0011", _ records: [UInt8]..., checksum: RDBChecksum = .right
) -> [UInt8] {
    let bytes = Array(magic.utf8) + records.joined() + [0xff]
    let sum = bytes.withUnsafeBytes { CRC64(of: $0).value }
    let stated =
        switch checksum {
        case .right: sum
        case .absent: UInt64(0)
        case .wrong: sum ^ 1
        }
    return bytes + littleEndian(stated)
}

func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

func joined(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }

/// A short string in the encoding of snapshots.
func short(_ text: String) -> [UInt8] {
    precondition(text.utf8.count < 64)
    return [UInt8(text.utf8.count)] + Array(text.utf8)
}

/// A length of any size, in five bytes.
func length(_ count: Int) -> [UInt8] {
    [0x80] + withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
}

/// The record of a key that holds a short string.
func string(_ key: String, _ value: String = "v") -> [UInt8] { [0] + short(key) + short(value) }

func select(_ database: UInt8) -> [UInt8] { [0xfe, database] }

func aux(_ name: String, _ value: String) -> [UInt8] { [0xfa] + short(name) + short(value) }

/// The number of a module's type with these nine letters, and a version.
func moduleID(_ name: String, version: UInt64 = 1) -> RDBModuleID {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    return RDBModuleID(name.utf8.reduce(0) { $0 << 6 | UInt64(letters.firstIndex(of: $1)!) } << 10 | version)
}

/// That number as it stands in a file.
func encoded(_ id: RDBModuleID) -> [UInt8] {
    [0x81] + withUnsafeBytes(of: id.number.bigEndian) { Array($0) }
}

/// What came of a snapshot, without how its bodies were cut.
struct Reading: Equatable {
    enum Event: Equatable {
        case header(RDBVersion)
        case aux(name: String, value: String, record: [UInt8])
        case function(head: [UInt8], body: [UInt8])
        case moduleAux(RDBModuleID, head: [UInt8], body: [UInt8])
        case selectDatabase(Int)
        case resizeDatabase(keys: Int, expires: Int)
        case slotInfo
        case slotImport(head: [UInt8], body: [UInt8])
        case hashTemplate(head: [UInt8], body: [UInt8])
        case entry(Entry)
        case end(RDBChecksum)
    }

    struct Entry: Equatable {
        var type: RDBType
        var kind: RDBKind
        var module: RDBModuleID?
        var key: [UInt8]
        var expiry: Int64?
        var idle: Int?
        var frequency: UInt8?
        var hasMetadata: Bool
        var head: [UInt8]
        var body: [UInt8] = []

        init(_ entry: RDBEntry) {
            type = entry.type
            kind = entry.kind
            module = entry.module
            key = Array(entry.key)
            expiry = entry.expiry
            idle = entry.idle
            frequency = entry.frequency
            hasMetadata = entry.hasMetadata
            head = Array(entry.head)
        }
    }

    var events: [Event] = []
    var violation: RDBViolation?
    var consumed = 0
    /// Bytes that were behind the end.
    var rest = 0
    var hasEnded = false
    private var isOpen = false

    var version: RDBVersion? {
        if case .header(let version) = events.first { version } else { nil }
    }

    var entries: [Entry] {
        events.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
    }

    /// Reads `bytes` in blocks whose sizes `block` answers, and says that no more will come.
    ///
    /// Every block is a copy that is scribbled over once it was taken, so that who looks at it later is found out.
    init(
        _ bytes: [UInt8], limits: RDBLimits = RDBLimits(), summary: UnsafeMutablePointer<RDBSummary>? = nil,
        block: () -> Int
    ) {
        var reader = RDBReader(limits: limits)
        var fed = 0
        while fed < bytes.count && violation == nil {
            let upper = min(bytes.count, fed + max(1, block()))
            let lent = UnsafeMutableRawBufferPointer.allocate(byteCount: upper - fed, alignment: 1)
            defer { lent.deallocate() }
            lent.copyBytes(from: bytes[fed..<upper])
            fed = upper
            reader.feed(UnsafeRawBufferPointer(lent))
            do {
                while let event = try reader.next() {
                    summary?.pointee.add(event)
                    record(event)
                }
                rest += reader.rest.count
            } catch {
                violation = error
            }
            lent.initializeMemory(as: UInt8.self, repeating: 0xaa)
        }
        consumed = reader.consumed
        hasEnded = reader.hasEnded
        do {
            try reader.finish()
        } catch {
            violation = error
        }
    }

    init(_ bytes: [UInt8], limits: RDBLimits = RDBLimits()) {
        self.init(bytes, limits: limits) { bytes.count }
    }

    private mutating func record(_ event: RDBEvent) {
        let closed = !isOpen
        switch event {
        case .header(let version): events.append(.header(version))
        case .aux(let field):
            let name = String(decoding: field.name, as: UTF8.self)
            let value = String(decoding: field.value, as: UTF8.self)
            events.append(.aux(name: name, value: value, record: Array(field.record)))
        case .function(let section): open(.function(head: Array(section.head), body: []))
        case .moduleAux(let id, let section): open(.moduleAux(id, head: Array(section.head), body: []))
        case .slotImport(let section): open(.slotImport(head: Array(section.head), body: []))
        case .hashTemplate(let section): open(.hashTemplate(head: Array(section.head), body: []))
        case .selectDatabase(let number): events.append(.selectDatabase(number))
        case .resizeDatabase(let keys, let expires): events.append(.resizeDatabase(keys: keys, expires: expires))
        case .slotInfo: events.append(.slotInfo)
        case .entry(let entry): open(.entry(Entry(entry)))
        case .body(let bytes, let isLast):
            precondition(isOpen, "a body of nothing")
            append(Array(bytes))
            isOpen = !isLast
            return
        case .end(let checksum): events.append(.end(checksum))
        }
        precondition(closed, "a record inside another one")
    }

    private mutating func open(_ event: Event) {
        events.append(event)
        isOpen = true
    }

    private mutating func append(_ bytes: [UInt8]) {
        switch events.removeLast() {
        case .function(let head, let body): events.append(.function(head: head, body: body + bytes))
        case .moduleAux(let id, let head, let body): events.append(.moduleAux(id, head: head, body: body + bytes))
        case .slotImport(let head, let body): events.append(.slotImport(head: head, body: body + bytes))
        case .hashTemplate(let head, let body): events.append(.hashTemplate(head: head, body: body + bytes))
        case .entry(var entry):
            entry.body += bytes
            events.append(.entry(entry))
        case let other: events.append(other)
        }
    }
}
