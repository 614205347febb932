import BulkheadNetworking

/// Decides when a consumer tells the server that it still works on its entries, so that nobody else is given them. It
/// knows no clock and no connection, so tests drive it by value.
struct EntryKeeper: Sendable {
    enum Step: Sendable, Equatable {
        case pause(Duration)
        /// Take these entries again, which sets their idle time to zero.
        case keep([String])
        case end
    }

    /// A third of the idle limit: two tries may fail before the entries are given away.
    private let interval: Duration
    /// When each entry under way was last known to be fresh.
    private var freshAt: [String: ContinuousClock.Instant] = [:]
    private var failures = 0
    private var resumption: ContinuousClock.Instant?
    private var isStopped: Bool

    init(_ consumer: RedisStreamConsumer) {
        interval = max(.milliseconds(1), consumer.idleLimit / 3)
        isStopped = !consumer.keepsEntries
    }

    mutating func begin(_ id: String, at now: ContinuousClock.Instant) { freshAt[id] = now }

    mutating func end(_ id: String) { freshAt[id] = nil }

    /// The next step. An entry that is due takes the others along, so that one command serves all.
    func next(at now: ContinuousClock.Instant) -> Step {
        if isStopped { return .end }
        if let resumption, resumption > now { return .pause(resumption - now) }
        guard let oldest = freshAt.values.min() else { return .pause(interval) }
        let due = oldest + interval
        return due <= now ? .keep(freshAt.keys.sorted()) : .pause(due - now)
    }

    /// `now` is the time before the command was sent.
    mutating func kept(_ ids: [String], at now: ContinuousClock.Instant) {
        failures = 0
        resumption = nil
        for id in ids where freshAt[id] != nil { freshAt[id] = now }
    }

    /// Tries again after a pause, or never if waiting does not help.
    mutating func failed(_ error: RedisError, at now: ContinuousClock.Instant) {
        failures += 1
        if error.endsConsumer { stop() }
        resumption = now + min(interval, ConsumerMachine.pause(after: failures))
    }

    mutating func stop() { isStopped = true }
}
