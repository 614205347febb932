import BulkheadNetworking

/// Decides what a consumer does next: make the group, take up its own entries, claim those that others left, read new
/// ones, or wait. It knows no clock and no connection, so tests drive it by value.
///
/// Since Redis 8.4 one command claims and reads. It is tried first; a server that refuses it is asked by two from then
/// on.
///
/// An entry that is not known to be acknowledged stays pending on the server. So whatever fails here, the entry comes
/// again when it has been idle for the limit: the machine has to remember none but those under way.
struct ConsumerMachine: Sendable {
    enum Step: Sendable, Equatable {
        case makeGroup
        case readOwn(after: String, count: Int)
        case claim(from: String, count: Int)
        case readNew(count: Int, wait: Duration)
        /// Both at once, by a server that knows CLAIM.
        case readOrClaim(count: Int, wait: Duration)
        case waitForHandler
        case pause(Duration)
        /// Wait for all handlers, then end; with ``failure`` if there is one.
        case end
    }

    /// What is to be done with an entry that was delivered before.
    enum Verdict: Equatable { case handle, bury, leave }

    static let firstID = "0-0"
    private static let backoff = Backoff(first: .milliseconds(50), cap: .seconds(5))
    private static let shortest = Duration.milliseconds(1)

    private let concurrency: Int
    private let idleLimit: Duration
    private let longestWait: Duration
    private let makesGroup: Bool
    private let mostDeliveries: Int?
    private let name: String

    private(set) var underWay: Set<String> = []
    private(set) var failure: RedisError?
    private(set) var isStopping = false
    private var needsGroup: Bool
    /// Behind which of its own entries it reads on; nil when it has read all.
    private var ownCursor: String? = firstID
    /// False once a server has refused CLAIM.
    private var claimsByReading = true
    private var claimCursor = firstID
    private var nextClaim: ContinuousClock.Instant
    private var failures = 0
    private var resumption: ContinuousClock.Instant?

    init(_ consumer: RedisStreamConsumer, concurrency: Int, at now: ContinuousClock.Instant) {
        self.concurrency = max(1, concurrency)
        idleLimit = max(Self.shortest, consumer.idleLimit)
        longestWait = max(Self.shortest, consumer.longestWait)
        makesGroup = consumer.makesGroup
        mostDeliveries = consumer.deadLetters.map { max(1, $0.deliveries) }
        name = consumer.name
        needsGroup = makesGroup
        nextClaim = now
    }

    /// The next step. The caller asks as soon as the last one has ended, and after a handler has.
    func next(at now: ContinuousClock.Instant) -> Step {
        if isStopping || failure != nil { return .end }
        if let resumption, resumption > now { return .pause(resumption - now) }
        if needsGroup { return .makeGroup }
        let free = concurrency - underWay.count
        if free <= 0 { return .waitForHandler }
        if let ownCursor { return .readOwn(after: ownCursor, count: free) }
        if claimsByReading { return .readOrClaim(count: free, wait: longestWait) }
        if nextClaim <= now { return .claim(from: claimCursor, count: free) }
        return .readNew(count: free, wait: max(Self.shortest, min(longestWait, nextClaim - now)))
    }

    // MARK: What steps came to

    mutating func madeGroup() {
        needsGroup = false
        succeeded()
    }

    /// `last` is the last of the entries that were read; nil if there were none.
    mutating func readOwn(last: String?) {
        ownCursor = last
        succeeded()
    }

    /// A walk through what others left ends where it began. The next begins after half of the limit.
    mutating func claimed(next: String, at now: ContinuousClock.Instant) {
        claimCursor = next
        if next == Self.firstID { nextClaim = now + max(Self.shortest, min(idleLimit / 2, .seconds(30))) }
        succeeded()
    }

    mutating func readNew() { succeeded() }

    /// True if the server does not know how to claim and read by one command: it is not asked so again.
    mutating func refusedClaim(_ error: RedisError) -> Bool {
        guard claimsByReading, error.code == .serverError else { return false }
        claimsByReading = false
        return true
    }

    private mutating func succeeded() {
        failures = 0
        resumption = nil
    }

    /// A step failed. True if it is tried again, after a pause; else the consumer ends.
    @discardableResult
    mutating func failed(_ error: RedisError, at now: ContinuousClock.Instant) -> Bool {
        if isStopping || failure != nil { return false }
        if error.showsMissingGroup {
            guard makesGroup else {
                failure = error
                return false
            }
            needsGroup = true
        } else if error.endsConsumer {
            failure = error
            return false
        }
        failures += 1
        // The first loss of a group is made good at once.
        if failures > 1 || !needsGroup { resumption = now + Self.pause(after: failures) }
        return true
    }

    static func pause(after failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return backoff.wait(after: failures, using: &random)
    }

    mutating func stop() { isStopping = true }

    // MARK: Entries

    /// Takes an entry in hand; false if it is under way already, as after claiming it from oneself.
    mutating func begin(_ id: String) -> Bool { underWay.insert(id).inserted }

    mutating func end(_ id: String) { underWay.remove(id) }

    /// True if deliveries have to be asked for.
    var countsDeliveries: Bool { mostDeliveries != nil }

    /// What to do with an entry that comes again. `pending` is what the group knows of it; nil if it was acknowledged
    /// meanwhile.
    func verdict(_ pending: RedisPendingEntry?) -> Verdict {
        guard let mostDeliveries else { return .handle }
        // Somebody else has it, or was done with it.
        guard let pending, pending.consumer == name else { return .leave }
        // The delivery that brought it here counts as well.
        return pending.deliveries > mostDeliveries ? .bury : .handle
    }
}

extension RedisError {
    /// True if the group or its stream is not there (any more). A server says UNBLOCKED to who waits when the key goes.
    var showsMissingGroup: Bool { code.name == "NOGROUP" || code == .unblocked }

    /// True if waiting does not help.
    var endsConsumer: Bool { Self.codesThatEndConsumers.contains(code) }

    private static let codesThatEndConsumers: Set<Code> = [
        .wrongType, .noPermission, .serverError, .unexpectedReply, .closed, .commandRefused, .unknownDatabase,
        .invalidCatalogue, .invalidConfiguration, .invalidArgument, .databaseOutOfRange, .databaseDenied,
        .authenticationFailed, .tlsUnavailable,
    ]
}
