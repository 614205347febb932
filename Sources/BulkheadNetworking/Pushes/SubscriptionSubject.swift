package import BulkheadRESP

/// What is subscribed to: a channel, a pattern or a shard channel.
package struct SubscriptionSubject: Sendable, Hashable {
    package enum Kind: Sendable, Hashable, CaseIterable {
        case channel, pattern, shardChannel
    }

    package let kind: Kind
    package let name: RESPBytes

    package init(_ kind: Kind, _ name: RESPBytes) {
        self.kind = kind
        self.name = name
    }
}

extension SubscriptionSubject {
    /// Whose message a push of that kind is, or whose confirmation; nil if it is neither.
    init?(_ elements: RESPArray, _ kind: PushKind) {
        guard elements.count > 1, let name = elements[1].bytes else { return nil }
        switch kind {
        case .message: self.init(.channel, name)
        case .patternMessage: self.init(.pattern, name)
        case .shardMessage: self.init(.shardChannel, name)
        case .confirmation(let kind): self.init(kind.subject, name)
        case .invalidation, .other: return nil
        }
    }
}

extension SubscriptionSubject.Kind {
    var begin: SubscriptionKind {
        switch self {
        case .channel: .subscribe
        case .pattern: .psubscribe
        case .shardChannel: .ssubscribe
        }
    }

    var end: SubscriptionKind {
        switch self {
        case .channel: .unsubscribe
        case .pattern: .punsubscribe
        case .shardChannel: .sunsubscribe
        }
    }
}

extension SubscriptionKind {
    var subject: SubscriptionSubject.Kind {
        switch self {
        case .subscribe, .unsubscribe: .channel
        case .psubscribe, .punsubscribe: .pattern
        case .ssubscribe, .sunsubscribe: .shardChannel
        }
    }

    var isBegin: Bool { subject.begin == self }

    /// The command as the server takes it.
    var word: String {
        switch self {
        case .subscribe: "SUBSCRIBE"
        case .psubscribe: "PSUBSCRIBE"
        case .ssubscribe: "SSUBSCRIBE"
        case .unsubscribe: "UNSUBSCRIBE"
        case .punsubscribe: "PUNSUBSCRIBE"
        case .sunsubscribe: "SUNSUBSCRIBE"
        }
    }
}
