import BulkheadNetworking
import BulkheadRESP

/// What to subscribe to: channels, patterns or shard channels, in any number and mixed by `+`.
///
/// ```swift
/// let everything: RedisChannels = .channels("orders", "stock") + .patterns("news.*")
/// ```
public struct RedisChannels: Sendable, Hashable {
    let subjects: [SubscriptionSubject]

    private init(_ kind: SubscriptionSubject.Kind, _ names: [String]) {
        self.init(names.map { SubscriptionSubject(kind, RESPBytes($0)) })
    }

    /// Each once.
    private init(_ subjects: [SubscriptionSubject]) {
        var seen: Set<SubscriptionSubject> = []
        self.subjects = subjects.filter { seen.insert($0).inserted }
    }

    /// Channels by their names.
    public static func channels(_ names: String...) -> RedisChannels { RedisChannels(.channel, names) }
    /// The same with an array of names.
    public static func channels(_ names: [String]) -> RedisChannels { RedisChannels(.channel, names) }

    /// All channels that a pattern matches: `*` any text, `?` one byte, `[ab]` one of them, `\` the next as it is.
    public static func patterns(_ patterns: String...) -> RedisChannels { RedisChannels(.pattern, patterns) }
    /// The same with an array of patterns.
    public static func patterns(_ patterns: [String]) -> RedisChannels { RedisChannels(.pattern, patterns) }

    /// Shard channels by their names: `SPUBLISH` sends to them. Since 7.0.
    public static func shardChannels(_ names: String...) -> RedisChannels { RedisChannels(.shardChannel, names) }
    /// The same with an array of names.
    public static func shardChannels(_ names: [String]) -> RedisChannels { RedisChannels(.shardChannel, names) }

    /// Both.
    public static func + (left: RedisChannels, right: RedisChannels) -> RedisChannels {
        RedisChannels(left.subjects + right.subjects)
    }
}
