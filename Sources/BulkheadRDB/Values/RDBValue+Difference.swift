extension RDBValue {
    /// Where the other one, called the right one, differs, in words that hold nothing of a key or value; `nil` where
    /// both are equivalent (``isEquivalent(to:)``).
    ///
    /// ```
    /// the left is a hash and the right a list
    /// 3 of 20 fields differ, 1 is only in the right
    /// element 7 differs
    /// only the left has a time on a field
    /// ```
    ///
    /// Elements, entries and bytes count from 0.
    /// - Complexity: O(*n* log *n*).
    package func difference(from right: RDBValue) -> String? {
        if isEquivalent(to: right) { return nil }
        switch (self, right) {
        case (.string(let left), .string(let right)): return Self.words(left, right)
        case (.list(let left), .list(let right)): return Self.words(left, right, "element") { $0 == $1 }
        case (.set(let left), .set(let right)):
            return Matching(left, right, by: \.self) { _, _ in true }.words("member", "differ")
        case (.sortedSet(let left), .sortedSet(let right)):
            return Matching(left, right, by: \.member) { $0.score == $1.score }.words("member", "have another score")
        case (.hash(let left), .hash(let right)): return Self.words(left, right)
        case (.stream(let left), .stream(let right)): return left.words(right)
        case (.vectorSet(let left), .vectorSet(let right)): return left.words(right)
        case (.array(let left), .array(let right)): return left.words(right)
        case (.module(let left), .module(let right)) where left.name == right.name:
            return left.encodingVersion == right.encodingVersion
                ? "the bytes of the module values differ (\(left.bytes.count) and \(right.bytes.count) bytes)"
                : "the module values have other versions (\(left.encodingVersion) and \(right.encodingVersion))"
        default: return "the left is of type \(typeName) and the right of type \(right.typeName)"
        }
    }

    private static func words(_ left: [UInt8], _ right: [UInt8]) -> String {
        if left.count != right.count { return "the left has \(left.count) bytes and the right \(right.count)" }
        let places = left.indices.filter { left[$0] != right[$0] }
        return places.count == 1
            ? "byte \(places[0]) of \(left.count) differs"
            : "\(places.count) of \(left.count) bytes differ, byte \(places.first ?? 0) first"
    }

    private static func words(_ left: [RDBHashField], _ right: [RDBHashField]) -> String {
        let content = Matching(left, right, by: \.name) { $0.value == $1.value }
        var words = content.isSame ? [] : [content.words("field", "differ")]
        let times = Matching(left, right, by: \.name) { $0.expiresAt == $1.expiresAt }
        let sides = times.different.map { ($0.0.expiresAt != nil, $0.1.expiresAt != nil) }
        for (count, phrase) in [
            (sides.count { $0 == (true, false) }, "only the left has a time on"),
            (sides.count { $0 == (false, true) }, "only the right has a time on"),
            (sides.count { $0 == (true, true) }, "both have another time on"),
        ] where count > 0 {
            words.append(count == 1 ? "\(phrase) a field" : "\(phrase) \(count) fields")
        }
        return words.joined(separator: ", ")
    }

    /// For what has an order: the first place that differs, or how many there are.
    private static func words<Element>(
        _ left: [Element], _ right: [Element], _ noun: String, _ isSame: (Element, Element) -> Bool
    ) -> String {
        let places = zip(left, right).enumerated().filter { !isSame($0.element.0, $0.element.1) }.map(\.offset)
        var words: [String] = []
        if left.count != right.count {
            words.append("the left has \(left.count) \(noun)s and the right \(right.count)")
        }
        if places.count == 1 { words.append("\(noun) \(places[0]) differs") }
        if places.count > 1 { words.append("\(places.count) \(noun)s differ, \(noun) \(places[0]) first") }
        return words.joined(separator: ", ")
    }
}

extension RDBStream {
    fileprivate func words(_ right: RDBStream) -> String {
        var words: [String] = []
        let entries = Matching(self.entries, right.entries, by: \.id) { $0.fields == $1.fields }
        if !entries.isSame { words.append(entries.words("entry", "differ", plural: "entries")) }
        let first = { (stream: RDBStream) in stream.entries.isEmpty ? ID.zero : stream.firstID }
        for (name, isSame) in [
            ("length", length == right.length), ("last id", lastID == right.lastID),
            ("first id", first(self) == first(right)), ("largest deleted id", maxDeletedID == right.maxDeletedID),
            ("count of entries ever added", entriesAdded == right.entriesAdded),
        ] where !isSame {
            words.append("the \(name) differs")
        }
        let groups = Matching(self.groups, right.groups, by: \.name) { Self.bytes($0) == Self.bytes($1) }
        if !groups.isSame {
            let parts = Set(groups.different.flatMap { Self.parts($0, $1) }).sorted().joined(separator: " and ")
            words.append(groups.words("group", "differ in \(parts)"))
        }
        let producers = Matching(self.producers, right.producers, by: \.name) { Self.bytes($0) == Self.bytes($1) }
        if !producers.isSame { words.append(producers.words("producer", "differ")) }
        return words.joined(separator: ", ")
    }

