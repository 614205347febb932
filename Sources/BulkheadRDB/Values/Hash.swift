/// Fields, values, and where fields have them, times.
///
/// ```
/// type 4:  length, then as many times a string and a string
/// type 22: of Valkey: length, then as many times a string, a string, and 8 bytes: the time, or -1
/// type 22: of Redis: length, then as many times the time as a length, or 0; a string, a string
/// type 24: 8 bytes with the earliest time E; then as 22, but T stands for the time E + T - 1
/// type 9:  a string with a zipmap
/// 13, 16:  a string with a ziplist or listpack: field, value, field, value …
/// type 23: a string with a listpack: field, value, time or 0, field …
/// type 25: 8 bytes with the earliest time, then as 23; the times are absolute all the same
/// ```
///
/// All times are milliseconds since 1970. No server holds a field twice: it is a violation.
/// Source: `rdbLoadObject` in `src/rdb.c` of Redis 7.4 and of Valkey 9.0.
enum Hash {
    enum Times {
        /// There are none.
        case none
        /// Before the field, or behind the value where packed; 0 for none.
        case absolute
        /// The same behind an earliest time, which counts only where they are not packed.
        case relative
        /// Behind the value, in 8 bytes; -1 for none.
        case behind
    }

    /// The latest time that Redis takes (`EB_EXPIRE_TIME_MAX`).
    private static let latest: UInt64 = 0xffff_ffff_fffe

    static func decode(_ value: inout ValueReader, times: Times) throws(RDBViolation) -> [RDBHashField] {
        var fields: [RDBHashField] = []
        try each(&value, times: times) { fields.append($0) }
        try value.bytes.requireDistinct(fields.lazy.map(\.name), "a field stands twice in a hash")
        return fields
    }

    static func decode<Items: PackedItems>(
        _ value: inout ValueReader, packed items: Items.Type, times: Times
    ) throws(RDBViolation) -> [RDBHashField] {
        var fields: [RDBHashField] = []
        try each(&value, packed: items, times: times) { fields.append($0) }
        try value.bytes.requireDistinct(fields.lazy.map(\.name), "a field stands twice in a hash")
        return fields
    }

    /// Hands out the fields one by one, and does not look for one that stands twice.
    static func each(
        _ value: inout ValueReader, times: Times, _ take: (RDBHashField) -> Void
    ) throws(RDBViolation) {
        let earliest = times == .relative ? try earliest(&value) : 0
        let count = try value.count(of: "fields", bytesEach: times == .none ? 2 : times == .behind ? 10 : 3)
        for _ in 0..<count {
            var expiresAt: Int64?
            if times == .absolute || times == .relative {
                let offset = value.bytes.offset
                expiresAt = try time(try value.number(), after: earliest, at: offset)
            }
            let name = try value.string()
            let content = try value.string()
            if times == .behind {
                let unread = value.bytes
                let time = try value.bytes.littleEndian(Int64.self)
                guard time >= -1 else { throw unread.malformed("a field of a hash ends before 1970") }
                expiresAt = time == -1 ? nil : time
            }
            take(RDBHashField(name: name, value: content, expiresAt: expiresAt))
        }
    }

    static func each<Items: PackedItems>(
        _ value: inout ValueReader, packed _: Items.Type, times: Times, _ take: (RDBHashField) -> Void
    ) throws(RDBViolation) {
        if times == .relative { _ = try earliest(&value) }
        var items = try Items(try value.packed())
        while let name = try items.next() {
            let content = try items.item("value")
            var field = RDBHashField(name: try value.keep(name), value: try value.keep(content))
            if times != .none {
                let offset = items.offset
                let time = try items.integer("time of a field")
                guard time >= 0 else { throw RDBViolation(.malformed, at: offset, "a field ends before 1970") }
                field.expiresAt = try Self.time(UInt64(time), after: 0, at: offset)
            }
            take(field)
        }
    }

    static func decodeZipmap(_ value: inout ValueReader) throws(RDBViolation) -> [RDBHashField] {
        var items = try Zipmap(try value.packed())
        var fields: [RDBHashField] = []
        while let (name, content) = try items.next() {
            fields.append(RDBHashField(name: try value.keep(name), value: try value.keep(content)))
        }
        try value.bytes.requireDistinct(fields.lazy.map(\.name), "a field stands twice in a hash")
        return fields
    }

    /// 0 where no field has a time, and then nothing is relative to it.
    private static func earliest(_ value: inout ValueReader) throws(RDBViolation) -> UInt64 {
        let unread = value.bytes
        let earliest = try value.bytes.littleEndian(UInt64.self)
        guard earliest <= latest + 1 else { throw unread.malformed("the earliest time of a hash is out of range") }
        return earliest
    }

    /// `nil` for 0; what is written is one more than the distance from an earliest time, if there is one.
    private static func time(
        _ written: UInt64, after earliest: UInt64, at offset: Int
    ) throws(RDBViolation) -> Int64? {
        guard written > 0 else { return nil }
        let (time, overflow) = written.addingReportingOverflow(earliest > 0 ? earliest - 1 : 0)
        guard !overflow, time <= latest else {
            throw RDBViolation(.malformed, at: offset, "the time of a field is out of range")
        }
        return Int64(time)
    }
}
