import Synchronization

/// The circuit of one endpoint, for everybody who connects to it: while its server is away, one attempt at a time
/// after a backoff, and everybody else fails at once.
package final class Circuit: Sendable {
    private let backoff: Backoff
    private let listener: ConnectionEvents.Listener?
    private let machine = Mutex(CircuitMachine())

    /// `listener` hears of each time it opens and closes.
    package init(_ backoff: Backoff = Backoff(), _ listener: ConnectionEvents.Listener? = nil) {
        self.backoff = backoff
        self.listener = listener
    }

    /// How long an attempt must have gone unanswered for its end by its caller's deadline to be a failure too: a few
    /// round trips to the other side of the world. A lost packet may take longer, but one failure opens nothing.
    static let tellingTime = Duration.milliseconds(500)

    /// Leave to try once. Throws the last attempt's failure while there is none.
    package func admit() throws(ConnectionFailure) -> Attempt {
        let result = machine.withLock { machine in
            Result { () throws(ConnectionFailure) in try machine.admit(at: .now) }
        }
        return Attempt(self, try result.get())
    }

    /// Why nobody else may wait for `attempt`: it is the one that tries whether the server is back, and nobody knows
    /// yet. Nil where that is not so.
    func refusal(during attempt: Attempt) -> ConnectionFailure? {
        machine.withLock { $0.refusal(during: attempt.attempt) }
    }

    private func wait(after failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return backoff.wait(after: failures, using: &random)
    }

    /// One attempt; tell how it ended, or let go of it.
    package final class Attempt: Sendable {
        private let circuit: Circuit
        fileprivate let attempt: CircuitMachine.Attempt
        private let isOver = Atomic(false)

        fileprivate init(_ circuit: Circuit, _ attempt: CircuitMachine.Attempt) {
            self.circuit = circuit
            self.attempt = attempt
        }

        deinit { end(nil) { $0.abandoned(attempt) } }

        /// The first verdict counts: nil is success.
        func ended(_ failure: ConnectionFailure?) {
            end(failure) { machine in
                guard let failure else { return machine.succeeded() }
                switch failure.provesEndpoint {
                case true: machine.succeeded()
                case nil: machine.abandoned(attempt)
                case false: machine.failed(attempt, failure, at: .now, wait: circuit.wait)
                }
            }
        }

        /// The server had not answered after `time`, when the caller's own deadline was over.
        func ranOut(_ failure: ConnectionFailure, after time: Duration) {
            if time >= Circuit.tellingTime { return ended(failure) }
            end(nil) { $0.ranOut(attempt, at: .now, wait: circuit.wait) }
        }

        private func end(_ failure: ConnectionFailure?, _ verdict: (inout CircuitMachine) -> Void) {
            guard !isOver.exchange(true, ordering: .relaxed) else { return }
            circuit.machine.withLock { machine in
                let wasOpen = machine.isOpen
                verdict(&machine)
                guard machine.isOpen != wasOpen else { return }
                // A failure may close it: a server that refuses is there.
                if wasOpen {
                    circuit.listener?.tell(.circuitClosed)
                } else if let failure {
                    circuit.listener?.tell(.circuitOpened(failure))
                }
            }
        }
    }
}
