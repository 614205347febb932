/// ```
/// stream:   length, then as many nodes: a string of 16 bytes (the id, big-endian), a string with a StreamNode
///           entries, last id,  2+ first id, largest deleted id, entries ever added
///           length, then as many groups
/// group:    name, last id,  2+ entries read
///           length, then as many pending: id of 16 bytes, time of 8, deliveries
///           length, then as many consumers
///           5: length, then as many ids of 16 bytes: of the pending ones, those of no consumer
/// consumer: name, seen time of 8 bytes,  3+ active time of 8
///           length, then as many ids of 16 bytes, each of one pending of the group
/// 4+ behind the groups: seconds and entries that are remembered
///           length, then as many producers: name; length, then as many times a name and an id
///           names ever added, names that came again
/// ```
///
/// Ids outside of 16 bytes are two lengths. Forms 1 to 5 are types 15, 19, 21, 26 and 27. Times are little-endian.
/// Source: `rdbLoadObject` in `src/rdb.c` of Redis 7.2; forms 4 and 5 are of Redis 8.6 and 8.8, read from no
/// server here.
extension RDBStream {
    static func decode(_ value: inout ValueReader, form: Int) throws(RDBViolation) -> RDBStream {
        var stream = RDBStream(
            entries: [], length: 0, lastID: .zero, firstID: .zero, maxDeletedID: .zero, entriesAdded: 0, groups: [])
        var last: ID?
        for _ in 0..<(try value.count(of: "nodes of a stream", bytesEach: 18)) {
            let unread = value.bytes
            let key = try value.string()
            guard key.count == 16 else { throw unread.malformed("the id of a stream's node has \(key.count) bytes") }
            var bytes = ByteReader(key[...])
            let master = try rawID(&bytes)
            try StreamNode.decode(
                try value.packed(), master: master, after: &last, into: &stream.entries, &value)
        }
        stream.length = try value.number()
        stream.lastID = try id(&value)
        if form >= 2 {
            stream.firstID = try id(&value)
            stream.maxDeletedID = try id(&value)
            stream.entriesAdded = try value.number()
        } else {
            // What a server that knows these makes of a stream that does not tell them.
            stream.firstID = stream.entries.first?.id ?? .zero
            stream.entriesAdded = stream.length
        }
        for _ in 0..<(try value.count(of: "groups", bytesEach: 5)) {
            stream.groups.append(try group(&value, form, of: stream))
        }
        try value.bytes.requireDistinct(stream.groups.lazy.map(\.name), "a group stands twice in a stream")
        if form >= 4 { stream.producers = try producers(&value) }
        return stream
    }

    private static func group(
        _ value: inout ValueReader, _ form: Int, of stream: RDBStream
    ) throws(RDBViolation) -> Group {
        var group = Group(
            name: try value.string(), lastID: try id(&value), entriesRead: nil, pending: [], consumers: [])
        if form >= 2 {
            let unread = value.bytes
            let read = Int64(bitPattern: try value.number())
            guard read >= -1 else { throw unread.malformed("a group has read \(read) entries") }
            group.entriesRead = read == -1 ? nil : read
        } else {
            group.entriesRead = stream.estimatedEntriesRead(upTo: group.lastID)
        }
        var unowned: Set<ID> = []
        for _ in 0..<(try value.count(of: "pending entries", bytesEach: 25)) {
            let unread = value.bytes
            let pending = Pending(
                id: try rawID(&value.bytes), deliveredAt: try value.bytes.littleEndian(Int64.self),
                deliveries: try value.number())
            guard unowned.insert(pending.id).inserted else {
                throw unread.malformed("an entry is pending twice in a group")
            }
            group.pending.append(pending)
        }
        for _ in 0..<(try value.count(of: "consumers", bytesEach: 10)) {
            group.consumers.append(try consumer(&value, form, &unowned))
        }
        if form >= 5 {
            group.givenBack = try pending(
                &value, "ids given back", of: &unowned,
                else: "an entry was given back, and is not pending or belongs to a consumer")
        }
        guard unowned.isEmpty else {
            throw value.bytes.malformed("\(unowned.count) entries are pending for no consumer")
        }
        try value.bytes.requireDistinct(group.consumers.lazy.map(\.name), "a consumer stands twice in a group")
        return group
    }

    private static func consumer(
        _ value: inout ValueReader, _ form: Int, _ unowned: inout Set<ID>
    ) throws(RDBViolation) -> Consumer {
        let name = try value.string()
        let seenAt = try value.bytes.littleEndian(Int64.self)
        let activeAt = form >= 3 ? try value.bytes.littleEndian(Int64.self) : seenAt
        let pending = try pending(
            &value, "pending entries", of: &unowned,
            else: "an entry is pending for a consumer, and not in its group or for another one")
        return Consumer(name: name, seenAt: seenAt, activeAt: activeAt, pending: pending)
    }

    /// Ids of entries that are pending in the group, and are nobody else's.
    private static func pending(
        _ value: inout ValueReader, _ what: StaticString, of unowned: inout Set<ID>, else problem: String
    ) throws(RDBViolation) -> [ID] {
        var ids: [ID] = []
        for _ in 0..<(try value.count(of: what, bytesEach: 16)) {
            let unread = value.bytes
            let id = try rawID(&value.bytes)
            guard unowned.remove(id) != nil else { throw unread.malformed(problem) }
            ids.append(id)
        }
        return ids
    }

    private static func producers(_ value: inout ValueReader) throws(RDBViolation) -> [Producer] {
        // How long and how many names are remembered.
        _ = (try value.number(), try value.number())
        var producers: [Producer] = []
        for _ in 0..<(try value.count(of: "producers", bytesEach: 2)) {
            var producer = Producer(name: try value.string(), added: [])
            for _ in 0..<(try value.count(of: "names of entries", bytesEach: 3)) {
                producer.added.append(Producer.Added(name: try value.string(), id: try id(&value)))
            }
            try value.bytes.requireDistinct(producer.added.lazy.map(\.name), "a name stands twice in a producer")
            producers.append(producer)
        }
        try value.bytes.requireDistinct(producers.lazy.map(\.name), "a producer stands twice in a stream")
        // Names ever added, and those that came again.
        _ = (try value.number(), try value.number())
        return producers
    }

    private static func id(_ value: inout ValueReader) throws(RDBViolation) -> ID {
        ID(try value.number(), try value.number())
    }

    private static func rawID(_ bytes: inout ByteReader) throws(RDBViolation) -> ID {
        ID(try bytes.bigEndian(UInt64.self), try bytes.bigEndian(UInt64.self))
    }

    /// What a server of Redis 7.0 and newer takes for a group of type 15, which does not tell it.
    ///
    /// Source: `streamEstimateDistanceFromFirstEverEntry` in `src/t_stream.c`, for a stream without tombstones.
    private func estimatedEntriesRead(upTo id: ID) -> Int64? {
        let added = Int64(clamping: entriesAdded)
        if added == 0 || id == lastID { return added }
        if id > lastID || id > firstID { return nil }
        return id == firstID ? 1 : 0
    }
}
