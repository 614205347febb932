package import BulkheadRESP
import Synchronization

// Commands that wait on the server. Who gives one up cannot take it back: until the server knows, it may take an
// element that reaches nobody. So the server is asked, over another connection, to end the wait, and the reply is
// waited for: it holds nothing, or what was taken.

extension AsyncConnection {
    /// Asks the server to end the wait of the connection with this id, over another one; true if the server has said
    /// how that went, false where it is denied or unknown, or nobody knows by the deadline.
    package typealias Unblock = @Sendable (_ clientID: Int64, _ deadline: Deadline) async -> Bool

    /// Sends the bytes of `count` commands, some of which may wait on the server, and waits for all replies.
    ///
    /// Past the deadline, and where the task is cancelled, `unblock` is asked to end the server's wait, and the replies
    /// are the result all the same, if they come within the settings' `unblockingTime`. Else the connection is closed:
    /// the server notices that, and waits no longer.
    package func sendBlocking(
        _ bytes: [UInt8], count: Int, until deadline: Deadline = .none, unblock: @escaping Unblock
    ) async -> Result<[RESPValue], ConnectionFailure> {
        let ticket = newTicket()
        let call = BlockingCall { [self] in await unblocked(ticket, by: unblock, until: $0) }
        let result = await suspend { caller in
            call.begin(caller)
            submit(
                bytes, .replies(count), .blocking(call), ticket, deadline, extendedOnceBy: settings.unblockingTime)
            // Cancelled before it was queued: the handler found nobody.
            if Task.isCancelled { cancel(call, ticket) }
        } onCancel: {
            cancel(call, ticket)
        }
        shared.withLock { $0.machine.extensions[ticket.number] = nil }
        if let failure = result.failure {
            if !failure.stage.isSafeToRetry { abort() }
            return result
        }
        // What was asked and is not answered could end the wait of the next command here.
        if let unblocking = call.unblocking, await !unblocking.value { abort() }
        return result
    }

    /// A task that is cancelled is one whose deadline is over.
    private func cancel(_ call: BlockingCall, _ ticket: Ticket) {
        call.isCancelled.store(true, ordering: .relaxed)
        // One that is late already is being ended.
        expireNow(ticket) { $0.machine.extensions[ticket.number] != nil }
    }

    private func expireNow(_ ticket: Ticket, if condition: (Shared) -> Bool = { _ in true }) {
        change { shared in
            guard condition(shared), shared.machine.expireSoon(ticket: ticket.number, at: .now) else { return }
            shared.mustLook = true
        }
    }

    /// Asks again and again until the replies are there: the command may not have come to the server yet, and behind it
    /// another of the same pipeline may wait. True if every question was answered.
    private func unblocked(
        _ ticket: Ticket, by unblock: Unblock, until call: BlockingCall
    ) async -> Bool {
        let deadline = Deadline(after: Timeout(settings.unblockingTime))
        var pause = Duration.milliseconds(1)
        while !call.isOver, !deadline.isOver {
            guard let id = shared.withLock({ $0.machine.clientID }), await unblock(id, deadline) else {
                expireNow(ticket)
                return false
            }
            _ = await sleepTask(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
        return true
    }
}

/// Somebody who waits for a command that waits on the server.
///
/// The first passed deadline only starts the unblocking: the machine keeps the place in the queue for a while more.
final class BlockingCall: Sendable {
    typealias Outcome = Result<[RESPValue], ConnectionFailure>

    private struct State {
        var caller: Suspended<Outcome>?
        /// Why its caller stopped waiting for it in the first place.
        var failure: ConnectionFailure?
        var unblocking: Task<Bool, Never>?
    }

    private let state = Mutex(State())
    private let unblock: @Sendable (BlockingCall) async -> Bool
    let isCancelled = Atomic(false)

    init(_ unblock: @escaping @Sendable (BlockingCall) async -> Bool) { self.unblock = unblock }

    func begin(_ caller: Suspended<Outcome>) {
        state.withLock { $0.caller = caller }
    }

    var isOver: Bool { state.withLock { $0.caller == nil } }
    var unblocking: Task<Bool, Never>? { state.withLock(\.unblocking) }

    func succeeded(_ replies: [RESPValue]) {
        state.withLock { $0.caller.take() }?.resume(returning: .success(replies))
    }

    func failed(_ failure: ConnectionFailure) {
        let isExtended = failure.reason == .timedOut && failure.stage >= .writing
        let isByTask = isCancelled.load(ordering: .relaxed) && failure.reason == .timedOut
        let failure = isByTask ? .cancelled(failure.stage) : failure
        let (caller, first): (Suspended<Outcome>?, ConnectionFailure) = state.withLock { state in
            // The replies may have come between.
            if isExtended, state.failure == nil, state.caller != nil {
                state.failure = failure
                state.unblocking = Task.detached { [self] in await unblock(self) }
                return (nil, failure)
            }
            return (state.caller.take(), state.failure ?? failure)
        }
        caller?.resume(returning: .failure(first))
    }
}
