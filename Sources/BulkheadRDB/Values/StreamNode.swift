/// Some entries of a stream, in a listpack behind the id that their ids are relative to.
///
/// ```
/// master:  entries, deleted, fields F, F names, 0
/// entry:   flags, milliseconds, sequence, then
///          flag 2 set:    F values                        the names are the master's
///          flag 2 unset:  fields G, G × (name, value)
///          and the elements of the entry before this one
/// ```
///
/// An id is the node's plus two signed differences. Flag 1: the entry was deleted.
/// Source: `streamAppendItem` and `streamValidateListpackIntegrity` in `src/t_stream.c` of Redis.
struct StreamNode {
    private static let deleted: Int64 = 1
    private static let sameFields: Int64 = 2

    /// Appends the entries that are not deleted to `entries`. `lastID` is the last one before, deleted ones included,
    /// and becomes the node's last: ids ascend.
    static func decode(
        _ packed: ByteReader, master: RDBStream.ID, after lastID: inout RDBStream.ID?,
        into entries: inout [RDBStream.Entry], _ value: inout ValueReader
    ) throws(RDBViolation) {
        var items = try Listpack(packed)
        let (alive, deletedCount, names) = try head(&items, &value)
        let (count, overflow) = alive.addingReportingOverflow(deletedCount)
        guard !overflow else { throw packed.malformed("the counts of a stream's node are out of range") }
        var aliveFound = 0
        for _ in 0..<count {
            let offset = items.offset
            let flags = try items.integer("entry's flags")
            let id = RDBStream.ID(
                master.milliseconds &+ UInt64(bitPattern: try items.integer("entry's milliseconds")),
                master.sequence &+ UInt64(bitPattern: try items.integer("entry's sequence")))
            if let last = lastID, id <= last {
                throw RDBViolation(.malformed, at: offset, "the ids of a stream do not ascend")
            }
            lastID = id
            let fields = try fields(of: flags, names, &items, &value)
            if flags & deleted == 0 {
                try value.spend(0, at: offset)
                entries.append(RDBStream.Entry(id: id, fields: fields))
                aliveFound += 1
            }
        }
        let offset = items.offset
        guard try items.next() == nil else {
            throw RDBViolation(.malformed, at: offset, "a stream's node has more than its \(count) entries")
        }
        guard aliveFound == alive else {
            throw RDBViolation(.malformed, at: offset, "a stream's node has \(aliveFound) entries, not \(alive)")
        }
    }

    private static func head(
        _ items: inout Listpack, _ value: inout ValueReader
    ) throws(RDBViolation) -> (alive: Int, deleted: Int, names: [[UInt8]]) {
        let alive = try items.count("count of entries")
        let deleted = try items.count("count of deleted entries")
        var names: [[UInt8]] = []
        for _ in 0..<(try items.count("count of fields")) {
            names.append(try value.keep(try items.item("field")))
        }
        let offset = items.offset
        guard try items.integer("end of the fields") == 0 else {
            throw RDBViolation(.malformed, at: offset, "the fields of a stream's node do not end where they should")
        }
        return (alive, deleted, names)
    }

    /// The fields of one entry, and the check of how many elements it says it has.
    private static func fields(
        of flags: Int64, _ names: [[UInt8]], _ items: inout Listpack, _ value: inout ValueReader
    ) throws(RDBViolation) -> [RDBStream.Field] {
        var fields: [RDBStream.Field] = []
        var elements = 3
        if flags & sameFields != 0 {
            // They share the master's names, and cost them all the same: whoever writes the entries out does not.
            for name in names {
                try value.spend(name.count, at: items.offset)
                fields.append(RDBStream.Field(name: name, value: try value.keep(try items.item("value"))))
            }
            elements += names.count
        } else {
            for _ in 0..<(try items.count("count of an entry's fields")) {
                let name = try value.keep(try items.item("field"))
                fields.append(RDBStream.Field(name: name, value: try value.keep(try items.item("value"))))
            }
            elements += 1 + 2 * fields.count
        }
        let offset = items.offset
        guard try items.integer("count of an entry's elements") == elements else {
            throw RDBViolation(
                .malformed, at: offset, "an entry of a stream has \(elements) elements, but declares another number")
        }
        return fields
    }
}
