// The records between the values: read whole or not at all. When the end of one has not arrived, nothing changes.

extension RDBReader {
    /// What one record came to.
    enum Record {
        case event(RDBEvent)
        /// A body follows, by the program from this step on.
        case opening(RDBEvent, step: Int)
        /// The end, and the checksum that it states.
        case end(UInt64)
    }

    /// What may stand before a key, in any order, each once.
    private struct Attributes {
        var expiry: Int64?
        var idle: Int?
        var frequency: UInt8?
        var hasMetadata = false
        var isNone: Bool { expiry == nil && idle == nil && frequency == nil && !hasMetadata }
    }

    mutating func readRecord(_ cursor: inout RDBCursor, of version: RDBVersion) throws(RDBViolation) -> Record? {
        let start = cursor.place
        var attributes = Attributes()
        while true {
            let offset = cursor.offset
            guard let code = cursor.byte() else { return nil }
            if let (step, kind) = program.types[Int(code)] {
                guard let entry = try readKey(&cursor, code, kind, attributes, start) else { return nil }
                return .opening(.entry(entry), step: step)
            }
            switch code {
            case RDBOpcode.expiryMilliseconds where attributes.expiry == nil:
                guard let time = cursor.integer(Int64.self) else { return nil }
                attributes.expiry = time
            case RDBOpcode.expirySeconds where attributes.expiry == nil:
                guard let time = cursor.integer(Int32.self) else { return nil }
                attributes.expiry = Int64(time) * 1_000
            case RDBOpcode.idle where attributes.idle == nil:
                guard let seconds = try cursor.count(upTo: Int.max, "an idle time") else { return nil }
                attributes.idle = seconds
            case RDBOpcode.frequency where attributes.frequency == nil:
                guard let frequency = cursor.byte() else { return nil }
                attributes.frequency = frequency
            case RDBOpcode.keyMetadata where version.flavour == .redis && !attributes.hasMetadata:
                guard try passMetadata(&cursor) else { return nil }
                attributes.hasMetadata = true
            default:
                if let name = refusedRecord(code, of: version.flavour) {
                    let word = code < RDBOpcode.lowest ? "type" : "opcode"
                    throw RDBViolation(.unknownType, at: offset, "cannot read \(name) (\(word) \(code))")
                }
                guard code >= RDBOpcode.lowest else {
                    throw RDBViolation(.unknownType, at: offset, "a value of the unknown type \(code)")
                }
                guard attributes.isNone else {
                    throw RDBViolation(.malformed, at: offset, "expected a key behind its expiry or its use")
                }
                if code == RDBOpcode.hashTemplate, version.flavour == .redis { return try readTemplate(&cursor, start) }
                if code == RDBOpcode.end, version.number < RDBVersion.firstWithChecksum { return .end(0) }
                return try readOther(&cursor, code, start, offset)
            }
        }
    }

    /// What modules have attached to a key: for each class of it 4 bytes and the items of a module value. False if its
    /// rest has not arrived.
    private func passMetadata(_ cursor: inout RDBCursor) throws(RDBViolation) -> Bool {
        guard let classes = try cursor.count(upTo: Self.mostMetadata, "a number of classes of metadata") else {
            return false
        }
        var items = 0
        for _ in 0..<classes {
            guard cursor.bytes(4) != nil else { return false }
            while true {
                let offset = cursor.offset
                guard let opcode = try cursor.length() else { return false }
                if opcode == 0 { break }
                items += 1
                guard items <= Self.mostMetadata else {
                    throw RDBViolation(
                        .tooLong, at: offset, "metadata of a key of more than \(Self.mostMetadata) items")
                }
                switch opcode {
                case 1, 2: guard try cursor.length() != nil else { return false }
                case 3: guard cursor.bytes(4) != nil else { return false }
                case 4: guard cursor.bytes(8) != nil else { return false }
                case 5:
                    guard let head = try cursor.stringHead(limit: limits.keyBytes), cursor.bytes(head.count) != nil
                    else { return false }
                default:
                    throw RDBViolation(.malformed, at: offset, "expected an opcode of a module, found \(opcode)")
                }
            }
        }
        return true
    }

    /// Classes of metadata, and items in all of them: a server has 8 classes, and each a few items.
    private static let mostMetadata = 512

