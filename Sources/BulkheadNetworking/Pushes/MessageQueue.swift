import BulkheadRESP
import Dispatch
import Synchronization

/// Events on their way from the connection to one subscriber, a task or a thread that reads them in their order.
///
/// Several readers take turns. A cancelled reader gets nil, and what it did not read stays for the next.
package final class MessageQueue: MessageReceiver {
    /// Nil is the end.
    typealias Outcome = Result<SubscriptionEvent?, SubscriptionFailure>

    private struct State: Sendable {
        var backlog: MessageBacklog
        var readers: [Reader] = []
        /// Who waits for the confirmations.
        var opener: Caller<Result<Void, SubscriptionFailure>>?
        var isSubscribed = false
        var newestReader = 0
        /// The end, behind what is kept.
        var end: Outcome?

        /// What a reader has at once; nil if it must wait.
        var next: Outcome? {
            mutating get {
                if let event = backlog.popFirst() { return .success(event) }
                defer { if case .failure = end { end = .success(nil) } }
                return end
            }
        }

        /// What a subscriber who has not read yet learns; nil if it must wait.
        var opened: Result<Void, SubscriptionFailure>? {
            if isSubscribed { return .success(()) }
            return end.map { .failure($0.failure ?? MessageQueue.closed) }
        }
    }

    private struct Reader: Sendable {
        let number: Int
        let caller: Caller<Outcome>
    }

    private let state: Mutex<State>

    init(mostMessages: Int) {
        state = Mutex(State(backlog: MessageBacklog(mostMessages: mostMessages)))
    }

    // MARK: What comes

    package func append(_ message: PushedMessage) {
        append(.message(message)) { $0.append(message) }
    }

    package func appendGap(_ why: SubscriptionFailure) {
        append(.gap(why)) { $0.appendGap(why) }
    }

    private func append(_ event: SubscriptionEvent, _ keep: (inout MessageBacklog) -> Void) {
        let reader: Reader? = state.withLock { state in
            if state.end != nil { return nil }
            if state.readers.isEmpty {
                keep(&state.backlog)
                return nil
            }
            return state.readers.removeFirst()
        }
        reader?.caller.resume(.success(event))
    }

    /// Everything is confirmed.
    package func subscribed() {
        let opener = state.withLock { state in
            state.isSubscribed = true
            return state.opener.take()
        }
        opener?.resume(.success(()))
    }

    /// Nothing comes any more; the first end counts. Nil is an end without a failure.
    package func end(_ failure: SubscriptionFailure?) {
        let outcome: Outcome = failure.map { .failure($0) } ?? .success(nil)
        let (readers, opener) = state.withLock { state in
            guard state.end == nil else { return ([Reader](), Caller<Result<Void, SubscriptionFailure>>?.none) }
            state.end = outcome
            // One of several learns of the failure; all learn of the end.
            if !state.readers.isEmpty { state.end = .success(nil) }
            defer { state.readers = [] }
            return (state.readers, state.opener.take())
        }
        for (place, reader) in readers.enumerated() { reader.caller.resume(place == 0 ? outcome : .success(nil)) }
        opener?.resume(.failure(failure ?? Self.closed))
    }

    /// For who waits for the confirmations.
    private static var closed: SubscriptionFailure {
        .connection(ConnectionFailure(.closed, "the subscription or the databases were closed", stage: .refused))
    }

    // MARK: Tasks

    /// Waits for the confirmations, the end, or the deadline; a cancelled task waits no longer.
    func opened(
        until deadline: Deadline, _ late: @escaping @Sendable () -> SubscriptionFailure
    ) async -> Result<Void, SubscriptionFailure> {
        if let now = state.withLock({ $0.opened }) { return now }
        let expiry = Timer { [self] in end(late()) }
        if deadline.end != .never { Poller.shared.look(at: deadline.end, for: expiry) }
        defer { Poller.shared.forget(expiry) }
        return await suspend { caller in
            let now = state.withLock { state in
                let now = state.opened
                if now == nil { state.opener = .task(caller) }
                return now
            }
            if let now { caller.resume(returning: now) }
        } onCancel: {
            end(.connection(.cancelled(.sent)))
        }
    }

    /// The next event; nil if the task is cancelled, or behind the end.
    package func next() async -> Result<SubscriptionEvent?, SubscriptionFailure> {
        if Task.isCancelled { return .success(nil) }
        let (now, number): (Outcome?, Int) = state.withLock { state in
            if let now = state.next { return (now, 0) }
            state.newestReader += 1
            return (nil, state.newestReader)
        }
        if let now { return now }
        return await suspend { caller in
            let now = state.withLock { state in
                let now = Task.isCancelled ? .success(nil) : state.next
                if now == nil { state.readers.append(Reader(number: number, caller: .task(caller))) }
                return now
            }
            if let now { caller.resume(returning: now) }
        } onCancel: {
            takeReader(number)?.caller.resume(.success(nil))
        }
    }

    private func takeReader(_ number: Int) -> Reader? {
        state.withLock { state in
            state.readers.firstIndex { $0.number == number }.map { state.readers.remove(at: $0) }
        }
    }

    // MARK: Threads

    /// The same for a thread, which waits.
    func openedBlocking(
        until deadline: Deadline, _ late: () -> SubscriptionFailure
    ) -> Result<Void, SubscriptionFailure> {
        let thread = WaitingThread<Result<Void, SubscriptionFailure>>()
        let now = state.withLock { state in
            let now = state.opened
            if now == nil { state.opener = .thread(thread) }
            return now
        }
        if let now { return now }
        if let outcome = thread.wait(deadline.left) { return outcome }
        end(late())
        return thread.wait(nil)!
    }

    /// What a thread that waits gets.
    package enum Wait: Sendable, Hashable {
        case event(SubscriptionEvent)
        case timedOut
        case ended
    }

    package func next(timeout: Duration?) -> Result<Wait, SubscriptionFailure> {
        let thread = WaitingThread<Outcome>()
        let (now, number): (Outcome?, Int) = state.withLock { state in
            if let now = state.next { return (now, 0) }
            state.newestReader += 1
            if timeout.map({ $0 > .zero }) != false {
                state.readers.append(Reader(number: state.newestReader, caller: .thread(thread)))
            }
            return (nil, state.newestReader)
        }
        if let now { return now.map { $0.map { .event($0) } ?? .ended } }
        if let timeout, timeout <= .zero { return .success(.timedOut) }
        if let outcome = thread.wait(timeout) { return outcome.map { $0.map { .event($0) } ?? .ended } }
        if takeReader(number) != nil { return .success(.timedOut) }
        // It was handed over in the same moment: the signal is here or on its way.
        return thread.wait(nil)!.map { $0.map { .event($0) } ?? .ended }
    }
}

/// Who waits: a task, or a thread.
enum Caller<Outcome: Sendable>: Sendable {
    case task(Suspended<Outcome>)
    case thread(WaitingThread<Outcome>)

    func resume(_ outcome: Outcome) {
        switch self {
        case .task(let caller): caller.resume(returning: outcome)
        case .thread(let thread): thread.resume(outcome)
        }
    }
}

/// A thread that waits. `@unchecked`: `outcome` is written before the signal and read after the wait.
final class WaitingThread<Outcome: Sendable>: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private var outcome: Outcome?

    func resume(_ outcome: Outcome) {
        self.outcome = outcome
        semaphore.signal()
    }

    /// Nil past `timeout`; nil there waits as long as it takes.
    func wait(_ timeout: Duration?) -> Outcome? {
        guard let timeout, timeout < .seconds(1 << 32) else {
            semaphore.wait()
            return outcome
        }
        let end = DispatchTime.now() + .milliseconds(Int(timeout.wholeMilliseconds))
        return semaphore.wait(timeout: end) == .success ? outcome : nil
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
