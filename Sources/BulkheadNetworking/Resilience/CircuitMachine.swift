/// Decides whether a connection may be tried now; its clock and its dice are its caller's.
///
/// ```
/// closed ── attempts failed ──▶ open until a backoff is over ── somebody asks ──▶ half open: one attempt, others wait
///    ▲                              ▲                                                     │
///    ├───────── it succeeded ───────┼──────────────── it failed ◀─────────────────────────┤
///    │                              └── nobody knows, and nobody waits ◀──────────────────┤
///    └── nobody asked for longer than the longest backoff      the next who waits tries ◀─┘
/// ```
/// Those who wait share the verdict: they may all try, or fail with the attempt's own failure. Only an attempt that
/// fails fails them; one that is given up is followed by the next.
///
/// What it judges is said by `CircuitScope`. For a server one failure opens nothing, as a connection can be lost while
/// it is made, and the next attempt tells more; a login or a database that was refused was refused in words.
struct CircuitMachine<Waiter: Sendable>: Sendable {
    /// Stands for one attempt; its verdict counts only while nothing newer is known.
    struct Attempt: Sendable, Hashable {
        fileprivate let round: Int
    }

    typealias Answer = Result<Attempt, ConnectionFailure>

    /// A verdict, and when it came.
    private struct Verdict: Sendable {
        let failure: ConnectionFailure
        let moment: Moment
    }

    private enum State {
        case closed
        case open(until: Moment, Verdict)
        case halfOpen(Verdict)
    }

    /// How long a failure says anything.
    private let memory: Duration
    /// Failures in a row that leave it closed.
    private let tolerated: Int

    private var state = State.closed
    /// Attempts of an earlier round were begun before the last verdict.
    private var round = 0
    /// In a row.
    private(set) var failures = 0
    /// True from the failure that opened it until an attempt succeeds.
    private(set) var isOpen = false
    /// Those who wait for the attempt under way, in the order they came.
    private var waiters = RingQueue<Waiter>()

    /// `memory` is the longest backoff; `tolerated` failures in a row open nothing.
    init(memory: Duration = Backoff().cap, tolerated: Int = 1) {
        self.memory = memory
        self.tolerated = tolerated
    }

    var waiterCount: Int { waiters.count }

    /// One more attempt; nil while another one is under way, whose verdict `ask` waits for. Throws during a backoff.
    mutating func admit(at now: Moment) throws(ConnectionFailure) -> Attempt? {
        if case .open(_, let verdict) = state, verdict.moment + memory < now {
            state = .closed
            failures = 0
        }
        switch state {
        case .closed: break
        case .open(let until, let verdict) where until > now:
            throw verdict.failure.held("no attempt is made for another \((until - now).inWords)")
        case .open(_, let verdict): tryOnce(after: verdict)
        case .halfOpen: return nil
        }
        return Attempt(round: round)
    }

    /// The answer at once, or nil: then `waiter` has it when the attempt under way is over.
    mutating func ask(_ waiter: Waiter, at now: Moment) -> Answer? {
        do throws(ConnectionFailure) {
            if let attempt = try admit(at: now) { return .success(attempt) }
        } catch {
            return .failure(error)
        }
        waiters.append(waiter)
        return nil
    }

    // MARK: Verdicts; each returns who waits no longer

    /// However late it comes: the server is there, the login right.
    mutating func succeeded() -> [(Waiter, Answer)] {
        state = .closed
        round += 1
        failures = 0
        isOpen = false
        return answerAll(.success(Attempt(round: round)))
    }

    mutating func failed(
        _ attempt: Attempt, _ failure: ConnectionFailure, at now: Moment, wait: (Int) -> Duration
    ) -> [(Waiter, Answer)] {
        // Attempts side by side that fail together are one failure.
        guard attempt.round == round else { return [] }
        round += 1
        failures += 1
        guard failures > tolerated else { return [] }
        isOpen = true
        state = .open(until: now + wait(failures - tolerated), Verdict(failure: failure, moment: now))
        return answerAll(.failure(failure.at(.refused)))
    }

    /// The attempt's caller had too little time for it to be a failure. Whoever comes next waits as after one.
    mutating func ranOut(_ attempt: Attempt, at now: Moment, wait: (Int) -> Duration) -> [(Waiter, Answer)] {
        guard attempt.round == round, case .halfOpen(let verdict) = state else { return [] }
        if let next = next(after: verdict) { return [next] }
        let pause = wait(max(1, failures - tolerated))
        state = .open(until: now + pause, Verdict(failure: verdict.failure, moment: now))
        return []
    }

    /// The attempt was given up before anything was learnt.
    mutating func gaveUp(_ attempt: Attempt) -> [(Waiter, Answer)] {
        guard attempt.round == round, case .halfOpen(let verdict) = state else { return [] }
        if let next = next(after: verdict) { return [next] }
        state = .open(until: Moment(nanoseconds: 0), verdict)
        return []
    }

    private mutating func tryOnce(after verdict: Verdict) {
        round += 1
        state = .halfOpen(verdict)
    }

    /// The attempt of the first who waits.
    private mutating func next(after verdict: Verdict) -> (Waiter, Answer)? {
        guard let waiter = waiters.popFirst() else { return nil }
        tryOnce(after: verdict)
        return (waiter, .success(Attempt(round: round)))
    }

    private mutating func answerAll(_ answer: Answer) -> [(Waiter, Answer)] {
        var answers: [(Waiter, Answer)] = []
        while let waiter = waiters.popFirst() { answers.append((waiter, answer)) }
        return answers
    }
}

/// What a circuit judges; a later one lies within those before it.
enum CircuitScope: Int, Sendable, Comparable {
    /// Whether a server answers at its endpoint.
    case endpoint
    /// Whether it lets this login in.
    case login
    /// Whether it lets this login into this database.
    case database

    static func < (left: CircuitScope, right: CircuitScope) -> Bool { left.rawValue < right.rawValue }
}

extension ConnectionFailure {
    /// The last attempt's failure, for a caller who got none of their own.
    fileprivate func held(_ why: String) -> ConnectionFailure {
        ConnectionFailure(reason, "\(message) (\(why))", stage: .refused)
    }

    /// What it speaks against; nothing is said against what lies before that. Nil says nothing at all, as a full pool
    /// or a process out of descriptors does.
    var scope: CircuitScope? {
        switch reason {
        case .nameNotResolved, .connectFailed, .connectTimedOut, .handshakeUnanswered, .protocolViolation,
            .unsolicitedReply, .closedByServer, .inputOutput, .tlsFailed, .notPrimary, .primaryAwaited,
            .primaryUnknown, .superseded:
            .endpoint
        // Who has a certificate is there.
        case .handshakeRefused, .authenticationFailed, .permissionDenied, .certificateRefused, .tlsRefused: .login
        case .databaseOutOfRange, .databaseDenied: .database
        case .outOfDescriptors, .tlsUnavailable, .tlsSettings, .credentialsUnavailable, .closed, .tooManyWaiters,
            .tooManyRequests, .timedOut,
            .leaseTimedOut, .cancelled, .pushOverflow, .crossSlot:
            nil
        }
    }
}
