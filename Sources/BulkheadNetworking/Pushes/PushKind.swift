import BulkheadRESP

/// What a value that a server sends unasked tells, by its first word and its shape. Nothing is built to find out.
enum PushKind: Sendable, Hashable {
    /// `message`, channel, content.
    case message
    /// `pmessage`, pattern, channel, content.
    case patternMessage
    /// `smessage`, shard channel, content.
    case shardMessage
    /// The kind, its channel or null, and the subscriptions that are left.
    case confirmation(SubscriptionKind)
    /// `invalidate` and the keys, or null for all of them.
    case invalidation
    case other

    init(of elements: RESPArray) {
        self = .other
        guard let word = elements.first?.bytes else { return }
        switch (word.count, elements.count) {
        case (7, 3) where word.isWord("message"): self = .message
        case (8, 4) where word.isWord("pmessage"): self = .patternMessage
        case (8, 3) where word.isWord("smessage"): self = .shardMessage
        case (10, 2) where word.isWord("invalidate"): self = .invalidation
        case (9...12, 3):
            guard case .integer = elements[2], let kind = SubscriptionKind(word) else { return }
            self = .confirmation(kind)
        default: break
        }
    }

    /// True for what comes as an array in RESP2. Nothing else does without a subscription.
    var isArrayInRESP2: Bool {
        switch self {
        case .message, .patternMessage, .shardMessage, .confirmation: true
        case .invalidation, .other: false
        }
    }
}

/// The six commands that are answered by confirmations, which begin with the same word.
enum SubscriptionKind: Sendable, Hashable, CaseIterable {
    case subscribe, psubscribe, ssubscribe, unsubscribe, punsubscribe, sunsubscribe

    init?(_ word: RESPBytes) {
        switch word.count {
        case 9 where word.isWord("subscribe"): self = .subscribe
        case 10 where word.isWord("psubscribe"): self = .psubscribe
        case 10 where word.isWord("ssubscribe"): self = .ssubscribe
        case 11 where word.isWord("unsubscribe"): self = .unsubscribe
        case 12 where word.isWord("punsubscribe"): self = .punsubscribe
        case 12 where word.isWord("sunsubscribe"): self = .sunsubscribe
        default: return nil
        }
    }
}

extension RESPBytes {
    /// True if these are the small letters of `word`, or its capitals: commands are written in either.
    func isWord(_ word: StaticString) -> Bool {
        withUnsafeBytes { bytes in
            guard bytes.count == word.utf8CodeUnitCount else { return false }
            for position in bytes.indices where bytes[position] | 0x20 != word.utf8Start[position] { return false }
            return true
        }
    }
}
