import Dispatch
import RESP
import Synchronization

// The pump: the task that writes and reads for all callers of a connection, from its beginning to its end.
// Everything here but the handlers of sources is for the wire's user only.

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

    func pump() async {
        var reads = 0
        while true {
            if let failure = beginTurn() { return finish(failure) }
            // Reading comes first: a hang-up is better learnt before requests are written than behind them.
            let hasReceived = receive()
            flush()
            if !receptions.isEmpty {
                await resumeCallersInTurns()
            } else if hasReceived {
                reads += 1
                if reads % Self.readsInARow == 0 { await Task.yield() }
            } else if broken == nil {
                await rest()
            }
        }
    }

    /// Takes in what others had for the pump; a failure means the end.
    private func beginTurn() -> ConnectionFailure? {
        let now = Moment.now
        let unwritten = wire?.unwrittenCount ?? 0
        let (connected, isWritable, ending, isDrained, expired) = shared.withLock { shared in
            shared.isReadable = false
            shared.wasUsed = true
            defer { shared.isWritable = false }
            if shared.isWritable { shared.waitsForRoom = false }
            if case .success(let wire) = shared.connected { shared.descriptor = wire.descriptor }
            let expired = shared.machine.expire(at: now, unwritten: unwritten)
            return (shared.connected.take(), shared.isWritable, shared.ending, shared.machine.isDrained, expired)
        }
        for (waiter, failure) in expired { waiter.resume(returning: failure) }
        switch connected {
        case .failure(let failure): broken = broken ?? failure
        case .success(let wire): self.wire = wire
        case nil: break
        }
        if isWritable {
            // Made anew when needed: most connections never need one.
            writeSource.map(Self.end)
            writeSource = nil
        }
        return broken ?? ending ?? (isDrained ? closedByOwner : nil)
    }

    /// Has a source wake the pump when bytes come, or the server hangs up.
    func watch(_ shared: inout Shared) {
        guard shared.readSource == nil, let socket = shared.descriptor else { return }
        guard let descriptor = SystemCall.duplicate(socket) else { return shared.ending = tooManyOpenFiles }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        let identity = ObjectIdentifier(source as AnyObject)
        source.setEventHandler { @Sendable [self] in
            let pump: UnsafeContinuation<Void, Never>? = self.shared.withLock { shared in
                // It has been ended, and does not know yet.
                guard shared.readSource.map({ ObjectIdentifier($0 as AnyObject) }) == identity else { return nil }
                if let pump = shared.takePump() { return pump }
                // The wire is in use: whoever uses it will read, and this must not fire again and again until then.
                shared.isReadable = true
                shared.unwatch()
                return nil
            }
            guard let pump else { return }
            // Read here, or the next event would come before the pump runs.
            _ = receive()
            pump.resume()
        }
        shared.readSource = source
        start(source, on: descriptor)
    }

    /// Every source has a descriptor of its own. On Linux, sources on one descriptor lose events when one of them is
    /// cancelled while another is made, and a source that is suspended and resumed may not wake again.
    private func start(_ source: any DispatchSourceProtocol, on descriptor: Int32) {
        liveSources.enter()
        source.setCancelHandler { @Sendable [liveSources] in
            SystemCall.closeSocket(descriptor)
            liveSources.leave()
        }
        source.resume()
    }

    /// Cancels a source a little later, from a timer. On Linux, Dispatch's event thread still walks through a source's
    /// memory when it has announced a hang-up: cancelled within that moment, the process crashes, or the next source
    /// on a descriptor of that number loses its events. A timer fires on that thread, so it is done by then.
    static func end(_ source: any DispatchSourceProtocol) {
        nonisolated(unsafe) let source = source
        source.suspend()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) { @Sendable in
            source.cancel()
            source.resume()
        }
    }

    // MARK: Writing

    /// Writes all that has gathered; what comes in while one round is written goes into the next.
    func flush() {
        guard let wire, broken == nil else { return }
        do throws(ConnectionFailure) {
            let isAllWritten = try wire.write { buffer in
                shared.withLock { $0.machine.takeOutgoing(into: &buffer) }
            }
            if !isAllWritten { waitForRoom(wire) }
        } catch {
            // Its last words may be here: a server without room says so and closes, without reading anything.
            while receive() { resumeCallers() }
            broken = broken ?? error
        }
    }

    private func waitForRoom(_ wire: Wire) {
        guard writeSource == nil else { return }
        guard let descriptor = SystemCall.duplicate(wire.descriptor) else { return broken = tooManyOpenFiles }
        shared.withLock { $0.waitsForRoom = true }
        let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler { @Sendable [self] in change { $0.isWritable = true } }
        writeSource = source
        start(source, on: descriptor)
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
        if !values.isEmpty { shared.withLock { $0.machine.received(&values, &receptions) } }
        if wire.bytesOfOpenReply > Self.mostDroppedBytes {
            shared.withLock { if $0.machine.isDropping { $0.machine.close() } }
        }
        swap(&values, &received)
        return true
    }

    /// Resumes callers in parts, and after each lets them run and writes what they ask next.
    private func resumeCallersInTurns() async {
        // A lone caller may find the connection at rest next time, and do without the pump.
        if receptions.count == 1, settings.pollingTime > .zero, shared.withLock({ $0.machine.isIdle }) {
            return resumeCallers()
        }
        let share = Self.share(of: receptions.count)
        while !receptions.isEmpty {
            for _ in 0..<share {
                guard let reception = receptions.popFirst() else { break }
                handle(reception)
            }
            await Task.yield()
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
        case .completed(.one(let continuation), let value): continuation.resume(returning: .success(value))
        case .completed(.all(let continuation), let value): continuation.resume(returning: .success([value]))
        case .completed(.wiresUser, let value): inlineReplies = .single(value)
        case .completedAll(.all(let continuation), let values): continuation.resume(returning: .success(values))
        case .completedAll(.one(let continuation), let values):
            continuation.resume(returning: .success(.array(values)))
        case .completedAll(.wiresUser, let values): inlineReplies = .several(values)
        case .pushed(let value):
            if case .dropped = pushContinuation?.yield(value) {
                broken = broken ?? ConnectionFailure(
                    .pushOverflow,
                    "messages of \(settings.endpoint) were read too slowly; the connection is closed")
            }
        case .broken(let failure):
            // What the server said comes before the end of the stream, which may have been read already.
            if !isJudged { broken = failure }
            isJudged = true
        }
    }

    // MARK: Resting

    /// Nothing has come: watches for a while where that pays, then sleeps until there is something to do.
    private func rest() async {
        let (isWaiting, hasWork) = shared.withLock { ($0.machine.requestsInLine > 0, $0.hasWorkForPump) }
        if hasWork { return }
        if isWaiting, watchForReplies() { return }
        if isWaiting {
            let deadline = shared.withLock { shared in
                watch(&shared)
                return shared.machine.nextDeadline
            }
            look(at: min(deadline, .now + Self.longestSleep))
        } else {
            watchWhenIdle()
        }
        isResting.store(true, ordering: .relaxed)
        await withUnsafeContinuation { continuation in
            let hasWork = shared.withLock { shared in
                if !shared.hasWorkForPump { shared.user = .nobody(pump: continuation) }
                return shared.hasWorkForPump
            }
            if hasWork { continuation.resume() }
        }
        isResting.store(false, ordering: .relaxed)
    }

    /// Bounded like the watching of a lone caller: it holds one of the threads that run tasks.
    private func watchForReplies() -> Bool {
        let time = pumpPolling.next()
        guard wire != nil, time > .zero, Watchers.enter() else { return false }
        defer { Watchers.leave() }
        shared.withLock { $0.unwatch() }
        let isThere = watchWire(for: time) {
            receive() || broken != nil || shared.withLock { $0.hasWorkForPump }
        }
        if isThere { pumpPolling.succeeded() } else { pumpPolling.failed() }
        return isThere
    }

    /// How long a connection must be unused before a source watches it: a source costs more than the request it would
    /// watch for. A hang-up meanwhile is seen by the next request, before it is sent.
    static let idleTime = Duration.milliseconds(10)
    /// How long the pump sleeps while callers wait. A source that was made while another on the same socket ended has
    /// been seen to miss a hang-up on Linux; nobody must wait for ever because of that.
    static let longestSleep = Duration.milliseconds(250)

    /// Has the source watch for a hang-up once the connection is idle: one look after each busy time, none later.
    func watchWhenIdle() {
        if pushes == nil { look(at: .now + Self.idleTime) } else { change { watch(&$0) } }
    }

    /// The connection's one timer: brings a look at it forward to `moment`.
    func look(at moment: Moment) {
        let isSooner = shared.withLock { shared in
            guard moment < shared.nextLook, !shared.isGone else { return false }
            if shared.nextLook == .never { shared.wasUsed = false }
            shared.nextLook = moment
            return true
        }
        if isSooner { after(moment - .now) { $0.look() } }
    }

    private func look() {
        let now = Moment.now
        let next: Moment? = change { shared in
            // Another look is due later, or this one was brought forward and done. Timers may be a little early.
            if shared.isGone || shared.nextLook > now + .milliseconds(1) { return nil }
            shared.nextLook = .never
            if shared.machine.requestsInLine > 0 {
                // For the pump: a deadline may have passed, or an event been missed.
                if !shared.wasUsed || shared.machine.nextDeadline <= now { shared.isReadable = true }
                return min(max(shared.machine.nextDeadline, now + .milliseconds(1)), now + Self.longestSleep)
            }
            if shared.wasUsed { return now + Self.idleTime }
            watch(&shared)
            releaseSpareMemory(&shared)
            return nil
        }
        if let next { look(at: next) }
    }

    /// Nobody uses the wire, and under the lock nobody begins to.
    private func releaseSpareMemory(_ shared: inout Shared) {
        guard case .nobody = shared.user else { return }
        shared.machine.releaseSpareMemory()
        wire?.releaseSpareMemory()
        received = []
        receptions = RingQueue()
    }

    // MARK: The end

    private var tooManyOpenFiles: ConnectionFailure {
        ConnectionFailure(
            .inputOutput, "the connection to \(settings.endpoint) cannot be watched: too many files are open")
    }

    var closedByOwner: ConnectionFailure {
        ConnectionFailure(.closed, "the connection to \(settings.endpoint) was closed before the reply came")
    }

    /// Fails what is in line, cancels the sources, and closes the descriptor behind them.
    private func finish(_ failure: ConnectionFailure) {
        resumeCallers()
        let (failed, connected) = shared.withLock { shared in
            shared.isGone = true
            shared.unwatch()
            shared.descriptor = nil
            return (shared.machine.ended(failure), shared.connected.take())
        }
        onEnd(self)
        pushContinuation?.finish(throwing: failure)
        for (waiter, failure) in failed { waiter.resume(returning: failure) }
        writeSource.map(Self.end)
        writeSource = nil
        var late: Wire?
        if case .success(let wire) = connected { late = wire }
        let descriptors = [wire, late].compactMap { $0?.descriptor }
        wire = nil
        liveSources.notify(queue: .global()) { @Sendable [self] in
            for descriptor in descriptors { SystemCall.closeSocket(descriptor) }
            let waiters = shared.withLock { shared in
                defer { shared.closeWaiters = [] }
                return shared.closeWaiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }
}
