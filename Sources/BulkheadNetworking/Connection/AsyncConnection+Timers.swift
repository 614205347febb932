import Synchronization

// What the poller's thread does for a connection, whatever the program does with its own threads: it enforces
// deadlines, and where the I/O task finds no thread it takes the I/O task's turns. It never waits.

extension AsyncConnection: TimerTarget {
    /// How long a connection must be unused before it is watched: that costs more than the request it would watch for.
    /// A hang-up meanwhile is seen by the next request, before it is sent.
    static let idleTime = Timeout(.milliseconds(10))
    /// Until the next look where a lone caller uses the wire, for some tens of microseconds.
    static let pauseForCaller = Timeout(.milliseconds(1))
    /// Where some thousand callers keep the pool's threads from the I/O task, they run for so long between the poller's
    /// turns, and what they ask meanwhile shares a write: else every few requests would wake the poller's thread.
    static let manyRequests = 256
    static let pauseForCallers = Timeout(.milliseconds(1))

    /// How often the poller asks callers whether their tasks were cancelled. A handler would be called at once, and
    /// costs a call nearly as much as its suspension.
    static let pauseForCancellation = Timeout(.milliseconds(5))
    /// How long a caller has waited before it is asked; and how much too early a look may be that there is anyway.
    static let leastWaitBeforeAsked = Timeout(.microseconds(2_500))
    /// The same pause where all have waited for long: a silent server shall not keep the processor awake.
    static let longestPauseForCancellation = Timeout(.milliseconds(25))
    /// So many are asked in one look: others wait for the lock, and for the poller.
    static let mostAskedAtOnce = 1_024

    func look(at now: Moment) {
        var expired: [(Waiter, ConnectionFailure)] = []
        var cancelled: [(Waiter, ConnectionFailure.Stage)] = []
        var tooLate: ConnectionFailure?
        var standsIn = false
        var mustWake = false
        let consequences = shared.withLock { shared in
            shared.nextLook = .never
            shared.lookLater = .never
            guard !shared.isGone else { return Consequences() }
            if shared.endOfGrace <= now {
                shared.endOfGrace = .never
                shared.end(closedByOwner)
            }
            tooLate = shared.endConnecting(at: now) { tookTooLongToConnect }
            if shared.cancellationLook <= now + Self.leastWaitBeforeAsked {
                cancelled = shared.cancelRequests(at: now)
            }
            // Who uses the wire alone is no waiter that could be resumed; it looks at the time itself.
            if case .caller = shared.owner {
                if shared.machine.nextDeadline <= now { shared.lookLater = now + Self.pauseForCaller }
            } else {
                expired = shared.machine.expire(at: now, unwritten: shared.unwritten)
            }
            if !(expired.isEmpty && cancelled.isEmpty), shared.machine.isSilent(at: now) { shared.mustLook = true }
            standsIn = shared.beginStandIn(at: now)
            mustWake = shared.idleLook <= now && lookWhetherIdle(&shared, at: now)
            return shared.settle()
        }
        if let tooLate { endAttempt(tooLate) }
        for (waiter, failure) in expired { waiter.resume(returning: failure) }
        for (waiter, stage) in cancelled { waiter.resume(returning: .cancelled(stage)) }
        if mustWake { Poller.shared.wake() }
        follow(consequences)
        if standsIn { standIn() }
    }

    /// One look after each busy time, none later; true if the poller must be woken.
    private func lookWhetherIdle(_ shared: inout Shared, at now: Moment) -> Bool {
        if shared.wasUsed {
            shared.wasUsed = false
            shared.lastUse = now
            shared.idleLook = now + Self.ioTaskTimeout
            return false
        }
        if now < shared.lastUse + Self.idleTime {
            shared.idleLook = shared.lastUse + Self.idleTime
            return false
        }
        shared.idleLook = .never
        guard case .nobody = shared.owner, shared.machine.queuedRequests == 0 else { return false }
        // Nobody uses the wire, and under the lock nobody begins to.
        shared.machine.releaseSpareMemory()
        wire?.releaseSpareMemory()
        received = []
        receptions = RingQueue()
        return watch(&shared)
    }

    /// The system's resolver knows no deadline: one that hangs must not hold requests for ever.
    private var tookTooLongToConnect: ConnectionFailure {
        ConnectionFailure(
            .connectTimedOut, "could not connect to \(settings.endpoint) within \(settings.connectTimeout.inWords)")
    }

    // MARK: In place of the I/O task

    /// A turn of the I/O task's, without its pauses. This thread has the wire.
    private func standIn() {
        var reads = 0
        repeat {
            if let failure = beginTurn() {
                finish(failure)
                break
            }
            let hasReceived = receiveOrJudge()
            resumeCallers()
            flush()
            reads = hasReceived ? reads + 1 : Self.readsInARow
        } while reads < Self.readsInARow || broken != nil
        var ioTask: UnsafeContinuation<Void, Never>?
        releaseIO { ioTask = $0.endStandIn(at: .now) }
        ioTask?.resume()
    }
}

extension AsyncConnection.Shared {
    /// A request has come whose caller is to be asked whether its task was cancelled, by the poller.
    mutating func askWhetherCancelled(from moment: Moment) {
        let start = moment == Deadline.none.start ? .now : max(moment, lastCancellationLook)
        cancellationLook = min(cancellationLook, start + AsyncConnection.pauseForCancellation)
    }

    /// Asks callers that have waited a little; whom to resume.
    fileprivate mutating func cancelRequests(
        at now: Moment
    ) -> [(AsyncConnection.Waiter, ConnectionFailure.Stage)] {
        let found = machine.cancelRequests(
            madeUntil: now - AsyncConnection.leastWaitBeforeAsked, at: now, unwritten: unwritten,
            limit: AsyncConnection.mostAskedAtOnce)
        lastCancellationLook = now
        cancellationLook = .never
        if found.mustAskAgain {
            let age = found.oldest == .never ? Timeout(.zero) : Timeout(now - found.oldest)
            cancellationLook =
                now
                + age.sixteenth(
                    in: AsyncConnection.pauseForCancellation, AsyncConnection.longestPauseForCancellation)
        }
        return found.cancelled
    }

    mutating func end(_ failure: ConnectionFailure) {
        // An owner that closes says so itself, for requests that were queued.
        machine.close(because: failure.reason == .closed ? nil : failure)
        ending = ending ?? failure
    }

    /// Ends a connection that is not made in time, with the failure that says so.
    fileprivate mutating func endConnecting(
        at now: Moment, _ failure: () -> ConnectionFailure
    ) -> ConnectionFailure? {
        guard endOfConnecting <= now else { return nil }
        endOfConnecting = .never
        guard connected == nil, machine.isHandshaking else { return nil }
        let failure = failure()
        end(failure)
        return failure
    }

    /// True if the I/O task has waited too long for a thread: the wire is the poller's for a turn.
    mutating func beginStandIn(at now: Moment) -> Bool {
        guard case .awaited(let late) = owner, isIOTaskLate ? hasWork && nextStandIn <= now : late <= now else {
            return false
        }
        owner = .poller(ioTask: nil)
        if !isIOTaskLate { requestsWhileLate = 0 }
        isIOTaskLate = true
        return true
    }
}
