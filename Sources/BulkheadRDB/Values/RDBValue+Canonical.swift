extension RDBValue {
    /// Whether both hold the same for whoever reads them by commands, however they are encoded and in whatever order
    /// their elements were written.
    ///
    /// | Value | What counts |
    /// |---|---|
    /// | string | the bytes |
    /// | list | elements in their order |
    /// | set | members |
    /// | sorted set | members and scores; -0 is 0, as a listpack cannot keep its sign |
    /// | hash | fields, values, times; also of fields whose time has passed, if the server still wrote them |
    /// | stream | entries, ids, counters, groups, what is pending, consumers; not the first id of an empty stream |
    /// | vector set | dimension, quantisation, links a node, projection, elements; not the graph |
    /// | array | places and elements, and the place after which the next one is inserted |
    /// | module | type, version and bytes |
    ///
    /// The times at which consumers were seen and active do not count: a consumer that asks and gets nothing changes
    /// them, so two dumps of one idle stream differ in them, and type 15 and 19 do not tell the second. Times of
    /// delivery count, as claims go by them. Nor do the settings and counters of a stream's producers count: servers
    /// before Redis 8.6 have none.
    /// - Complexity: O(*n* log *n*); both canonical forms are in memory meanwhile.
    package func isEquivalent(to other: RDBValue) -> Bool {
        typeName == other.typeName && canonicalBytes == other.canonicalBytes
    }

    /// Equal for values that are equivalent, and for no others. For comparing, not for keeping: the form may change
    /// with a release.
    package var canonicalBytes: [UInt8] {
        var form = CanonicalBytes()
        form.string(Array(typeName.utf8))
        switch self {
        case .string(let bytes): form.string(bytes)
        case .list(let elements): form.each(elements) { $0.string($1) }
        case .set(let members): form.each(members, by: \.self) { $0.string($1) }
        case .sortedSet(let members): form.each(members, by: \.member) { $0.scored($1) }
        case .hash(let fields): form.each(fields, by: \.name) { $0.field($1) }
        case .stream(let stream): form.stream(stream)
        case .vectorSet(let set): form.vectorSet(set)
        case .array(let array): form.array(array)
        case .module(let value):
            form.number(UInt64(value.encodingVersion))
            form.string(value.bytes)
        }
        return form.bytes
    }

    /// A checksum of the canonical form: equal for equivalent values, and for others by chance once in 2⁶⁴.
    ///
    /// Against accidents; whoever wants two values to have the same one can make them.
    package var canonicalDigest: UInt64 { canonicalBytes.withUnsafeBytes { CRC64(of: $0).value } }
}

extension CanonicalBytes {
    fileprivate mutating func scored(_ member: RDBScoredMember) {
        string(member.member)
        number((member.score == 0 ? 0 : member.score).bitPattern)
    }

    mutating func field(_ field: RDBHashField) {
        string(field.name)
        string(field.value)
        optional(field.expiresAt)
    }

    fileprivate mutating func stream(_ stream: RDBStream) {
        number(stream.length)
        id(stream.lastID)
        id(stream.entries.isEmpty ? .zero : stream.firstID)
        id(stream.maxDeletedID)
        number(stream.entriesAdded)
        each(stream.entries) { $0.entry($1) }
        each(stream.groups, by: \.name) { $0.group($1) }
        producers(stream.producers)
    }

    /// Writes nothing if there are none.
    mutating func producers(_ producers: [RDBStream.Producer]) {
        guard !producers.isEmpty else { return }
        each(producers, by: \.name) {
            $0.string($1.name)
            $0.each($1.added, by: \.name) {
                $0.string($1.name)
                $0.id($1.id)
            }
        }
    }

    fileprivate mutating func array(_ array: RDBArray) {
        optional(array.insertedAt.map { Int64(bitPattern: $0) })
        each(array.elements) {
            $0.number($1.place)
            $0.string($1.bytes)
        }
    }

    mutating func entry(_ entry: RDBStream.Entry) {
        id(entry.id)
        each(entry.fields) {
            $0.string($1.name)
            $0.string($1.value)
        }
    }

    mutating func group(_ group: RDBStream.Group) {
        string(group.name)
        id(group.lastID)
        optional(group.entriesRead)
        each(group.pending.sorted { $0.id < $1.id }) {
            $0.id($1.id)
            $0.number($1.deliveredAt)
            $0.number($1.deliveries)
        }
        each(group.consumers, by: \.name) {
            $0.string($1.name)
            $0.each($1.pending.sorted()) { $0.id($1) }
        }
        // Writes nothing if there are none, as before Redis 8.8.
        if !group.givenBack.isEmpty { each(group.givenBack.sorted()) { $0.id($1) } }
    }

    fileprivate mutating func vectorSet(_ set: RDBVectorSet) {
        vectorSettings(set)
        each(set.elements, by: \.name) { $0.element($1) }
    }

    /// All but the elements.
    mutating func vectorSettings(_ set: RDBVectorSet) {
        number(UInt64(set.dimension))
        number(UInt64(set.quantisation.rawValue))
        number(UInt64(set.links))
        optional(set.projection.map { Int64($0.inputDimension) })
        string(set.projection?.matrix ?? [])
    }

    mutating func element(_ element: RDBVectorSet.Element) {
        string(element.name)
        string(element.vector)
        number(UInt64(element.norm.bitPattern))
        number(UInt64(element.range.bitPattern))
        string(element.attributes)
    }
}
