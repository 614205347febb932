import Dispatch
package import RESP
import Synchronization

/// A pipelined connection for asynchronous callers: any number of tasks share it, replies come in order.
///
/// ```
/// caller's task │ lock: put the request in line, its bytes behind the others'; unlock; wake the pump; suspend
/// pump, a task  │ write what has gathered · read, decode · lock: match; unlock · resume callers · let them run
/// ```
/// One at a time uses the wire: the pump, or while that sleeps a lone caller, who writes and reads for itself
/// (`AsyncConnection+Inline`). The pump is a task like its callers: those it resumes run before it goes on, so their
/// next requests share one write, without a timer and without waking a thread.
///
/// A connection connects when it is made, refuses requests once it failed, and never reconnects: its owner makes a
/// new one.
///
/// `@unchecked Sendable`: `shared` is guarded by its mutex; what is marked *wire's user only* belongs to whom
/// `shared.user` says, and is handed over under that mutex.
package final class AsyncConnection: @unchecked Sendable {
    /// Whom a reply reaches. Continuations carry results, so that no error is boxed on the way.
    enum Waiter: Sendable {
        case one(UnsafeContinuation<Result<RESPValue, ConnectionFailure>, Never>)
        case all(UnsafeContinuation<Result<[RESPValue], ConnectionFailure>, Never>)
        /// The caller that uses the wire right now.
        case wiresUser
    }

    let settings: ConnectionSettings
    /// The circuit's leave to connect.
    let attempt: Circuit.Attempt?
    let shared: Mutex<Shared>
    /// A hint for callers, without the mutex: the pump sleeps, so one alone may get its reply inline.
    let isResting = Atomic(false)
    /// What the server pushes, kept for a leaseholder who subscribes; nil where pushes are dropped.
    ///
    /// It ends with the connection's failure. Past the bounds of ``PushBacklog`` the connection is closed, because a
    /// gap nobody sees would be a silent loss.
    package let pushes: PushQueue?
    /// Called once, as soon as the connection has ended, by itself or by its owner.
    let onEnd: @Sendable (AsyncConnection) -> Void

    /// Names requests for `withdraw`.
    private let tickets = Atomic(0)

    // Wire's user only.
    var wire: Wire?
    var received: [RESPValue] = []
    var receptions = RingQueue<ConnectionMachine<Waiter>.Reception>()
    /// Why the connection is about to end.
    var broken: ConnectionFailure?
    /// `broken` says what the machine made of the server's words.
    var isJudged = false
    var inlineReplies: Replies?
    var pumpPolling: PollingBudget

    /// Starts connecting at once.
    package init(
        _ settings: ConnectionSettings,
        keepsPushes: Bool = false,
        attempt: Circuit.Attempt? = nil,
        onEnd: @escaping @Sendable (AsyncConnection) -> Void = { _ in }
    ) {
        self.settings = settings
        self.attempt = attempt
        self.onEnd = onEnd
        pushes = keepsPushes ? PushQueue() : nil
        shared = Mutex(Shared(settings, pushes))
        pumpPolling = PollingBudget(limit: settings.pollingTime)
        connect()
        Task.detached { await self.pump() }
    }

    // MARK: Requests

    /// Sends the bytes of one command and waits for its reply.
    ///
    /// A cancelled task and a passed deadline end the wait at once and cost the connection one dropped reply.
    package func send(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<RESPValue, ConnectionFailure> {
        if isResting.load(ordering: .relaxed) {
            switch await inline(bytes, .replies(1), deadline) {
            case .completed(let replies): return replies.map(\.first)
            case .unanswered: return await one { handOver(to: .one($0), ticket: $1) }
            case .notTaken: break
            }
        }
        return await one { submit(bytes, .replies(1), .one($0), $1, deadline) }
    }

    /// Sends the bytes of `count` commands in one piece and waits for all replies, in order.
    package func sendAll(
        _ bytes: [UInt8], count: Int, until deadline: Deadline = .none
    ) async -> Result<[RESPValue], ConnectionFailure> {
        // A request without replies would never leave the line.
        if count == 0 { return .success([]) }
        if isResting.load(ordering: .relaxed) {
            switch await inline(bytes, .replies(count), deadline) {
            case .completed(let replies): return replies.map(\.all)
            case .unanswered: return await all { handOver(to: .all($0), ticket: $1) }
            case .notTaken: break
            }
        }
        return await all { submit(bytes, .replies(count), .all($0), $1, deadline) }
    }

    /// Sends a subscription command and waits for the confirmations of its channels, or the error that refuses it.
    package func subscribe(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<[RESPValue], ConnectionFailure> {
        await all { submit(bytes, .confirmations, .all($0), $1, deadline) }
    }

    /// Sends a command that may block. Cancelling the task closes the connection, on which nobody but its leaseholder
    /// waits for replies.
    package func sendBlocking(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<RESPValue, ConnectionFailure> {
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { submit(bytes, .replies(1), .one($0), 0, deadline) }
        } onCancel: {
            abort()
        }
        guard case .failure(let failure) = result, failure.reason == .closed, Task.isCancelled else { return result }
        return .failure(.cancelled(failure.progress))
    }

    /// Suspends the caller with a ticket in line, by which a cancelled task takes itself out again.
    func one(
        _ enter: (UnsafeContinuation<Result<RESPValue, ConnectionFailure>, Never>, _ ticket: Int) -> Void
    ) async -> Result<RESPValue, ConnectionFailure> {
        let ticket = tickets.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                enter(continuation, ticket)
                // Cancelled before it stood in line: the handler found nobody.
                if Task.isCancelled { withdraw(ticket) }
            }
        } onCancel: {
            withdraw(ticket)
        }
    }

    private func all(
        _ enter: (UnsafeContinuation<Result<[RESPValue], ConnectionFailure>, Never>, _ ticket: Int) -> Void
    ) async -> Result<[RESPValue], ConnectionFailure> {
        let ticket = tickets.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                enter(continuation, ticket)
                if Task.isCancelled { withdraw(ticket) }
            }
        } onCancel: {
            withdraw(ticket)
        }
    }

    func submit(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ waiter: Waiter, _ ticket: Int,
        _ deadline: Deadline
    ) {
        let (refusal, needsLook) = change { shared in
            let refusal = shared.machine.submit(bytes, expectation, waiter, ticket: ticket, deadline: deadline)
            // The pump, which looks for what it waits for, may have nothing to do yet: the connection is not made.
            return (refusal, !shared.hasWorkForPump && deadline.end < shared.nextLook)
        }
        if let refusal { return waiter.resume(returning: refusal) }
        if needsLook { look(at: deadline.end) }
    }

    private func withdraw(_ ticket: Int) {
        // The pump is woken if the connection has nobody left to wait for.
        if case .withdrawn(let waiter, let progress) = change({ $0.machine.withdraw(ticket: ticket) }) {
            waiter.resume(returning: .cancelled(progress))
        }
    }

    /// True once this connection refuses requests for good.
    package var isClosed: Bool { shared.withLock { $0.machine.refusesRequests } }

    /// True if nobody waits and nothing is subscribed to; replies that nobody wants may still come, and it may still be
    /// being made.
    package var isIdle: Bool { shared.withLock { $0.machine.isFree } }

    /// True until it has connected and shaken hands.
    var isHandshaking: Bool { shared.withLock { $0.machine.isHandshaking } }

    /// Requests that were completed inline so far.
    package var inlineCompletions: Int { shared.withLock { $0.inline.completions } }

    /// Timers that are set for looks at this connection.
    package var timersAhead: Int { shared.withLock { $0.timersAhead } }

    // MARK: The end

    /// Refuses new requests, lets those in line finish, then closes the socket; returns when it is closed.
    ///
    /// Requests still in line after `grace` fail.
    package func close(grace: Duration) async {
        await withUnsafeContinuation { continuation in
            let isGone = change { shared in
                shared.machine.close()
                if !shared.isGone { shared.closeWaiters.append(continuation) }
                return shared.isGone
            }
            if isGone { return continuation.resume() }
            after(grace) { $0.abort() }
        }
    }

    /// Closes the socket without waiting for anything; requests in line fail.
    package func abort() {
        end(closedByOwner)
    }

    /// Has the pump end the connection; the first failure counts.
    func end(_ failure: ConnectionFailure) {
        change { shared in
            shared.machine.close()
            shared.ending = shared.ending ?? failure
        }
    }

    /// Changes the shared state and wakes the pump if that gives it something to do.
    @discardableResult
    func change<Result>(_ body: (inout Shared) -> Result) -> Result {
        let (result, pump) = shared.withLock { shared in (body(&shared), shared.takePumpIfNeeded()) }
        pump?.resume()
        return result
    }

    /// Runs `action` after `delay`, if the connection is still there by then.
    func after(_ delay: Duration, _ action: @escaping @Sendable (AsyncConnection) -> Void) {
        let deadline = DispatchTime.now() + .nanoseconds(Int(clamping: max(0, delay.wholeNanoseconds)))
        DispatchQueue.global().asyncAfter(deadline: deadline) { @Sendable [weak self] in
            if let self { action(self) }
        }
    }
}

extension AsyncConnection.Waiter {
    func resume(returning failure: ConnectionFailure) {
        switch self {
        case .one(let continuation): continuation.resume(returning: .failure(failure))
        case .all(let continuation): continuation.resume(returning: .failure(failure))
        case .wiresUser: break
        }
    }
}
