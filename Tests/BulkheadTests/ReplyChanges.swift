import Bulkhead

/// A reply with one place changed, for each place: what a decoding does not notice, it does not read.
struct ReplyChanges {
    /// A longer list is cut: its elements are alike.
    private static let longest = 100
    private static let kept = 12

    private let reply: RESPValue

    init(of reply: RESPValue) { self.reply = Self.cut(reply.withoutAttributes) }

    /// The places of the reply that `decode` does not read, as paths of indices, `[1][0]`, and what stands there.
    ///
    /// A place counts as read if one of its changes gives another value, or none.
    func unread(by decode: (RESPValue) throws -> String) -> [(place: String, value: RESPValue)] {
        guard let whole = try? decode(reply) else { return [] }
        var unread: [(place: String, value: RESPValue)] = []
        func visit(_ value: RESPValue, _ place: String, _ rebuild: (RESPValue) -> RESPValue) {
            let changes = Self.changes(of: value)
            let isRead = changes.contains { (try? decode(rebuild($0))) != whole }
            if !isRead && !changes.isEmpty { unread.append((place, value)) }
            let elements = Array(value.elements ?? RESPArray())
            for index in elements.indices {
                visit(elements[index], "\(place)[\(index)]") { element in
                    var elements = elements
                    elements[index] = element
                    return rebuild(value.holding(elements))
                }
            }
        }
        visit(reply, "") { $0 }
        return unread
    }

    private static func cut(_ value: RESPValue) -> RESPValue {
        guard let elements = value.elements else { return value }
        let all = elements.map(cut)
        return value.holding(all.count > longest ? Array(all.prefix(kept)) : all)
    }

    /// Other values of the same kind, and for an empty list one that is not. None for what holds elements, each of
    /// which is a place of its own, and none for OK, which says no more than that there is no error.
    private static func changes(of value: RESPValue) -> [RESPValue] {
        switch value {
        case .integer(let number): [number + 1, -number - 1, 0, 1].filter { $0 != number }.map { .integer($0) }
        case .double(let number): [.double(number.isNaN ? 1 : number + 1), .double(-number - 1)]
        case .boolean(let isTrue): [.boolean(!isTrue)]
        case .null: [.integer(7), other, .array(RESPArray()), .array([other, other])]
        case .simpleString(let text): text == "OK" ? [] : [.simpleString(RESPBytes("\(text)~"))]
        case .array, .set, .map, .push:
            value.elements?.isEmpty == false
                ? [] : [[other], [.integer(7)], [other, other], [other, .integer(7)]].map { value.holding($0) }
        default: [.bulkString(RESPBytes("\(value.bytes?.description ?? "")~"))]
        }
    }

    private static let other = RESPValue.bulkString("~")
}

extension RESPValue {
    /// The same kind of list with other elements; of a map without the last if it has no partner.
    fileprivate func holding(_ elements: [RESPValue]) -> RESPValue {
        switch self {
        case .map:
            .map(RESPMap(stride(from: 1, to: elements.count, by: 2).map { (elements[$0 - 1], elements[$0]) }))
        case .set: .set(RESPArray(elements))
        case .push: .push(RESPArray(elements))
        default: .array(RESPArray(elements))
        }
    }
}
