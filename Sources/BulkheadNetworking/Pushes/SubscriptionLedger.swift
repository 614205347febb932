/// How many subscriptions a connection has, by the server's own confirmations.
///
/// A confirmation ends with a count: for channels and patterns of both together, for shard channels of those alone. So
/// the counts are kept apart without keeping names: what a confirmation of a channel does not leave to patterns is
/// channels'. A channel that is subscribed to twice counts once, as the server counts it.
///
/// In RESP2 messages are arrays like replies, and only this tells that one may come.
struct SubscriptionLedger: Sendable, Hashable {
    private(set) var channels = 0
    private(set) var patterns = 0
    private(set) var shardChannels = 0

    var isSubscribed: Bool { channels > 0 || patterns > 0 || shardChannels > 0 }

    /// Takes a confirmation and the count that ends it.
    mutating func confirmed(_ kind: SubscriptionKind, left count: Int64) {
        // No server has more, and one that says 0 to a new subscription is not believed.
        var count = Int(min(max(count, 0), Int64(Int32.max)))
        switch kind {
        case .subscribe, .psubscribe, .ssubscribe: count = max(count, 1)
        case .unsubscribe, .punsubscribe, .sunsubscribe: break
        }
        switch kind {
        case .subscribe, .unsubscribe:
            channels = max(0, count - patterns)
            patterns = count - channels
        case .psubscribe, .punsubscribe:
            patterns = max(0, count - channels)
            channels = count - patterns
        case .ssubscribe, .sunsubscribe:
            shardChannels = count
        }
    }

    /// Subscriptions of the sort that `kind` begins or ends.
    func left(of kind: SubscriptionKind) -> Int {
        switch kind {
        case .subscribe, .unsubscribe: channels
        case .psubscribe, .punsubscribe: patterns
        case .ssubscribe, .sunsubscribe: shardChannels
        }
    }
}
