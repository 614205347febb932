import BulkheadRESP

/// A subscription command as it was sent, and which confirmations it still awaits.
///
/// The server confirms the channels that a command names one by one, in the command's order, and one that is named
/// twice twice. An UNSUBSCRIBE that names none confirms whatever is subscribed to, in any order, or null if nothing is.
///
/// SUNSUBSCRIBE has a PING behind it. A server whose slot moves confirms the end of its shard channels by itself, in
/// the words that answer the command, and answers the command with MOVED: only a reply that follows tells which came.
struct SubscriptionRequest: Sendable {
    /// Nil if it is none of the six: it is answered by one reply.
    let kind: SubscriptionKind?
    private let words: RESPArray
    private var confirmed = 0
    /// Nothing but PING's reply is missing.
    private var isAnswered = false
    private(set) var replies: [RESPValue] = []

    /// What is written behind SUNSUBSCRIBE.
    static let fence: [UInt8] = Array("*1\r\n$4\r\nPING\r\n".utf8)

    /// Reads an encoded command.
    init(_ command: [UInt8]) {
        var decoder = RESPDecoder()
        decoder.feed(command)
        words = (try? decoder.next())?.elements ?? []
        kind = words.first?.bytes.flatMap { SubscriptionKind($0) }
    }

    var isFenced: Bool { kind == .sunsubscribe }

    private var namesNone: Bool { words.count < 2 }

    /// What an answer meant to the request.
    enum Step: Sendable, Hashable {
        /// It is not for this request.
        case notMine
        case more
        case over
        /// It stands in a transaction: EXEC's reply would not be as long as it says.
        case queued
    }

    /// Takes a confirmation, of which `left` of its sort are left; keeps it if `isAwaited`.
    mutating func received(
        _ confirmation: RESPValue, _ kind: SubscriptionKind, channel: RESPValue, left: Int, isAwaited: Bool
    ) -> Step {
        guard kind == self.kind, !isAnswered, namesNone || channel.bytes == words[confirmed + 1].bytes else {
            return .notMine
        }
        if isAwaited { replies.append(confirmation) }
        confirmed += 1
        guard namesNone ? left == 0 : confirmed == words.count - 1 else { return .more }
        isAnswered = true
        return isFenced ? .more : .over
    }

    /// Takes what is no confirmation, and therefore its only answer, or PING's reply.
    mutating func received(reply: RESPValue, isAwaited: Bool) -> Step {
        if case .simpleString("QUEUED") = reply.withoutAttributes { return .queued }
        let error = reply.withoutAttributes.errorMessage
        if isFenced {
            // PING's reply, which may be an error too, but never one about slots.
            if isAnswered, error?.isAboutSlots != true { return .over }
            if error == nil { return .over }
        }
        if isAwaited { replies.append(reply) }
        isAnswered = true
        return isFenced ? .more : .over
    }

    /// Nobody waits for it any more.
    mutating func dropReplies() { replies = [] }
}

extension RESPBytes {
    /// True for the errors of a cluster about the slot of a key or a shard channel.
    fileprivate var isAboutSlots: Bool {
        let word = prefix { $0 != UInt8(ascii: " ") }
        return ["MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT", "TRYAGAIN"].contains { word.elementsEqual($0.utf8) }
    }
}