    private mutating func readTemplate(
        _ cursor: inout RDBCursor, _ start: UnsafeRawPointer
    ) throws(RDBViolation) -> Record? {
        let offset = cursor.offset
        guard let number = try cursor.length(),
            let fields = try cursor.count(upTo: limits.elements, "a number of fields")
        else { return nil }
        guard templates[number] == nil, fields > 0 else {
            throw RDBViolation(.malformed, at: offset, "a hash template that has no fields or a number already taken")
        }
        guard templates.count < Self.mostTemplates else {
            throw RDBViolation(.tooLong, at: offset, "more than \(Self.mostTemplates) hash templates")
        }
        templates[number] = fields
        body.counted = UInt64(fields)
        let head = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
        return .opening(.hashTemplate(RDBSection(head: head)), step: program.hashTemplateStart)
    }

    /// Hash templates of one file: their count is remembered, some MiB at most.
    private static let mostTemplates = 1 << 17

    private mutating func readKey(
        _ cursor: inout RDBCursor, _ code: UInt8, _ kind: RDBKind, _ attributes: Attributes, _ start: UnsafeRawPointer
    ) throws(RDBViolation) -> RDBEntry? {
        texts.removeAll()
        guard let key = try readText(&cursor) else { return nil }
        let head = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
        var module: RDBModuleID?
        if kind == .module {
            // Looked into only: the number belongs to the value.
            var ahead = cursor
            guard let number = try ahead.length() else {
                cursor.missing = ahead.missing
                return nil
            }
            module = RDBModuleID(number)
        }
        return RDBEntry(
            type: RDBType(rawValue: code), kind: kind, module: module, key: bytes(of: key), expiry: attributes.expiry,
            idle: attributes.idle, frequency: attributes.frequency, hasMetadata: attributes.hasMetadata, head: head)
    }

    private mutating func readOther(
        _ cursor: inout RDBCursor, _ code: UInt8, _ start: UnsafeRawPointer, _ offset: Int
    ) throws(RDBViolation) -> Record? {
        switch code {
        case RDBOpcode.aux:
            return try readAux(&cursor, start)
        case RDBOpcode.selectDatabase:
            guard let number = try cursor.count(upTo: limits.database, "the number of a database") else { return nil }
            return .event(.selectDatabase(number))
        case RDBOpcode.resizeDatabase:
            guard let keys = try cursor.count(upTo: Int.max, "a number of keys"),
                let expires = try cursor.count(upTo: Int.max, "a number of keys")
            else { return nil }
            return .event(.resizeDatabase(keys: keys, expires: expires))
        case RDBOpcode.function:
            let head = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
            return .opening(.function(RDBSection(head: head)), step: program.functionStart)
        case RDBOpcode.moduleAux:
            return try readModuleAux(&cursor, start)
        case RDBOpcode.slotInfo:
            for _ in 0..<3 { guard try cursor.length() != nil else { return nil } }
            return .event(.slotInfo)
        case RDBOpcode.slotImport:
            let head = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
            return .opening(.slotImport(RDBSection(head: head)), step: program.slotImportStart)
        case RDBOpcode.end:
            guard let stated = cursor.integer(UInt64.self) else { return nil }
            return .end(stated)
        default:
            throw RDBViolation(.unknownType, at: offset, "a record with the unknown opcode \(code)")
        }
    }

    private mutating func readAux(
        _ cursor: inout RDBCursor, _ start: UnsafeRawPointer
    ) throws(RDBViolation) -> Record? {
        texts.removeAll()
        guard let name = try readText(&cursor), let value = try readText(&cursor) else { return nil }
        let record = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
        return .event(.aux(RDBAux(name: bytes(of: name), value: bytes(of: value), record: record)))
    }

    private mutating func readModuleAux(
        _ cursor: inout RDBCursor, _ start: UnsafeRawPointer
    ) throws(RDBViolation) -> Record? {
        guard let number = try cursor.length() else { return nil }
        let offset = cursor.offset
        guard let opcode = try cursor.length(), try cursor.length() != nil else { return nil }
        guard opcode == 2 else {
            throw RDBViolation(.malformed, at: offset, "expected the moment at which module data is loaded")
        }
        let head = UnsafeRawBufferPointer(start: start, count: cursor.place - start)
        return .opening(.moduleAux(RDBModuleID(number), RDBSection(head: head)), step: program.moduleAuxStart)
    }
}
