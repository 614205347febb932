import Synchronization

// Rest: who waits for what while nobody uses the wire. The poller watches the socket, timers the deadlines.

extension AsyncConnection {
    /// Nothing has come: the pump watches for a while where that pays, then sleeps until there is something to do.
    func rest() async {
        let (isWaiting, hasWork) = shared.withLock { ($0.machine.requestsInLine > 0, $0.hasWorkForPump) }
        if hasWork { return }
        if isWaiting, watchForReplies() { return }
        isResting.store(true, ordering: .relaxed)
        await withUnsafeContinuation { pump in letGo { $0.user = .nobody(pump: pump) } }
        isResting.store(false, ordering: .relaxed)
    }

    /// Bounded like the watching of a lone caller: it holds one of the threads that run tasks.
    private func watchForReplies() -> Bool {
        let time = pumpPolling.next()
        guard wire != nil, time > .zero, Watchers.enter() else { return false }
        defer { Watchers.leave() }
        shared.withLock { $0.unwatchReading() }
        let isThere = watchWire(for: time) {
            receive() || broken != nil || shared.withLock { $0.hasWorkForPump }
        }
        if isThere { pumpPolling.succeeded() } else { pumpPolling.failed() }
        return isThere
    }

    /// The only way to let go of the wire: `change` gives it to nobody. The pump goes on if there is something to do
    /// for it; else the poller watches for who stands in line, whoever wrote their requests. So nobody waits for a
    /// socket that nobody looks at.
    func letGo(_ change: (inout Shared) -> Void) {
        let (pump, moment, mustWake): (UnsafeContinuation<Void, Never>?, Moment, Bool) = shared.withLock { shared in
            change(&shared)
            if let pump = shared.takePumpIfNeeded() { return (pump, .never, false) }
            let isWaiting = shared.machine.requestsInLine > 0
            // Messages may come at any time.
            let mustWake = (isWaiting || pushes != nil) && watch(&shared)
            return (nil, isWaiting ? shared.machine.nextDeadline : .now + Self.idleTime, mustWake)
        }
        if let pump { return pump.resume() }
        if mustWake { Poller.shared.wake() }
        look(at: moment)
    }

    /// Has the pump woken when bytes come, or the server hangs up; true if the poller must be woken, outside the lock.
    private func watch(_ shared: inout Shared) -> Bool {
        guard shared.readWatch == nil, let descriptor = shared.descriptor else { return false }
        let (watch, mustWake) = Poller.shared.watch(descriptor, until: .readable, for: self)
        shared.readWatch = watch
        return mustWake
    }

    // MARK: Timers

    /// How long a connection must be unused before it is watched: that costs more than the request it would watch for.
    /// A hang-up meanwhile is seen by the next request, before it is sent.
    private static let idleTime = Duration.milliseconds(10)

    /// Asks for a look at the connection by `moment`. Timers are not called off: one is set only where none is due by
    /// then, so that there are about as many as different patiences, however many commands come and go.
    func look(at moment: Moment) {
        let isSooner = shared.withLock { shared in
            guard moment < shared.nextLook, !shared.isGone else { return false }
            if shared.nextLook != .never { shared.laterLooks.append(shared.nextLook) }
            shared.nextLook = moment
            shared.wasUsed = false
            shared.timersAhead += 1
            return true
        }
        if isSooner { after(moment - .now) { $0.look() } }
    }

    private func look() {
        let now = Moment.now
        let (next, mustWake): (Moment, Bool) = change { shared in
            shared.timersAhead -= 1
            // Timers may be a little early, and then the look that was due with the one before is done.
            let due = now + .milliseconds(1)
            if shared.isGone || shared.nextLook > due { return (.never, false) }
            while shared.nextLook <= due { shared.nextLook = shared.laterLooks.popLast() ?? .never }
            if shared.machine.requestsInLine > 0 {
                // The pump fails those whose deadline has passed.
                if shared.machine.nextDeadline <= now { shared.mustLook = true }
                return (max(shared.machine.nextDeadline, now + .milliseconds(1)), false)
            }
            // One look after each busy time, none later.
            if shared.wasUsed { return (now + Self.idleTime, false) }
            releaseSpareMemory(&shared)
            return (.never, watch(&shared))
        }
        if mustWake { Poller.shared.wake() }
        look(at: next)
    }

    /// Nobody uses the wire, and under the lock nobody begins to.
    private func releaseSpareMemory(_ shared: inout Shared) {
        guard case .nobody = shared.user else { return }
        shared.machine.releaseSpareMemory()
        wire?.releaseSpareMemory()
        received = []
        receptions = RingQueue()
    }
}

extension AsyncConnection: SocketWatcher {
    func isOver(_ watch: Watch) {
        change { $0.isOver(watch) }
    }
}
