import BulkheadRESP

/// What some errors say of the command they answer: it has not run.
enum Refusal {
    /// The server reads its data yet.
    case loading
    /// The connection leads to a replica, or its login has lapsed: another one may lead elsewhere.
    case wrongConnection
    /// The server became a replica while the command waited there; the same, but its time has begun to run.
    case unblocked

    private static let words: [(StaticString, Refusal)] = [
        ("LOADING", .loading), ("READONLY", .wrongConnection), ("MASTERDOWN", .wrongConnection),
        ("NOAUTH", .wrongConnection), ("REDIRECT ", .wrongConnection), ("UNBLOCKED force", .unblocked),
    ]

    init?(_ message: RESPBytes) {
        let found = Self.words.first { word, _ in
            word.withUTF8Buffer { message.starts(with: $0) }
        }
        guard let found else { return nil }
        self = found.1
    }

    /// True if the connection should be replaced.
    var isOfConnection: Bool { self != .loading }
}

extension RESPValue {
    /// Nil of nearly all replies, without a look at their bytes unless they are errors.
    var refusal: Refusal? { errorMessage.flatMap { Refusal($0) } }
}
