import BulkheadRESP

/// The replies of a request, without an array where there is one.
enum Replies: Sendable {
    case single(RESPValue)
    case several([RESPValue])

    var first: RESPValue {
        switch self {
        case .single(let value): value
        case .several(let values): values[0]
        }
    }

    var all: [RESPValue] {
        switch self {
        case .single(let value): [value]
        case .several(let values): values
        }
    }
}
