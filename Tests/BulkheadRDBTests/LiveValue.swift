import Bulkhead
import BulkheadRDB

/// What a server says a key holds, by the commands of its type; nothing of DUMP is used.
extension LiveServer {
    func told(_ key: String) throws -> RDBValue {
        switch try call("TYPE", key).text {
        case "string": .string(try call("GET", key).string)
        case "list": .list(try call("LRANGE", key, 0, -1).items.map { try $0.string })
        case "set": .set(try call("SMEMBERS", key).items.map { try $0.string })
        case "zset": .sortedSet(try toldScores(key))
        case "hash": .hash(try toldFields(key))
        case "stream": .stream(try toldStream(key))
        case "vectorset": .vectorSet(try toldVectors(key))
        case let type: throw NotExpected(value: type)
        }
    }

    private func toldScores(_ key: String) throws -> [RDBScoredMember] {
        // RESP3 nests the pairs.
        let flat = try call("ZRANGE", key, 0, -1, "WITHSCORES").items.flatMap { $0.elements ?? [$0] }
        return try stride(from: 0, to: flat.count, by: 2).map { place in
            RDBScoredMember(member: try flat[place].string, score: try Self.double(flat[place + 1]))
        }
    }

    private static func double(_ value: RESPValue) throws -> Double {
        if case .double(let number) = value { return number }
        guard let number = Double(try value.text) else { throw NotExpected(value: "\(value)") }
        return number
    }

    private func toldFields(_ key: String) throws -> [RDBHashField] {
        let flat = try call("HGETALL", key).items
        return try stride(from: 0, to: flat.count, by: 2).map { place in
            let name = try flat[place].string
            var time: Int64?
            if hasFieldTimes {
                let times = try call("HPEXPIRETIME", key, "FIELDS", 1, name).items
                time = try times[0].number
            }
            return RDBHashField(
                name: name, value: try flat[place + 1].string, expiresAt: time.flatMap { $0 < 0 ? nil : $0 })
        }
    }

    private func toldStream(_ key: String) throws -> RDBStream {
        let full = try call("XINFO", "STREAM", key, "FULL", "COUNT", 0)
        func field(_ name: String) throws -> RESPValue {
            guard let value = full[name] else { throw NotExpected(value: "no \(name)") }
            return value
        }
        let entries = try field("entries").items.map(Self.entry)
        let isNew = full["entries-added"] != nil
        return RDBStream(
            entries: entries, length: UInt64(try field("length").number),
            lastID: try Self.id(field("last-generated-id")),
            firstID: isNew ? try Self.id(field("recorded-first-entry-id")) : entries.first?.id ?? .zero,
            maxDeletedID: isNew ? try Self.id(field("max-deleted-entry-id")) : .zero,
            entriesAdded: isNew ? UInt64(try field("entries-added").number) : UInt64(entries.count),
            groups: try field("groups").items.map { try Self.group($0, isNew) })
    }

    private static func id(_ value: RESPValue) throws -> RDBStream.ID {
        let parts = try value.text.split(separator: "-").compactMap { UInt64($0) }
        guard parts.count == 2 else { throw NotExpected(value: "\(value)") }
        return RDBStream.ID(parts[0], parts[1])
    }

    private static func entry(_ value: RESPValue) throws -> RDBStream.Entry {
        let parts = try value.items
        let flat = try parts[1].items
        let fields = try stride(from: 0, to: flat.count, by: 2).map {
            RDBStream.Field(name: try flat[$0].string, value: try flat[$0 + 1].string)
        }
        return RDBStream.Entry(id: try id(parts[0]), fields: fields)
    }

    /// Before 7.0 the entries read are not told; `nil` is what they are then, except where a test says more.
    private static func group(_ value: RESPValue, _ isNew: Bool) throws -> RDBStream.Group {
        func field(_ name: String, of value: RESPValue) throws -> RESPValue {
            guard let found = value[name] else { throw NotExpected(value: "no \(name)") }
            return found
        }
        let pending = try field("pending", of: value).items.map { item in
            let parts = try item.items
            return RDBStream.Pending(
                id: try id(parts[0]), deliveredAt: try parts[2].number, deliveries: UInt64(try parts[3].number))
        }
        let consumers = try field("consumers", of: value).items.map { item in
            let own = try field("pending", of: item).items
            return RDBStream.Consumer(
                name: try field("name", of: item).string, seenAt: 0, activeAt: 0,
                pending: try own.map { try id($0.items[0]) })
        }
        return RDBStream.Group(
            name: try field("name", of: value).string, lastID: try id(field("last-delivered-id", of: value)),
            entriesRead: isNew ? try? field("entries-read", of: value).number : nil,
            pending: pending, consumers: consumers)
    }

    /// Elements by their names `e0`, `e1` …; there was no command that lists them all before 8.2.
    private func toldVectors(_ key: String) throws -> RDBVectorSet {
        let info = try call("VINFO", key)
        let kinds: [String: RDBVectorSet.Quantisation] = ["f32": .none, "int8": .int8, "bin": .binary]
        guard let size = try info["size"]?.number, let links = try info["hnsw-m"]?.number,
            let quantisation = try kinds[info["quant-type"]?.text ?? ""]
        else { throw NotExpected(value: "VINFO") }
        let elements = try (0..<size).map { number in
            let parts = try call("VEMB", key, "e\(number)", "RAW").items
            let attributes = try call("VGETATTR", key, "e\(number)")
            return RDBVectorSet.Element(
                name: Array("e\(number)".utf8), vector: try parts[1].string, norm: Float(try Self.double(parts[2])),
                range: parts.count > 3 ? Float(try Self.double(parts[3])) : 0,
                attributes: attributes == .null ? [] : try attributes.string)
        }
        return RDBVectorSet(
            dimension: Int(try call("VDIM", key).number), quantisation: quantisation, links: Int(links),
            projection: nil, elements: elements)
    }
}
