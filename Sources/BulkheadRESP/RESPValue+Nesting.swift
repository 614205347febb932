// What goes through a whole value. What is left to do lies on an explicit stack, because the depth of a value is its
// sender's choice: no function here, and none that goes through values elsewhere, calls itself.

extension RESPValue {
    /// What an aggregate holds; nil for all else. An attribute holds its map and the value it describes.
    var children: RESPArray? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .map(let map): map.flat
        case .attribute(let attributed): attributed.parts
        default: nil
        }
    }

    /// The same kind of aggregate with other elements.
    private func holding(_ elements: RESPArray) -> RESPValue {
        switch self {
        case .array: .array(elements)
        case .set: .set(elements)
        case .push: .push(elements)
        case .map: .map(RESPMap(flat: elements))
        case .attribute: .attribute(RESPAttributed(parts: elements))
        default: self
        }
    }

    /// Calls `body` with this value and every value it holds, at any depth, those of one aggregate in their order.
    package func forEachValue(_ body: (RESPValue) -> Void) {
        body(self)
        guard let children else { return }
        var pending = [children]
        while let elements = pending.popLast() {
            for element in elements {
                body(element)
                if let children = element.children { pending.append(children) }
            }
        }
    }
}

// MARK: Copies

extension RESPValue {
    /// A copy that keeps no receive buffer and no other values in memory; costs a copy of every small string.
    public func detached() -> RESPValue {
        guard let children else { return detachedLeaf() }
        var open = [Copying(self, children)]
        while true {
            let top = open.count - 1
            if let element = open[top].next() {
                if let children = element.children {
                    open.append(Copying(element, children))
                } else {
                    open[top].copies.append(element.detachedLeaf(), of: open[top].elements.count)
                }
                continue
            }
            let finished = open.removeLast()
            let copy = finished.value.holding(finished.copies.finish())
            if top == 0 { return copy }
            open[top - 1].copies.append(copy, of: open[top - 1].elements.count)
        }
    }

    /// An aggregate of which a part is copied.
    private struct Copying {
        let value: RESPValue
        let elements: RESPArray
        var position = 0
        var copies: ElementBuilder

        init(_ value: RESPValue, _ elements: RESPArray) {
            self.value = value
            self.elements = elements
            copies = ElementBuilder(capacity: elements.count)
        }

        mutating func next() -> RESPValue? {
            guard position < elements.count else { return nil }
            defer { position += 1 }
            return elements[position]
        }
    }

    private func detachedLeaf() -> RESPValue {
        switch self {
        case .simpleString(let bytes): .simpleString(bytes.detached())
        case .error(let bytes): .error(bytes.detached())
        case .bulkString(let bytes): .bulkString(bytes.detached())
        case .bulkError(let bytes): .bulkError(bytes.detached())
        case .bigNumber(let bytes): .bigNumber(bytes.detached())
        case .verbatimString(let verbatim): .verbatimString(RESPVerbatim(whole: verbatim.whole.detached()))
        default: self
        }
    }
}

// MARK: Equality

extension RESPValue: Hashable {
    /// The same type, content and elements in the same order.
    public static func == (left: RESPValue, right: RESPValue) -> Bool {
        guard left.isSameLevel(as: right) else { return false }
        guard let mine = left.children, let theirs = right.children else { return true }
        var pending = [(mine, theirs)]
        while let (mine, theirs) = pending.popLast() {
            if mine.storage === theirs.storage, mine.offset == theirs.offset { continue }
            for index in mine.indices {
                let (left, right) = (mine[index], theirs[index])
                guard left.isSameLevel(as: right) else { return false }
                if let mine = left.children, let theirs = right.children { pending.append((mine, theirs)) }
            }
        }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        forEachValue { $0.hashLevel(into: &hasher) }
    }

