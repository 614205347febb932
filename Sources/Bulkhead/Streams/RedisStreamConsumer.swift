/// One consumer of a group that shares the entries of a stream: what it reads, how many at once, and its limits.
///
/// ```swift
/// var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "worker-1")
/// consumer.concurrency = 8
/// consumer.idleLimit = .seconds(120)
/// consumer.deadLetters = RedisDeadLetters(after: 5, to: "orders:dead")
/// try await databases[.main].consume(consumer) { entry in
///     try await charge(entry["account"], entry["amount"])
/// }
/// ```
/// See <doc:StreamsAsQueues>.
public struct RedisStreamConsumer: Sendable {
    /// The key of the stream.
    public var stream: String
    /// The group, each entry of which goes to one of its consumers.
    public var group: String
    /// The consumer's name, which no other running consumer of the group may have. A consumer that starts again under
    /// its old name handles its pending entries first.
    public var name: String

    /// How many handlers run at once, and how many entries are in memory, as nothing is read ahead. Default 1; at least
    /// 1.
    ///
    /// A consumer on a thread ignores it and handles one entry at a time: run more threads.
    public var concurrency = 1
    /// How long an entry may be pending, neither acknowledged nor kept, before another consumer may claim it. Default
    /// 60 s; at least 1 ms.
    ///
    /// It is also the pause before an entry whose handler threw is tried again.
    public var idleLimit: Duration = .seconds(60)
    /// Whether to keep entries while their handlers run, however long they take: an XCLAIM sets their idle time to zero
    /// at a third of ``idleLimit``. Default true. If false, a handler must be faster than the limit.
    ///
    /// Others get an entry only when this process ends, hangs as a whole, or cannot reach the server for longer than
    /// the limit; so a handler that never ends keeps its entry for ever. Where a user may not run XCLAIM, ``observe``
    /// is called with the refusal once, and nothing is kept.
    public var keepsEntries = true
    /// How long one XREADGROUP waits on the server for new entries. Default 5 s; at least 1 ms. A consumer on a thread
    /// may need that long to notice that it should stop.
    public var longestWait: Duration = .seconds(5)
    /// The id of the entry after which a new group begins. Default `0`: with all entries of the stream; `$`: with those
    /// that are added later. It counts only where the group is missing: one that `xgroupCreate` made by its own
    /// default, `$`, skips the entries that are there.
    public var groupStart = "0"
    /// Whether to make the stream and the group if they are missing, also when they vanish meanwhile; the group then
    /// begins at ``groupStart`` again. Default true. If false, `consume` throws the server's `NOGROUP`.
    public var makesGroup = true
    /// When an entry that fails again and again is moved away, and where to. Default nil: it is tried for ever.
    public var deadLetters: RedisDeadLetters?
    /// Is called for each event, on the task or thread where it happens, so it must be quick. Default nil.
    public var observe: (@Sendable (RedisStreamEvent) -> Void)?

    /// A consumer with the default settings.
    public init(stream: String, group: String, name: String) {
        self.stream = stream
        self.group = group
        self.name = name
    }
}

/// When an entry counts as dead, and where it goes then.
public struct RedisDeadLetters: Sendable, Hashable {
    /// How often an entry is delivered to handlers before it counts as dead. At least 1.
    public var deliveries: Int
    /// The stream that it moves to; nil if a closure of `consume` takes it.
    public var stream: String?

    /// After so many deliveries an entry moves to `stream` with all of its fields, under a new id.
    ///
    /// One script adds it there and acknowledges it here, so it is in exactly one of the two. In a cluster both keys
    /// must be of one slot, as `{orders}` and `{orders}:dead` are; else `consume` throws `CROSSSLOT`. An entry of more
    /// than about 3,900 fields cannot be moved, and stays.
    public init(after deliveries: Int, to stream: String) {
        self.deliveries = deliveries
        self.stream = stream
    }

    /// After so many deliveries an entry goes to the closure `deadLetters` of `consume`, which must be given then.
    public init(after deliveries: Int) { self.deliveries = deliveries }
}

/// Something that happened to a consumer.
public struct RedisStreamEvent: Sendable {
    /// What happened; more kinds may come.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        /// One word, fit for a metric label: `handled`.
        public let rawValue: String

        /// A kind by its word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The handler returned, and the entry is acknowledged.
        public static let handled = Kind(rawValue: "handled")
        /// The handler threw, or the entry does not convert: it stays pending, and is tried again.
        public static let failed = Kind(rawValue: "failed")
        /// The entry was left alone for longer than the limit, and is this consumer's now.
        public static let reclaimed = Kind(rawValue: "reclaimed")
        /// The entry moved to the dead letters, or their closure returned.
        public static let deadLettered = Kind(rawValue: "dead-lettered")
        /// The entry had been deleted from the stream, so there was nothing to handle: it is acknowledged.
        public static let vanished = Kind(rawValue: "vanished")
        /// The handler returned, but the entry could not be acknowledged: somebody handles it again.
        public static let unacknowledged = Kind(rawValue: "unacknowledged")
        /// A command failed, and is tried again after a pause.
        public static let interrupted = Kind(rawValue: "interrupted")
        /// The group was made, as it was missing.
        public static let groupMade = Kind(rawValue: "group-made")
    }

    /// What happened.
    public let kind: Kind
    /// The entry's id; nil for what concerns none.
    public let id: String?
    /// Why, where something failed.
    public let error: (any Error)?

    init(_ kind: Kind, _ id: String? = nil, error: (any Error)? = nil) {
        self.kind = kind
        self.id = id
        self.error = error
    }
}

/// How often each kind of event happened while a consumer ran.
public struct RedisStreamCounts: Sendable, Hashable {
    private var counts: [RedisStreamEvent.Kind: Int] = [:]

    /// How often it happened.
    public subscript(kind: RedisStreamEvent.Kind) -> Int { counts[kind, default: 0] }

    mutating func count(_ kind: RedisStreamEvent.Kind) { counts[kind, default: 0] += 1 }
}
