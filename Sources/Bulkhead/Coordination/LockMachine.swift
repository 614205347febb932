import BulkheadNetworking

/// How long a lock is taken for, and how much of it counts for the holder.
struct LockTerm: Sendable, Hashable {
    /// What the server is told.
    let lease: Duration

    private static let shortest = Duration.milliseconds(10)
    private static let longest = Duration.seconds(365 * 86_400)

    init(_ lease: Duration) throws(RedisError) {
        guard lease >= Self.shortest, lease <= Self.longest else {
            throw RedisError(
                .invalidArgument, "a lock is taken for 10 milliseconds at least, and for 365 days at most")
        }
        self.lease = lease
    }

    /// A hundredth is left for clocks that do not run alike.
    var validity: Duration { lease - lease / 100 }
    /// When an extension is due, and how long it may take.
    var third: Duration { lease / 3 }
    var microseconds: Int64 { lease.wholeMicroseconds }
}

extension Duration {
    /// Without the part of a microsecond.
    var wholeMicroseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000_000) }
}

/// Decides what somebody who wants a lock does next: ask, wait, or give up. It knows no clock and no connection.
struct LockWait: Sendable {
    enum Step: Sendable, Equatable {
        /// Ask the server, and wait so long for its answer.
        case ask(within: Duration)
        case pause(Duration)
        /// It is ours, until that moment by the clock of this process.
        case taken(number: Int64, end: ContinuousClock.Instant)
        case done
        /// Nobody could be asked, or the time is over.
        case fails(RedisError)
    }

    private static let backoff = Backoff(first: .milliseconds(20), cap: .milliseconds(500))
    private static let shortestPause = Duration.milliseconds(1)

    private let term: LockTerm
    private let deadline: ContinuousClock.Instant?
    private var hasAsked = false
    private var attempts = 0
    private var resumption: ContinuousClock.Instant?
    private var outcome: Step?
    private var lastError: RedisError?
    /// True if the server may have given us the lock, and we do not know.
    private(set) var mayHold = false

    init(_ term: LockTerm, waiting: Duration?, at now: ContinuousClock.Instant) {
        self.term = term
        deadline = waiting.map { now + min(max(.zero, $0), .seconds(1_000_000_000)) }
    }

    mutating func next(at now: ContinuousClock.Instant) -> Step {
        if let outcome { return outcome }
        let left = deadline.map { $0 - now }
        if hasAsked, let left, left <= .zero {
            return .fails(
                lastError
                    ?? RedisError(
                        .lockTimedOut, "somebody else held the lock for as long as this call was to wait for it",
                        stage: .answered))
        }
        if let resumption, resumption > now { return .pause(min(resumption - now, left ?? .seconds(3_600))) }
        // A first question has its time even where the call is not to wait.
        let limit = hasAsked ? min(term.lease, left ?? term.lease) : term.lease
        hasAsked = true
        return .ask(within: max(Self.shortestPause, limit))
    }

    /// A question has ended; `asked` is when it was about to leave.
    mutating func ended(
        _ answer: Result<LockReply, RedisError>, asked: ContinuousClock.Instant, at now: ContinuousClock.Instant,
        using random: inout some RandomNumberGenerator
    ) {
        switch answer {
        case .success(let reply): answered(reply, asked: asked, at: now, using: &random)
        case .failure(let error): failed(error, at: now, using: &random)
        }
    }

    mutating func answered(
        _ reply: LockReply, asked: ContinuousClock.Instant, at now: ContinuousClock.Instant,
        using random: inout some RandomNumberGenerator
    ) {
        lastError = nil
        switch reply {
        case .taken(let number):
            // From before the question: the server began to count later.
            let end = asked + term.validity
            mayHold = true
            if end > now { outcome = .taken(number: number, end: end) } else { wait(at: now, using: &random) }
        case .held(let left):
            mayHold = false
            wait(at: now, atMost: max(Self.shortestPause, left), using: &random)
        case .done:
            mayHold = false
            outcome = .done
        }
    }

    mutating func failed(
        _ error: RedisError, at now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator
    ) {
        // Answered by an error, or never sent: this question did not take it.
        if error.isAmbiguous { mayHold = true }
        if error.endsConsumer || error.code == .cancelled {
            outcome = .fails(error)
        } else {
            lastError = error
            wait(at: now, using: &random)
        }
    }

    private mutating func wait(
        at now: ContinuousClock.Instant, atMost most: Duration = .seconds(3_600),
        using random: inout some RandomNumberGenerator
    ) {
        attempts += 1
        resumption = now + min(most, max(Self.shortestPause, Self.backoff.wait(after: attempts, using: &random)))
    }
}

/// Decides what a holder's keeper does next: sleep, extend, or say that the lock is lost. It knows no clock and no
/// connection.
struct LockLease: Sendable {
    enum Step: Sendable, Equatable {
        case sleep(Duration)
        /// Extend it, and wait so long for the answer.
        case extend(within: Duration)
        case lost
    }

    private static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(500))

    let number: Int64
    private let term: LockTerm
    /// When the holder gives up, by the clock of this process: before the server does.
    private(set) var end: ContinuousClock.Instant
    private var nextExtension: ContinuousClock.Instant
    private var failures = 0
    private var isRefused = false

    init(_ term: LockTerm, number: Int64, end: ContinuousClock.Instant) {
        self.term = term
        self.number = number
        self.end = end
        nextExtension = end - term.validity + term.third
    }

    func isHeld(at now: ContinuousClock.Instant) -> Bool { !isRefused && now < end }

    func next(at now: ContinuousClock.Instant) -> Step {
        guard isHeld(at: now) else { return .lost }
        if nextExtension > now { return .sleep(min(nextExtension, end) - now) }
        return .extend(within: min(term.third, end - now))
    }

    /// The server extended it; `asked` is when the question was about to leave.
    mutating func extended(asked: ContinuousClock.Instant, at now: ContinuousClock.Instant) {
        // What was lost stays lost, as others may have been told.
        guard isHeld(at: now) else { return refused() }
        failures = 0
        end = max(end, asked + term.validity)
        nextExtension = asked + term.third
    }

    /// The server says that somebody else has it, or had.
    mutating func refused() { isRefused = true }

    /// Nobody knows whether the server extended it. It is tried again until the end.
    mutating func failed(at now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator) {
        failures += 1
        nextExtension = now + max(.milliseconds(1), Self.backoff.wait(after: failures, using: &random))
    }

    /// The same pause for what else is tried again.
    static func pause(after failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return max(.milliseconds(1), backoff.wait(after: failures, using: &random))
    }
}
