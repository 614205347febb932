import Synchronization

/// The circuit of one endpoint, of one login there, or of one of its databases, for everybody who connects to it:
/// after failures one attempt at a time, after a backoff, whose verdict all share; during the backoff all fail at once.
///
/// Circuits form a chain: endpoint, login, database. An attempt has leave from each of them, and a failure counts for
/// the one it speaks against: those before it have learnt that they are well, those behind it nothing. So a wrong
/// password slows down nobody who has a right one.
package final class Circuit: Sendable {
    /// How somebody may connect.
    package enum Admission: Sendable {
        case attempt(Attempt)
        /// Another attempt is under way; `ask` waits for its verdict.
        case pending(Circuit)
    }

    package typealias Answer = Result<Attempt, ConnectionFailure>

    fileprivate struct Waiter: Sendable {
        let wider: Attempt?
        let notify: @Sendable (Answer) -> Void
    }

    fileprivate struct State: Sendable {
        var machine: CircuitMachine<Waiter>
        var answers = RingQueue<(Waiter, CircuitMachine<Waiter>.Answer)>()
        var isAnswering = false
    }

    fileprivate let scope: CircuitScope
    private let wider: Circuit?
    let backoff: Backoff
    fileprivate let listener: ConnectionEvents.Listener?
    fileprivate let state: Mutex<State>
    private let counted = Atomic(0)

    /// Attempts that had leave, successful or not. As long as it stays the same nobody here has a new connection.
    package var attempts: Int { counted.load(ordering: .acquiring) }

    /// Of an endpoint. `listener` is notified each time it opens and closes.
    package convenience init(_ backoff: Backoff = Backoff(), _ listener: ConnectionEvents.Listener? = nil) {
        self.init(.endpoint, in: nil, backoff, listener)
    }

    private init(
        _ scope: CircuitScope, in wider: Circuit?, _ backoff: Backoff, _ listener: ConnectionEvents.Listener?
    ) {
        self.scope = scope
        self.wider = wider
        self.backoff = backoff
        self.listener = listener
        let tolerated = scope == .endpoint ? 1 : 0
        state = Mutex(State(machine: CircuitMachine(memory: backoff.cap, tolerated: tolerated)))
    }

    /// A circuit for one login at this endpoint.
    package func forLogin() -> Circuit { Circuit(.login, in: self, backoff, nil) }

    /// A circuit for one database of this login.
    package func forDatabase() -> Circuit { Circuit(.database, in: self, backoff, nil) }

    /// How long an attempt must have gone unanswered for its end by its caller's deadline to be a failure too: a few
    /// round trips to the other side of the world. A lost packet may take longer, but one failure opens nothing.
    static let tellingTime = Duration.milliseconds(500)

    /// Leave to try once, or a wait for who tries. Throws the last attempt's failure during a backoff.
    package func admit() throws(ConnectionFailure) -> Admission {
        var leave: Attempt?
        if let wider {
            guard case .attempt(let attempt) = try wider.admit() else { return .pending(self) }
            leave = attempt
        }
        let result = state.withLock { state in
            Result { () throws(ConnectionFailure) in try state.machine.admit(at: .now) }
        }
        guard let attempt = try result.get() else { return .pending(self) }
        return .attempt(made(attempt, leave))
    }

    /// Calls `notify` with leave to try once, or with why not: at once if that is known, else when the attempt in
    /// progress ends.
    package func ask(_ notify: @escaping @Sendable (Answer) -> Void) {
        guard let wider else { return ask(Waiter(wider: nil, notify: notify)) }
        wider.ask { [self] answer in
            switch answer {
            case .success(let leave): ask(Waiter(wider: leave, notify: notify))
            case .failure(let failure): notify(.failure(failure))
            }
        }
    }

    private func ask(_ waiter: Waiter) {
        let answer = state.withLock { $0.machine.ask(waiter, at: .now) }
        if let answer { notify(waiter, answer) }
    }

    private func notify(_ waiter: Waiter, _ answer: CircuitMachine<Waiter>.Answer) {
        waiter.notify(answer.map { made($0, waiter.wider) })
    }

    private func made(_ attempt: CircuitMachine<Waiter>.Attempt, _ wider: Attempt?) -> Attempt {
        counted.add(1, ordering: .releasing)
        return Attempt(self, attempt, wider)
    }

    /// A list of work and no recursion: one who is notified may give up the attempt at once, and then the next is
    /// notified.
    private func answerWaiters() {
        let isFirst = state.withLock { state in
            defer { state.isAnswering = true }
            return !state.isAnswering
        }
        guard isFirst else { return }
        while true {
            let next = state.withLock { state in
                let next = state.answers.popFirst()
                if next == nil { state.isAnswering = false }
                return next
            }
            guard let next else { return }
            notify(next.0, next.1)
        }
    }

    /// One attempt; report how it ended, or release it.
    package final class Attempt: Sendable {
        private let circuit: Circuit
        private let attempt: CircuitMachine<Waiter>.Attempt
        /// The leave of the circuits before this one.
        private let wider: Attempt?
        private let isOver = Atomic(false)

        fileprivate init(_ circuit: Circuit, _ attempt: CircuitMachine<Waiter>.Attempt, _ wider: Attempt?) {
            self.circuit = circuit
            self.attempt = attempt
            self.wider = wider
        }

        deinit { end(nil) { $0.gaveUp(attempt) } }

        /// The first verdict counts: nil is success.
        func ended(_ failure: ConnectionFailure?) {
            end(failure) { machine in
                guard let failure else { return machine.succeeded() }
                guard let scope = failure.scope, scope >= circuit.scope else { return machine.gaveUp(attempt) }
                if scope > circuit.scope { return machine.succeeded() }
                return machine.failed(attempt, failure, at: .now, wait: circuit.backoff.waitAtRandom)
            }
            wider?.ended(failure)
        }

        /// The server had not answered after `time`, when the caller's own deadline was over.
        func ranOut(_ failure: ConnectionFailure, after time: Duration) {
            if time >= Circuit.tellingTime { return ended(failure) }
            end(nil) { $0.ranOut(attempt, at: .now, wait: circuit.backoff.waitAtRandom) }
            wider?.ranOut(failure, after: time)
        }

        private func end(
            _ failure: ConnectionFailure?,
            _ verdict: (inout CircuitMachine<Waiter>) -> [(Waiter, CircuitMachine<Waiter>.Answer)]
        ) {
            guard !isOver.exchange(true, ordering: .relaxed) else { return }
            let hasAnswers = circuit.state.withLock { state in
                let wasOpen = state.machine.isOpen
                for answer in verdict(&state.machine) { state.answers.append(answer) }
                if state.machine.isOpen != wasOpen {
                    // A failure may close it: a server that refuses is there.
                    if wasOpen {
                        circuit.listener?.notify(.circuitClosed)
                    } else if let failure {
                        circuit.listener?.notify(.circuitOpened(failure))
                    }
                }
                return !state.answers.isEmpty
            }
            if hasAnswers { circuit.answerWaiters() }
        }
    }
}
