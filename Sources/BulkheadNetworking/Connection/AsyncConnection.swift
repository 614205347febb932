package import BulkheadRESP
import Synchronization

/// A pipelined connection for asynchronous callers: any number of tasks share it, replies come in order.
///
/// ```
/// caller's task │ lock: queue the request, its bytes behind the others'; unlock; wake the I/O task; suspend
/// I/O task, a task  │ write what has gathered · read, decode · lock: match; unlock · resume callers · let them run
/// ```
/// One at a time uses the wire: the I/O task; while that sleeps a lone caller, who writes and reads for itself
/// (`AsyncConnection+Inline`); where it finds no thread to run on, the poller (`AsyncConnection+Timers`). The I/O task
/// is a task like its callers: those it resumes run before it goes on, so their next requests share one write, without
/// a timer and without waking a thread.
///
/// A connection connects when it is made, refuses requests once it failed, and never reconnects: its owner makes a
/// new one.
///
/// `@unchecked Sendable`: `shared` is guarded by its mutex; what is marked *owner of the I/O only* belongs to whom
/// `shared.owner` says, and is handed over under that mutex.
package final class AsyncConnection: @unchecked Sendable {
    /// Whom a reply reaches. They get results, so that no error is boxed on the way.
    enum Waiter: Sendable {
        case one(Suspended<Result<RESPValue, ConnectionFailure>>)
        case all(Suspended<Result<[RESPValue], ConnectionFailure>>)
        /// Of a command that waits on the server.
        case blocking(BlockingCall)
        /// Of a subscription command of the hub's.
        case hub(SubscriptionCall)
        /// The caller that uses the wire right now.
        case ioOwner
    }

    /// How a request is cancelled.
    struct Ticket: Sendable {
        let number: Int
        /// Is asked now and then; nil of a waiter that cancels its request by the number.
        let task: CallersTask?
    }

    let settings: ConnectionSettings
    let shared: Mutex<Shared>
    /// A hint for callers, without the mutex: the I/O task sleeps and nobody waits, so one alone may get its reply
    /// inline.
    let isResting = Atomic(false)
    /// False where callers never spin.
    private let spins: Bool
    /// True if a caller may get its reply inline.
    var mayBeAlone: Bool { spins && isResting.load(ordering: .relaxed) }
    /// What the server pushes, kept for a leaseholder who subscribes; nil where pushes are dropped.
    ///
    /// It ends with the connection's failure. Past the bounds of ``PushBacklog`` the connection is closed, because a
    /// gap nobody sees would be a silent loss.
    package let pushes: PushQueue?
    /// Takes what is pushed in place of `pushes`, on whatever thread has the wire, in the order of the wire. Such a
    /// connection is a subscription's or a cache's own.
    let onPush: (@Sendable (RESPValue) -> Void)?
    /// Called once, as soon as the connection has ended, by itself or by its owner.
    let onEnd: @Sendable (AsyncConnection) -> Void

    /// Of one with `onPush`, which is in no node. Set when it is made.
    private var moves: ConnectionMoves?

    /// Names requests for `cancel`.
    private let tickets = Atomic(0)

    // For the owner of the I/O only.
    @exclusivity(unchecked) var wire: Wire?
    @exclusivity(unchecked) var received: [RESPValue] = []
    @exclusivity(unchecked) var receptions = RingQueue<ConnectionMachine<Waiter>.Reception>()
    /// Why the connection is about to end.
    @exclusivity(unchecked) var broken: ConnectionFailure?
    /// `broken` says what the machine made of the server's words.
    @exclusivity(unchecked) var isJudged = false
    @exclusivity(unchecked) var inlineReplies: Replies?
    /// Requests were cancelled, or a PING was, and no byte had come: the next read decides.
    @exclusivity(unchecked) var mayBeSilent = false
    @exclusivity(unchecked) var ioTaskSpin: SpinBudget

    /// Starts connecting at once, or when the attempt that `admission` waits for is over and has not failed; requests
    /// are taken meanwhile. Nil asks no circuit.
    package init(
        _ settings: ConnectionSettings,
        keepsPushes: Bool = false,
        admission: Circuit.Admission? = nil,
        onEnd: @escaping @Sendable (AsyncConnection) -> Void = { _ in },
        onPush: (@Sendable (RESPValue) -> Void)? = nil
    ) {
        var settings = settings
        if onPush != nil { settings.hearsMaintenance = settings.maintenance != nil }
        self.settings = settings
        spins = settings.spinTime > .zero
        self.onEnd = onEnd
        self.onPush = onPush
        pushes = keepsPushes ? PushQueue() : nil
        shared = Mutex(Shared(settings))
        ioTaskSpin = SpinBudget(limit: min(settings.spinTime, SpinBudget.longestOfTask))
        if onPush != nil { moves = ConnectionMoves(of: settings, LoneConnection(connection: self)) }
        connect(admission)
        beginProbing()
        change { _ in }
        Task.detached { await self.runIO() }
    }

    // MARK: Requests

    /// Sends the bytes of one command and waits for its reply.
    ///
    /// A passed deadline ends the wait at once, and a cancelled task soon; either costs the connection one dropped
    /// reply.
    // Inlined, as each asynchronous function between a command's method and its continuation costs a frame.
    @inline(__always)
    package func send(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<RESPValue, ConnectionFailure> {
        if mayBeAlone { return await sendAlone(bytes, .replies(1), deadline) }
        return await enqueue { submit(bytes, .replies(1), .one($0), $1, deadline) }
    }

    /// The same for a caller whose continuation is made already, and who is on no actor. A continuation that is
    /// made in the function which waits saves a call the frames between the two.
    package func send(
        _ bytes: [UInt8], for caller: UnsafeContinuation<Result<RESPValue, ConnectionFailure>, Never>,
        until deadline: Deadline
    ) {
        submit(bytes, .replies(1), .one(.inPool(caller)), newTicket(of: .current), deadline)
    }

    /// The same for bytes that are copied.
    package func send(
        copying bytes: UnsafeRawBufferPointer,
        for caller: UnsafeContinuation<Result<RESPValue, ConnectionFailure>, Never>, until deadline: Deadline
    ) {
        let waiter = Waiter.one(.inPool(caller))
        enter(waiter, newTicket(of: .current), deadline) { machine, ticket in
            machine.submit(copying: bytes, waiter, of: ticket.task, ticket: ticket.number, deadline: deadline)
        }
    }

    /// The same where the caller may be alone, and need nobody. Out of line: a thousand who wait in the queue shall not
    /// have room for this in their frames.
    @inline(never)
    func sendAlone(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ deadline: Deadline
    ) async -> Result<RESPValue, ConnectionFailure> {
        switch await inline(bytes, expectation, deadline) {
        case .completed(let replies): return replies.map(\.first)
        case .unanswered: return await enqueue { handOver(to: .one($0), $1) }
        case .notTaken: return await enqueue { submit(bytes, expectation, .one($0), $1, deadline) }
        }
    }

    /// Sends the bytes of `count` commands in one write and waits for all replies, in order.
    package func sendAll(
        _ bytes: [UInt8], count: Int, until deadline: Deadline = .none
    ) async -> Result<[RESPValue], ConnectionFailure> {
        // A request without replies would never leave the queue.
        if count == 0 { return .success([]) }
        if mayBeAlone {
            switch await inline(bytes, .replies(count), deadline) {
            case .completed(let replies): return replies.map(\.all)
            case .unanswered: return await enqueue { handOver(to: .all($0), $1) }
            case .notTaken: break
            }
        }
        return await enqueue { submit(bytes, .replies(count), .all($0), $1, deadline) }
    }

    /// Sends a subscription command and waits for the confirmations of its channels, or the error that refuses it.
    package func subscribe(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) async -> Result<[RESPValue], ConnectionFailure> {
        await enqueue { submit(bytes, .confirmations, .all($0), $1, deadline) }
    }

    /// Suspends the caller with a ticket in the queue. The poller takes it out again if its task is cancelled.
    @inline(__always)
    func enqueue<Success>(
        on isolation: (any Actor)? = #isolation, _ enter: (Suspended<Success>, Ticket) -> Void
    ) async -> Success {
        guard isolation == nil, CallersTask.isSupported else { return await enqueueWithHandler(enter) }
        return await withUnsafeContinuation(isolation: nil) { caller in
            let ticket = newTicket(of: .current)
            enter(.inPool(caller), ticket)
            // Cancelled on its way here: it shall not wait to be asked.
            if Task.isCancelled { cancel(ticket) }
        }
    }

    /// The same with a handler, for an actor's caller: such a call costs several times as much in any case.
    @inline(never)
    private func enqueueWithHandler<Success>(
        isolation: isolated (any Actor)? = #isolation, _ enter: (Suspended<Success>, Ticket) -> Void
    ) async -> Success {
        let ticket = newTicket()
        return await suspend { caller in
            enter(caller, ticket)
            // Cancelled before it was queued: the handler found nobody.
            if Task.isCancelled { cancel(ticket) }
        } onCancel: {
            cancel(ticket)
        }
    }

    func newTicket(of task: CallersTask? = nil) -> Ticket {
        Ticket(number: tickets.add(1, ordering: .relaxed).newValue, task: task)
    }

    func submit(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ waiter: Waiter, _ ticket: Ticket,
        _ deadline: Deadline, extendedOnceBy timeout: Duration? = nil
    ) {
        enter(waiter, ticket, deadline) { machine, ticket in
            if let timeout { machine.extensions[ticket.number] = timeout }
            return machine.submit(
                bytes, expectation, waiter, of: ticket.task, ticket: ticket.number, deadline: deadline)
        }
    }

    @inline(__always)
    private func enter(
        _ waiter: Waiter, _ ticket: Ticket, _ deadline: Deadline,
        _ submit: (inout ConnectionMachine<Waiter>, Ticket) -> ConnectionFailure?
    ) {
        let refusal = change { shared in
            if shared.isIOTaskLate, case .one(.inPool) = waiter { shared.requestsWhileLate += 1 }
            if ticket.task != nil { shared.askWhetherCancelled(from: deadline.start) }
            return submit(&shared.machine, ticket)
        }
        if let refusal { waiter.resume(returning: refusal) }
    }

    private func cancel(_ ticket: Ticket) {
        let now = Moment.now
        // The I/O task is woken if the connection has nobody left to wait for, or seems to answer nobody.
        let cancellation = change { shared in
            let cancellation = shared.machine.cancel(ticket: ticket.number, at: now, unwritten: shared.unwritten)
            if shared.machine.isSilent(at: now) { shared.mustLook = true }
            return cancellation
        }
        if case .cancelled(let waiter, let stage) = cancellation { waiter.resume(returning: .cancelled(stage)) }
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

    /// Refuses new requests, lets those in the queue finish, then closes the socket; returns when it is closed.
    ///
    /// Requests still in the queue after `grace` fail.
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

    /// Closes the socket without waiting for anything; requests in the queue fail.
    package func abort() {
        end(closedByOwner)
    }

    /// Ends a connection that leads to the wrong server, unless it is still being made: then it looks for the right one
    /// itself.
    func supersede() {
        if !isHandshaking { end(.superseded(settings.endpoint)) }
    }

    /// Has the owner of the I/O end the connection; the first failure counts.
    func end(_ failure: ConnectionFailure) {
        change { $0.end(failure) }
    }

    /// Changes the shared state, and has done what follows: it wakes the I/O task if that gives it something to do, and
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
        case .hub(let call): call.end(.failure(failure))
        case .ioOwner: break
        }
    }
}
