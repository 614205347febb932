package import BulkheadRESP
import Synchronization

/// A pipelined connection for asynchronous callers: any number of tasks share it, replies come in order.
///
/// ```
/// caller's task │ lock: put the request in line, its bytes behind the others'; unlock; wake the pump; suspend
/// pump, a task  │ write what has gathered · read, decode · lock: match; unlock · resume callers · let them run
/// ```
/// One at a time uses the wire: the pump; while that sleeps a lone caller, who writes and reads for itself
/// (`AsyncConnection+Inline`); where it finds no thread to run on, the poller (`AsyncConnection+Looking`). The pump is
/// a task like its callers: those it resumes run before it goes on, so their next requests share one write, without a
/// timer and without waking a thread.
///
/// A connection connects when it is made, refuses requests once it failed, and never reconnects: its owner makes a
/// new one.
///
/// `@unchecked Sendable`: `shared` is guarded by its mutex; what is marked *wire's user only* belongs to whom
/// `shared.user` says, and is handed over under that mutex.
package final class AsyncConnection: @unchecked Sendable {
    /// Whom a reply reaches. They get results, so that no error is boxed on the way.
    enum Waiter: Sendable {
        case one(Suspended<Result<RESPValue, ConnectionFailure>>)
        case all(Suspended<Result<[RESPValue], ConnectionFailure>>)
        /// Of a command that waits on the server.
        case blocking(BlockingCall)
        /// The caller that uses the wire right now.
        case wiresUser
    }

    let settings: ConnectionSettings
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
    @exclusivity(unchecked) var wire: Wire?
    @exclusivity(unchecked) var received: [RESPValue] = []
    @exclusivity(unchecked) var receptions = RingQueue<ConnectionMachine<Waiter>.Reception>()
    /// Why the connection is about to end.
    @exclusivity(unchecked) var broken: ConnectionFailure?
    /// `broken` says what the machine made of the server's words.
    @exclusivity(unchecked) var isJudged = false
    @exclusivity(unchecked) var inlineReplies: Replies?
    /// Requests were given up, or a PING was, and no byte had come: the next read tells.
    @exclusivity(unchecked) var mayBeSilent = false
    @exclusivity(unchecked) var pumpPolling: PollingBudget

    /// Starts connecting at once, or when the attempt that `admission` waits for is over and has not failed; requests
    /// are taken meanwhile. Nil asks no circuit.
    package init(
        _ settings: ConnectionSettings,
        keepsPushes: Bool = false,
        admission: Circuit.Admission? = nil,
        onEnd: @escaping @Sendable (AsyncConnection) -> Void = { _ in }
    ) {
        self.settings = settings
        self.onEnd = onEnd
        pushes = keepsPushes ? PushQueue() : nil
        shared = Mutex(Shared(settings, pushes))
        pumpPolling = PollingBudget(limit: settings.pollingTime)
        connect(admission)
        beginProbing()
        change { _ in }
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
            case .unanswered: return await inLine { handOver(to: .one($0), ticket: $1) }
            case .notTaken: break
            }
        }
        return await inLine { submit(bytes, .replies(1), .one($0), $1, deadline) }
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
            case .unanswered: return await inLine { handOver(to: .all($0), ticket: $1) }
            case .notTaken: break
            }
        }
        return await inLine { submit(bytes, .replies(count), .all($0), $1, deadline) }
    }

    /// Sends a subscription command and waits for the confirmations of its channels, or the error that refuses it.
    package func subscribe(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<[RESPValue], ConnectionFailure> {
        await inLine { submit(bytes, .confirmations, .all($0), $1, deadline) }
    }

    /// Suspends the caller with a ticket in line, by which a cancelled task takes itself out again.
    func inLine<Success>(
        _ enter: (Suspended<Success>, _ ticket: Int) -> Void
    ) async -> Success {
        let ticket = newTicket()
        return await suspend { caller in
            enter(caller, ticket)
            // Cancelled before it stood in line: the handler found nobody.
            if Task.isCancelled { withdraw(ticket) }
        } onCancel: {
            withdraw(ticket)
        }
    }

    func newTicket() -> Int { tickets.add(1, ordering: .relaxed).newValue }

    func submit(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ waiter: Waiter, _ ticket: Int,
        _ deadline: Deadline, extendedOnceBy patience: Duration? = nil
    ) {
        let refusal = change { shared in
            if let patience { shared.machine.extensions[ticket] = patience }
            return shared.machine.submit(bytes, expectation, waiter, ticket: ticket, deadline: deadline)
        }
        if let refusal { waiter.resume(returning: refusal) }
    }

    private func withdraw(_ ticket: Int) {
        let now = Moment.now
        // The pump is woken if the connection has nobody left to wait for, or seems to answer nobody.
        let withdrawal = change { shared in
            let withdrawal = shared.machine.withdraw(ticket: ticket, at: now)
            if shared.machine.isSilent(at: now) { shared.mustLook = true }
            return withdrawal
        }
        if case .withdrawn(let waiter, let progress) = withdrawal { waiter.resume(returning: .cancelled(progress)) }
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

    // MARK: The end

    /// Refuses new requests, lets those in line finish, then closes the socket; returns when it is closed.
    ///
    /// Requests still in line after `grace` fail.
    package func close(grace: Duration) async {
        beginClosing(grace: grace)
        await closed()
    }

    /// The first half of `close`, which waits for nothing.
    func beginClosing(grace: Duration) {
        change { shared in
            shared.machine.close()
            shared.endOfGrace = min(shared.endOfGrace, .now + grace)
        }
    }

    /// The second half: returns when the socket is closed.
    package func closed() async {
        await suspend { caller in
            let isGone = shared.withLock { shared in
                if !shared.isGone { shared.closeWaiters.append(caller) }
                return shared.isGone
            }
            if isGone { caller.resume(returning: ()) }
        }
    }

    /// Closes the socket without waiting for anything; requests in line fail.
    package func abort() {
        end(closedByOwner)
    }

    /// Has the wire's user end the connection; the first failure counts.
    func end(_ failure: ConnectionFailure) {
        change { $0.end(failure) }
    }

    /// Changes the shared state, and has done what follows: it wakes the pump if that gives it something to do, and
    /// asks the poller for its looks.
    @discardableResult
    func change<Result>(_ body: (inout Shared) -> Result) -> Result {
        let (result, consequences) = shared.withLock { shared in (body(&shared), shared.settle()) }
        follow(consequences)
        return result
    }
}

extension AsyncConnection.Waiter {
    func resume(returning failure: ConnectionFailure) {
        switch self {
        case .one(let caller): caller.resume(returning: .failure(failure))
        case .all(let caller): caller.resume(returning: .failure(failure))
        case .blocking(let call): call.failed(failure)
        case .wiresUser: break
        }
    }
}
