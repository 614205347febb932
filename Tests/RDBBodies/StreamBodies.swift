import BulkheadRDB

extension BodyWriter {
    /// A stream; its nodes take one entry or a hundred, and a deleted one may stand behind the last.
    mutating func stream(_ stream: RDBStream, form: Int) {
        var nodes: [(RDBStream.ID, [UInt8])] = []
        var rest = stream.entries[...]
        while let first = rest.first {
            let entries = Array(rest.prefix(choose(4) == 3 ? 1 : 100))
            rest = rest.dropFirst(entries.count)
            nodes.append((first.id, node(entries, isLast: rest.isEmpty)))
        }
        length(UInt64(nodes.count))
        for (id, listpack) in nodes {
            var key = BodyWriter()
            key.rawID(id)
            length(16)
            bytes += key.bytes
            string(listpack)
        }
        length(stream.length)
        id(stream.lastID)
        if form >= 2 {
            id(stream.firstID)
            id(stream.maxDeletedID)
            length(stream.entriesAdded)
        }
        length(UInt64(stream.groups.count))
        for group in stream.groups { self.group(group, form) }
        if form >= 4 { producers(stream.producers) }
    }

    /// The listpack of entries that share the first one's id and fields as master.
    private mutating func node(_ entries: [RDBStream.Entry], isLast: Bool) -> [UInt8] {
        let master = entries[0]
        let names = master.fields.map(\.name)
        var items: [[UInt8]] = []
        func add(_ integer: Int64) { items.append(Array(String(integer).utf8)) }
        // A deleted one can stand behind the very last, if there is an id for it.
        let last = entries[entries.count - 1].id
        let hasDeleted = choose(3) == 2 && isLast && last.sequence < .max
        add(Int64(entries.count))
        add(hasDeleted ? 1 : 0)
        add(Int64(names.count))
        items += names
        add(0)
        let ghost = RDBStream.Entry(id: RDBStream.ID(last.milliseconds, last.sequence &+ 1), fields: master.fields)
        for (place, entry) in (entries + (hasDeleted ? [ghost] : [])).enumerated() {
            let isSame = entry.fields.map(\.name) == names && choose(4) != 3
            add((isSame ? 2 : 0) | (place == entries.count ? 1 : 0))
            add(Int64(bitPattern: entry.id.milliseconds &- master.id.milliseconds))
            add(Int64(bitPattern: entry.id.sequence &- master.id.sequence))
            if isSame {
                items += entry.fields.map(\.value)
                add(Int64(3 + names.count))
            } else {
                add(Int64(entry.fields.count))
                for field in entry.fields { items += [field.name, field.value] }
                add(Int64(4 + 2 * entry.fields.count))
            }
        }
        // The counts and ids must be integers, so no number is written as text here.
        var writer = BodyWriter { [choose] count in count == 8 ? 0 : choose(count) }
        return writer.listpack(items)
    }

    private mutating func group(_ group: RDBStream.Group, _ form: Int) {
        string(group.name)
        id(group.lastID)
        if form >= 2 { length(UInt64(bitPattern: group.entriesRead ?? -1)) }
        length(UInt64(group.pending.count))
        for pending in group.pending {
            rawID(pending.id)
            little(pending.deliveredAt)
            length(pending.deliveries)
        }
        length(UInt64(group.consumers.count))
        for consumer in group.consumers {
            string(consumer.name)
            little(consumer.seenAt)
            if form >= 3 { little(consumer.activeAt) }
            length(UInt64(consumer.pending.count))
            for id in consumer.pending { rawID(id) }
        }
        guard form >= 5 else { return }
        length(UInt64(group.givenBack.count))
        for id in group.givenBack { rawID(id) }
    }

    /// What producers have added, with settings and counters that are no part of a value.
    private mutating func producers(_ producers: [RDBStream.Producer]) {
        length(100)
        length(UInt64(choose(9)) + 100)
        length(UInt64(producers.count))
        for producer in producers {
            string(producer.name)
            length(UInt64(producer.added.count))
            for added in producer.added {
                string(added.name)
                id(added.id)
            }
        }
        length(UInt64(choose(9)))
        length(UInt64(choose(9)))
    }
}
