package import BulkheadRDB

extension RDBValue {
    /// The body of this value by that type, or `nil` where the type cannot hold it.
    package func body(_ type: RDBType, _ flavour: RDBVersion.Flavour, _ writer: BodyWriter) -> [UInt8]? {
        var writer = writer
        switch (self, type) {
        case (.string(let string), .string): writer.string(string)
        case (.list(let elements), .list), (.set(let elements), .set): writer.strings(elements)
        case (.list(let elements), .listZiplist): writer.string(writer.ziplist(elements))
        case (.list(let elements), .listQuicklist): writer.quicklist(elements)
        case (.list(let elements), .listQuicklist2): writer.quicklist2(elements)
        case (.set(let members), .setListpack): writer.string(writer.listpack(members))
        case (.set(let members), .setIntset):
            guard let intset = writer.intset(members) else { return nil }
            writer.string(intset)
        case (.sortedSet(let members), _): guard writer.sortedSet(members, type) else { return nil }
        case (.hash(let fields), _): guard writer.hash(fields, type, flavour) else { return nil }
        case (.stream(let stream), .stream): writer.stream(stream, form: 1)
        case (.stream(let stream), .stream2): writer.stream(stream, form: 2)
        case (.stream(let stream), .stream3): writer.stream(stream, form: 3)
        case (.stream(let stream), .stream4): writer.stream(stream, form: 4)
        case (.stream(let stream), .stream5): writer.stream(stream, form: 5)
        case (.array(let array), .array): writer.array(array)
        case (.vectorSet(let set), .module2): writer.vectorSet(set)
        case (.module(let value), .module2):
            writer.length(BodyWriter.moduleID(value.name, value.encodingVersion))
            writer.bytes += value.bytes
        default: return nil
        }
        return writer.bytes
    }
}

extension BodyWriter {
    fileprivate mutating func strings(_ strings: [[UInt8]]) {
        length(UInt64(strings.count))
        for element in strings { string(element) }
    }

    fileprivate mutating func quicklist(_ elements: [[UInt8]]) {
        let nodes = split(elements)
        length(UInt64(nodes.count))
        for node in nodes { string(ziplist(node)) }
    }

    fileprivate mutating func quicklist2(_ elements: [[UInt8]]) {
        let nodes = split(elements)
        length(UInt64(nodes.count))
        for node in nodes {
            if node.count == 1 && choose(2) == 1 {
                length(1)
                string(node[0])
            } else {
                length(2)
                string(listpack(node))
            }
        }
    }

    private func split(_ elements: [[UInt8]]) -> [[[UInt8]]] {
        var nodes: [[[UInt8]]] = []
        var rest = elements[...]
        while !rest.isEmpty {
            let node = Array(rest.prefix(choose(4) == 3 ? 1 : 50))
            nodes.append(node)
            rest = rest.dropFirst(node.count)
        }
        return nodes
    }

    fileprivate mutating func sortedSet(_ members: [RDBScoredMember], _ type: RDBType) -> Bool {
        let texts = members.map { Array(Self.text($0.score).utf8) }
        let items = zip(members, texts).flatMap { [$0.member, $1] }
        switch type {
        case .sortedSet:
            length(UInt64(members.count))
            for (member, text) in zip(members, texts) {
                string(member.member)
                switch member.score {
                case .infinity: bytes.append(254)
                case -.infinity: bytes.append(255)
                default:
                    bytes.append(UInt8(text.count))
                    bytes += text
                }
            }
        case .sortedSet2:
            length(UInt64(members.count))
            for member in members {
                string(member.member)
                little(member.score.bitPattern)
            }
        case .sortedSetZiplist: string(ziplist(items))
        case .sortedSetListpack: string(listpack(items))
        default: return false
        }
        return true
    }

    private static func text(_ score: Double) -> String {
        Int64(exactly: score).map { score == 0 && score.sign == .minus ? "-0" : "\($0)" } ?? "\(score)"
    }

    fileprivate mutating func hash(
        _ fields: [RDBHashField], _ type: RDBType, _ flavour: RDBVersion.Flavour
    ) -> Bool {
        let hasTimes = fields.contains { $0.expiresAt != nil }
        if hasTimes && type.rawValue < 22 { return false }
        let pairs = fields.flatMap { [$0.name, $0.value] }
        let earliest = fields.compactMap(\.expiresAt).min() ?? 0
        switch (type.rawValue, flavour) {
        case (4, _):
            length(UInt64(fields.count))
            for element in pairs { string(element) }
        case (9, _): string(zipmap(fields))
        case (13, _): string(ziplist(pairs))
        case (16, _): string(listpack(pairs))
        case (22, .valkey):
            length(UInt64(fields.count))
            for field in fields {
                string(field.name)
                string(field.value)
                little(field.expiresAt ?? -1)
            }
        case (22, .redis), (24, .redis):
            if type.rawValue == 24 { little(earliest) }
            // 0 stands for no time, so the time 0 looks the same.
            length(UInt64(fields.count))
            for field in fields {
                let base = type.rawValue == 24 && earliest > 0 ? earliest - 1 : 0
                length(UInt64(field.expiresAt.map { $0 - base } ?? 0))
                string(field.name)
                string(field.value)
            }
        case (23, .redis), (25, .redis):
            if type.rawValue == 25 { little(earliest) }
            let triples = fields.flatMap { [$0.name, $0.value, Array(String($0.expiresAt ?? 0).utf8)] }
            // The times must be integers, so no number is written as text here.
            var writer = BodyWriter { [choose] count in count == 8 ? 0 : choose(count) }
            string(writer.listpack(triples))
        default: return false
        }
        return true
    }

    /// The id of a module's type, from its name and the version of its encoding.
    package static func moduleID(_ name: String, _ version: Int) -> UInt64 {
        let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let bits = name.utf8.reduce(UInt64(0)) { $0 << 6 | UInt64(characters.firstIndex(of: $1) ?? 0) }
        return bits << 10 | UInt64(version)
    }

    /// With a graph without links.
    fileprivate mutating func vectorSet(_ set: RDBVectorSet) {
        func integer(_ number: UInt64) {
            length(2)
            length(number)
        }
        func text(_ bytes: [UInt8]) {
            length(5)
            string(bytes)
        }
        let hasAttributes = set.elements.contains { !$0.attributes.isEmpty }
        length(Self.moduleID("vectorset", 0))
        integer(UInt64(set.dimension))
        integer(UInt64(set.elements.count))
        integer(UInt64(set.quantisation.rawValue) | UInt64(set.links) << 8)
        integer((set.projection == nil ? 0 : 1) | (hasAttributes ? 2 : 0))
        if let projection = set.projection {
            integer(UInt64(projection.inputDimension))
            text(projection.matrix)
        }
        for (place, element) in set.elements.enumerated() {
            text(element.name)
            if hasAttributes { text(element.attributes) }
            text(element.vector)
            let parameters: [UInt64] = [UInt64(place + 1), 1 << 24, 0, 32, 0]
            integer(UInt64(parameters.count + 1))
            for parameter in parameters { integer(parameter) }
            integer(UInt64(element.range.bitPattern) << 32 | UInt64(element.norm.bitPattern))
        }
        length(0)
    }
}