    private static func bytes(_ group: Group) -> [UInt8] {
        var form = CanonicalBytes()
        form.group(group)
        return form.bytes
    }

    private static func bytes(_ producer: Producer) -> [UInt8] {
        var form = CanonicalBytes()
        form.producers([producer])
        return form.bytes
    }

    /// What of two groups differs.
    private static func parts(_ left: Group, _ right: Group) -> [String] {
        let pending = { (group: Group) in group.pending.sorted { $0.id < $1.id } }
        let consumers = { (group: Group) in
            group.consumers.map { Consumer(name: $0.name, seenAt: 0, activeAt: 0, pending: $0.pending.sorted()) }
                .sorted { CanonicalBytes.precedes($0.name, $1.name) }
        }
        return [
            ("the last id", left.lastID == right.lastID), ("the entries read", left.entriesRead == right.entriesRead),
            ("pending entries", pending(left) == pending(right)), ("consumers", consumers(left) == consumers(right)),
            ("what was given back", left.givenBack.sorted() == right.givenBack.sorted()),
        ].filter { !$0.1 }.map(\.0)
    }
}

extension RDBArray {
    fileprivate func words(_ right: RDBArray) -> String {
        let elements = Matching(self.elements, right.elements, by: \.place) { $0.bytes == $1.bytes }
        var words = elements.isSame ? [] : [elements.words("element", "differ")]
        if insertedAt != right.insertedAt { words.append("the place of the last insertion differs") }
        return words.joined(separator: ", ")
    }
}

extension RDBVectorSet {
    fileprivate func words(_ right: RDBVectorSet) -> String {
        var words: [String] = []
        let bytes = { (write: (inout CanonicalBytes) -> Void) in
            var form = CanonicalBytes()
            write(&form)
            return form.bytes
        }
        if bytes({ $0.vectorSettings(self) }) != bytes({ $0.vectorSettings(right) }) {
            words.append("the dimension, quantisation, links or projection differ")
        }
        let elements = Matching(self.elements, right.elements, by: \.name) { left, right in
            bytes { $0.element(left) } == bytes { $0.element(right) }
        }
        if !elements.isSame { words.append(elements.words("element", "differ")) }
        return words.joined(separator: ", ")
    }
}

/// Elements of two values, brought together by their names.
private struct Matching<Element> {
    private let count: Int
    /// Those that are in both and not the same.
    let different: [(Element, Element)]
    private let onlyLeft: Int
    private let onlyRight: Int

    init<Name: Hashable>(
        _ left: [Element], _ right: [Element], by name: KeyPath<Element, Name>, _ isSame: (Element, Element) -> Bool
    ) {
        let others = Dictionary(right.map { ($0[keyPath: name], $0) }) { first, _ in first }
        var different: [(Element, Element)] = []
        var matched = 0
        for element in left {
            guard let other = others[element[keyPath: name]] else { continue }
            matched += 1
            if !isSame(element, other) { different.append((element, other)) }
        }
        count = left.count
        self.different = different
        onlyLeft = left.count - matched
        onlyRight = right.count - matched
    }

    var isSame: Bool { different.isEmpty && onlyLeft == 0 && onlyRight == 0 }

    /// "3 of 20 fields differ, 1 is only in the left"
    func words(_ noun: String, _ verb: String, plural: String? = nil) -> String {
        let plural = plural ?? noun + "s"
        var words: [String] = []
        if !different.isEmpty { words.append("\(different.count) of \(count) \(plural) \(verb)") }
        for (number, side) in [(onlyLeft, "left"), (onlyRight, "right")] where number > 0 {
            let subject = words.isEmpty ? "\(number) \(number == 1 ? noun : plural)" : "\(number)"
            words.append("\(subject) \(number == 1 ? "is" : "are") only in the \(side)")
        }
        return words.joined(separator: ", ")
    }
}
