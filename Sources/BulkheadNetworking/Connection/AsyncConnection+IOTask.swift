import BulkheadRESP
import Synchronization

// The I/O task: the task that writes and reads for all callers of a connection, from its beginning to its end. Where it
// finds no thread to run on, the poller's takes its turns (`AsyncConnection+Timers`).
// Everything here is for the owner of the I/O only.

extension AsyncConnection {
    /// Callers resumed before those get their turn, and what they ask next is written: so the server works for one half
    /// while the other half runs. A few are not worth a write of their own, and many need not wait for so many others.
    static func share(of callers: Int) -> Int {
        callers <= 32 ? callers : min((callers + 1) / 2, 64)
    }

    /// Bytes of one reply that nobody wants, before the connection takes no new requests because of it.
    static let mostDroppedBytes = 16 << 20
    /// Reads in a row that bring no whole reply, before other tasks get their turn.
    static let readsInARow = 16

    func runIO() async {
        var reads = 0
        await takeTurn()
        while true {
            if let failure = beginTurn() { return finish(failure) }
            // Reading comes first: a hang-up is better learnt before requests are written than behind them.
            let hasReceived = receiveOrJudge()
            flush()
            if !receptions.isEmpty {
                await resumeCallersInTurns()
            } else if hasReceived {
                reads += 1
                if reads % Self.readsInARow == 0 { await yieldTurn() }
            } else if broken == nil {
                await rest()
            }
        }
    }

    /// The I/O task was resumed, and may use the wire as soon as the poller has finished, if that took its turn
    /// meanwhile.
    func takeTurn() async {
        while !shared.withLock({ $0.beginTurn() }) {
            await withUnsafeContinuation { ioTask in
                if !shared.withLock({ $0.awaitPoller(ioTask) }) { ioTask.resume() }
            }
        }
    }

    /// Lets other tasks run. If that takes too long, the poller takes the I/O task's turn.
    private func yieldTurn() async {
        change { $0.owner = .awaitedFromNow }
        await Task.yield()
        await takeTurn()
    }

    /// Takes in what others had for the owner of the I/O; a failure means the end.
    func beginTurn() -> ConnectionFailure? {
        let now = Moment.now
        let (connected, ending, isDrained, expired, cancelled) = shared.withLock { shared in
            shared.mustLook = false
            // What is late does not leave, nor what was cancelled while the connection was made.
            let expired = shared.machine.expire(at: now, unwritten: shared.unwritten)
            var cancelled: [(Waiter, ConnectionFailure.Stage)] = []
            if case .ready(let wire, _) = shared.connected {
                shared.descriptor = wire.stream.descriptor
                cancelled = shared.machine.cancelRequests(madeUntil: .never, at: now).cancelled
            }
            mayBeSilent = shared.machine.isSilent(at: now)
            let isDrained = shared.machine.isDrained || shared.isGone
            return (shared.connected.take(), shared.ending, isDrained, expired, cancelled)
        }
        for (waiter, failure) in expired { waiter.resume(returning: failure) }
        for (waiter, stage) in cancelled { waiter.resume(returning: .cancelled(stage)) }
        switch connected {
        case .failed(let failure): broken = broken ?? failure
        case .ready(let wire, let time):
            self.wire = wire
            settings.listener?.notify(.opened(after: time))
        case nil: break
        }
        return broken ?? ending ?? (isDrained ? closedByOwner : nil)
    }

    // MARK: Writing

    /// Writes all that has gathered; what comes in while one round is written goes into the next.
    func flush() {
        guard let wire, broken == nil else { return }
        do throws(ConnectionFailure) {
            let isAllWritten = try wire.write { buffer in
                shared.withLock { shared in
                    shared.unwritten = 0
                    shared.machine.takeOutgoing(into: &buffer)
                }
            }
            if !isAllWritten { waitForRoom(wire) }
        } catch {
            // Its last words may be here: a server without room says so and closes, without reading anything.
            while receive() { resumeCallers() }
            broken = broken ?? error
        }
    }

    private func waitForRoom(_ wire: Wire) {
        let mustWake = shared.withLock { shared in
            shared.unwritten = wire.unwrittenCount
            return shared.writeWatch == nil && watch(wire.stream, until: .writable, &shared.writeWatch)
        }
        if mustWake { Poller.shared.wake() }
    }

    // MARK: Reading

