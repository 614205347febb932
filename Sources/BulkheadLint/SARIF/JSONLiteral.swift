/// A JSON document as code spells it.
enum JSONLiteral: Encodable, Sendable {
    case text(String)
    case number(Int)
    case truth(Bool)
    case list([JSONLiteral])
    case object([String: JSONLiteral])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .truth(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONLiteral: ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(arrayLiteral elements: JSONLiteral...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONLiteral)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
