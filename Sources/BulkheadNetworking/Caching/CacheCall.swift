package import BulkheadRESP
import Synchronization

/// Why a cache cannot keep anything.
package enum CacheFailure: Error, Sendable, Hashable {
    case connection(ConnectionFailure)
    /// The server's error line to the command that it names.
    case refused(RESPBytes, command: String)
    /// The connection speaks RESP2, which has no pushes.
    case withoutPushes(Endpoint)
}

/// A caller that waits for a reply which may be another's too; the first outcome counts.
final class CacheCall: Sendable, TimerTarget {
    enum Outcome: Sendable {
        /// The reply; or, of a question, that everything said before has arrived.
        case reply(RESPValue)
        /// The connection ended: read as if there were no cache.
        case passed
        case failed(CacheFailure)
    }

    private enum State: Sendable {
        case begun
        case waiting(Caller<Outcome>)
        case over(Outcome)
    }

    private let state = Mutex(State.begun)
    private let deadline: Deadline

    init(until deadline: Deadline) { self.deadline = deadline }

    func resume(_ outcome: Outcome) {
        let caller: Caller<Outcome>? = state.withLock { state in
            switch state {
            case .begun:
                state = .over(outcome)
                return nil
            case .waiting(let caller):
                state = .over(outcome)
                return caller
            case .over: return nil
            }
        }
        caller?.resume(outcome)
    }

    /// Waits for the outcome, or the deadline; a cancelled task waits no longer.
    func outcome() async -> Outcome {
        Poller.shared.look(at: deadline.end, for: self)
        defer { Poller.shared.forget(self) }
        return await suspend { caller in
            if let now = begin(.task(caller)) { caller.resume(returning: now) }
        } onCancel: {
            resume(.failed(.connection(.cancelled(.sent))))
        }
    }

    /// The same for a thread, which waits.
    func outcomeBlocking() -> Outcome {
        let thread = WaitingThread<Outcome>()
        if let now = begin(.thread(thread)) { return now }
        if let outcome = thread.wait(deadline.end == .never ? nil : deadline.left) { return outcome }
        resume(late)
        return thread.wait(nil)!
    }

    private func begin(_ caller: Caller<Outcome>) -> Outcome? {
        state.withLock { state in
            if case .over(let outcome) = state { return outcome }
            state = .waiting(caller)
            return nil
        }
    }

    func look(at now: Moment) { resume(late) }

    private var late: Outcome {
        .failed(
            .connection(
                ConnectionFailure(
                    .timedOut, "the server did not answer within \(deadline.timeout.inWords)", stage: .sent)))
    }
}