    /// Reads once and matches what came; false if nothing did.
    func receive() -> Bool {
        guard let wire, broken == nil else { return false }
        var values: [RESPValue] = []
        swap(&values, &received)
        do throws(ConnectionFailure) {
            guard try wire.receive() else {
                swap(&values, &received)
                return false
            }
            try wire.decode(into: &values)
        } catch {
            broken = error
        }
        // One lock for all replies of a read.
        shared.withLock { $0.machine.received(&values, &receptions) }
        if wire.bytesOfOpenReply > Self.mostDroppedBytes {
            shared.withLock { if $0.machine.isDropping { $0.machine.close() } }
        }
        swap(&values, &received)
        return true
    }

    /// The same for a turn; a peer that seems to answer nobody is judged where nothing has come.
    func receiveOrJudge() -> Bool {
        if receive() { return true }
        if mayBeSilent, let failure = shared.withLock({ $0.machine.closeIfSilent(at: .now) }) {
            broken = broken ?? failure
        }
        return false
    }

    /// Resumes callers in parts, and after each lets them run and writes what they ask next.
    private func resumeCallersInTurns() async {
        // A lone caller may find the connection at rest next time, and do without the I/O task.
        if receptions.count == 1, settings.spinTime > .zero, shared.withLock({ $0.machine.isIdle }) {
            return resumeCallers()
        }
        let share = Self.share(of: receptions.count)
        while !receptions.isEmpty {
            for _ in 0..<share {
                guard let reception = receptions.popFirst() else { break }
                handle(reception)
            }
            await yieldTurn()
            if !receptions.isEmpty { flush() }
        }
    }

    /// The same without a pause, for a caller that uses the wire.
    func resumeCallers() {
        while let reception = receptions.popFirst() { handle(reception) }
    }

    private func handle(_ reception: consuming ConnectionMachine<Waiter>.Reception) {
        switch reception {
        // Of the handshake, which is over.
        case .nothing, .ready, .send: break
        case .loggedIn(let number, let isAccepted): loggedIn(number, isAccepted: isAccepted)
        case .completed(.one(let caller), let value): caller.resume(returning: .success(value))
        case .completed(.all(let caller), let value): caller.resume(returning: .success([value]))
        case .completed(.blocking(let call), let value): call.succeeded([value])
        case .completedAll(.blocking(let call), let values): call.succeeded(values)
        case .completed(.hub(let call), let value): call.end(.success([value]))
        case .completedAll(.hub(let call), let values): call.end(.success(values))
        case .completed(.ioOwner, let value): inlineReplies = .single(value)
        case .completedAll(.all(let caller), let values): caller.resume(returning: .success(values))
        case .completedAll(.one(let caller), let values):
            caller.resume(returning: .success(.array(values)))
        case .completedAll(.ioOwner, let values): inlineReplies = .several(values)
        case .pushed(let value): pushed(value)
        case .broken(let failure):
            // What the server said comes before the end of the stream, which may have been read already.
            if !isJudged { broken = failure }
            isJudged = true
        }
    }

    // MARK: The end

    var closedByOwner: ConnectionFailure {
        ConnectionFailure(.closed, "the connection to \(settings.endpoint) was closed before the reply came")
    }

    /// Fails what is in the queue, and closes the socket, which nobody watches any more.
    func finish(_ failure: ConnectionFailure) {
        if shared.withLock({ $0.isGone }) { return }
        resumeCallers()
        let (failed, connected) = shared.withLock { shared in
            shared.isGone = true
            shared.unwatch()
            shared.descriptor = nil
            return (shared.machine.ended(failure), shared.connected.take())
        }
        Poller.shared.forget(self)
        onEnd(self)
        // Else a thread that still resolves the name would leave the circuit in doubt.
        endAttempt(failure)
        notifyEnd(failure)
        pushes?.end(failure.ofPushes(wasConnected: wire != nil))
        for (waiter, failure) in failed { waiter.resume(returning: failure) }
        var late: Wire?
        if case .ready(let wire, _) = connected { late = wire }
        for wire in [wire, late] { wire?.stream.close() }
        wire = nil
        let waiters = shared.withLock { shared in
            defer { shared.closeWaiters = [] }
            return shared.closeWaiters
        }
        for waiter in waiters { waiter.resume(returning: ()) }
    }

    private func notifyEnd(_ failure: ConnectionFailure) {
        switch (wire != nil, failure.reason == .closed) {
        case (true, true): settings.listener?.notify(.closed)
        case (true, false): settings.listener?.notify(.lost(failure))
        case (false, false): settings.listener?.notify(.failed(failure))
        case (false, true): break
        }
    }
}