    /// Equal but for what an aggregate holds, of which there is as much.
    private func isSameLevel(as other: RESPValue) -> Bool {
        switch (self, other) {
        case (.simpleString(let left), .simpleString(let right)), (.error(let left), .error(let right)),
            (.bulkString(let left), .bulkString(let right)), (.bulkError(let left), .bulkError(let right)),
            (.bigNumber(let left), .bigNumber(let right)):
            left == right
        case (.verbatimString(let left), .verbatimString(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.boolean(let left), .boolean(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.null, .null), (.attribute, .attribute): true
        case (.array(let left), .array(let right)), (.set(let left), .set(let right)),
            (.push(let left), .push(let right)):
            left.count == right.count
        case (.map(let left), .map(let right)): left.count == right.count
        default: false
        }
    }

    private func hashLevel(into hasher: inout Hasher) {
        hasher.combine(kind)
        switch self {
        case .simpleString(let bytes), .error(let bytes), .bulkString(let bytes), .bulkError(let bytes),
            .bigNumber(let bytes):
            hasher.combine(bytes)
        case .verbatimString(let verbatim): hasher.combine(verbatim)
        case .integer(let number): hasher.combine(number)
        case .boolean(let isTrue): hasher.combine(isTrue)
        case .double(let number): hasher.combine(number)
        case .null: break
        case .array, .set, .push, .map, .attribute: hasher.combine(children?.count)
        }
    }

    /// A number for each type.
    private var kind: UInt8 {
        switch self {
        case .simpleString: 0
        case .error: 1
        case .integer: 2
        case .bulkString: 3
        case .bulkError: 4
        case .null: 5
        case .boolean: 6
        case .double: 7
        case .bigNumber: 8
        case .verbatimString: 9
        case .array: 10
        case .set: 11
        case .map: 12
        case .push: 13
        case .attribute: 14
        }
    }
}

// MARK: Text

extension RESPValue: CustomStringConvertible, CustomReflectable {
    /// One line for people: `[1, "two", null, {"key": 1.5}, set["a"], error(ERR …)]`. It holds the content; errors of
    /// this package never do.
    public var description: String {
        var text = ""
        var pending = [Pending.value(self)]
        while let next = pending.popLast() {
            switch next {
            case .text(let words): text += words
            case .value(let value): value.describe(into: &text, &pending)
            case .rest(let elements, let position, let isMap):
                guard position < elements.count else { continue }
                if position > 0 { text += isMap && position % 2 == 1 ? ": " : ", " }
                pending.append(.rest(elements, position + 1, isMap: isMap))
                elements[position].describe(into: &text, &pending)
            }
        }
        return text
    }

    /// Without children: reflection goes down a nest by recursion.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// What of the text is still to come, the last first.
    private enum Pending {
        case text(String)
        case value(RESPValue)
        case rest(RESPArray, Int, isMap: Bool)
    }

    /// The text of a value that holds nothing, or the beginning of one that does.
    private func describe(into text: inout String, _ pending: inout [Pending]) {
        func open(_ beginning: String, _ elements: RESPArray, isMap: Bool = false) {
            text += beginning
            pending.append(.text(isMap ? "}" : "]"))
            pending.append(.rest(elements, 0, isMap: isMap))
        }
        switch self {
        case .simpleString(let bytes): text += "simple(\(bytes))"
        case .error(let bytes), .bulkError(let bytes): text += "error(\(bytes))"
        case .integer(let number): text += String(number)
        case .bulkString(let bytes): text += bytes.description.debugDescription
        case .null: text += "null"
        case .boolean(let isTrue): text += isTrue ? "true" : "false"
        case .double(let number): text += number.description
        case .bigNumber(let digits): text += "big(\(digits))"
        case .verbatimString(let verbatim): text += "\(verbatim.format)(\(verbatim.content))"
        case .array(let elements): open("[", elements)
        case .set(let elements): open("set[", elements)
        case .push(let elements): open("push[", elements)
        case .map(let map): open("{", map.flat, isMap: true)
        case .attribute(let attributed):
            pending.append(.value(attributed.value))
            pending.append(.text(" "))
            open("attribute{", attributed.attributes.flat, isMap: true)
        }
    }
}
