/// Decides whether a connection to an endpoint may be tried now; its clock and its dice are its caller's.
///
/// ```
/// closed ── attempts failed ──▶ open until a backoff is over ── somebody asks ──▶ half open: one attempt
///    ▲                              ▲                                                     │
///    └────────── it succeeded ──────┼──────────────── it failed ◀─────────────────────────┤
///                                   ├── its caller's time was over first ◀────────────────┤
///                                   └── nobody knows: over at once ◀──────────────────────┘
/// ```
/// One failure opens nothing: a connection can be lost while it is made, and the next attempt tells more.
///
/// It judges the endpoint alone: a full pool, a refused password or a deadline that left it little time say nothing
/// about it, and an error that a server answers shows that it is there.
struct CircuitMachine: Sendable {
    /// Stands for one attempt; its verdict counts only while nothing newer is known.
    struct Attempt: Sendable, Hashable {
        fileprivate let round: Int
    }

    private enum State {
        case closed
        case open(until: Moment, ConnectionFailure)
        case halfOpen(ConnectionFailure)
    }

    /// Failures in a row that leave it closed.
    private static let mostTolerated = 1

    private var state = State.closed
    /// Attempts of an earlier round were begun before the last verdict.
    private var round = 0
    /// In a row.
    private(set) var failures = 0

    /// One more attempt, or why not.
    mutating func admit(at now: Moment) throws(ConnectionFailure) -> Attempt {
        switch state {
        case .closed: break
        case .open(let until, let failure) where until > now:
            throw failure.held("no attempt is made for another \((until - now).inWords)")
        case .open(_, let failure):
            round += 1
            state = .halfOpen(failure)
        case .halfOpen(let failure):
            throw failure.held("another attempt is under way")
        }
        return Attempt(round: round)
    }

    /// However late it comes: the server is there.
    mutating func succeeded() {
        self = Self(round: round + 1)
    }

    mutating func failed(_ attempt: Attempt, _ failure: ConnectionFailure, at now: Moment, wait: (Int) -> Duration) {
        // Attempts side by side that fail together are one failure.
        guard attempt.round == round else { return }
        round += 1
        failures += 1
        if failures > Self.mostTolerated { state = .open(until: now + wait(failures - Self.mostTolerated), failure) }
    }

    /// The attempt's caller had too little time for it to be a failure; but whoever comes next waits as after one.
    mutating func ranOut(_ attempt: Attempt, at now: Moment, wait: (Int) -> Duration) {
        guard attempt.round == round, case .halfOpen(let failure) = state else { return }
        state = .open(until: now + wait(failures - Self.mostTolerated), failure)
    }

    /// The attempt was given up before anything was learnt.
    mutating func abandoned(_ attempt: Attempt) {
        guard attempt.round == round, case .halfOpen(let failure) = state else { return }
        state = .open(until: Moment(nanoseconds: 0), failure)
    }

    /// What everybody else is told while `attempt` is the one that tries; nil if it is not, or is over.
    func refusal(during attempt: Attempt) -> ConnectionFailure? {
        guard attempt.round == round, case .halfOpen(let failure) = state else { return nil }
        return failure.held("another attempt is under way")
    }

    /// True from the failure that opened it until an attempt succeeds.
    var isOpen: Bool {
        if case .closed = state { false } else { true }
    }

    init() {}

    private init(round: Int) { self.round = round }
}

extension ConnectionFailure {
    /// The last attempt's failure, for a caller who got none of their own.
    fileprivate func held(_ why: String) -> ConnectionFailure {
        ConnectionFailure(reason, "\(message) (\(why))", progress: .refused)
    }

    /// What it says about the endpoint: true is there, false is not, nil says nothing.
    var provesEndpoint: Bool? {
        switch reason {
        case .nameNotResolved, .connectFailed, .connectTimedOut, .handshakeUnanswered, .protocolViolation,
            .unsolicitedReply, .closedByServer, .inputOutput:
            false
        case .handshakeRefused, .authenticationFailed, .permissionDenied, .databaseOutOfRange, .databaseDenied: true
        case .closed, .tooManyWaiters, .tooManyRequests, .timedOut, .leaseTimedOut, .cancelled, .pushOverflow: nil
        }
    }
}
