import Synchronization

// Rest: who waits for what while nobody uses the wire. The poller watches the socket and the deadlines.

extension AsyncConnection {
    /// Nothing has come: the pump watches for a while where that pays, then sleeps until there is something to do.
    func rest() async {
        let (isWaiting, hasWork) = shared.withLock { ($0.machine.requestsInLine > 0, $0.hasWork) }
        if hasWork { return }
        if isWaiting, watchForReplies() { return }
        isResting.store(true, ordering: .relaxed)
        await withUnsafeContinuation { pump in letGo { $0.user = .nobody(pump: pump) } }
        isResting.store(false, ordering: .relaxed)
        await takeTurn()
    }

    /// Bounded like the watching of a lone caller: it holds one of the threads that run tasks.
    private func watchForReplies() -> Bool {
        let time = pumpPolling.next()
        guard wire != nil, time > .zero, Watchers.enter() else { return false }
        defer { Watchers.leave() }
        shared.withLock { $0.unwatchReading() }
        let isThere = watchWire(for: time) {
            receive() || broken != nil || shared.withLock { $0.hasWork }
        }
        if isThere { pumpPolling.succeeded() } else { pumpPolling.failed() }
        return isThere
    }

    /// The only way to let go of the wire: `change` gives it to nobody, or back to a pump that waits for a thread. What
    /// there is to do is done by the pump; else the poller watches for who stands in line, whoever wrote their
    /// requests. So nobody waits for a socket that nobody looks at.
    func letGo(_ change: (inout Shared) -> Void) {
        let (consequences, mustWake) = shared.withLock { shared in
            change(&shared)
            // Messages may come at any time.
            let mustWatch = !shared.hasWork && (shared.machine.requestsInLine > 0 || pushes != nil)
            let mustWake = mustWatch && watch(&shared)
            shared.rests()
            return (shared.settle(), mustWake)
        }
        if mustWake { Poller.shared.wake() }
        follow(consequences)
    }

    /// Has the poller tell when bytes come, or the server hangs up; true if it must be woken, outside the lock. Nobody
    /// owns the wire, or the caller does.
    func watch(_ shared: inout Shared) -> Bool {
        guard shared.descriptor != nil, let stream = wire?.stream else { return false }
        let interest = stream.interest(hasUnwritten: false)
        var mustWake = false
        if interest.contains(.readable), shared.readWatch == nil {
            mustWake = watch(stream, until: .readable, &shared.readWatch)
        }
        // A layer has bytes of its own to send before it can read.
        if interest.contains(.writable), shared.writeWatch == nil {
            mustWake = watch(stream, until: .writable, &shared.writeWatch) || mustWake
        }
        return mustWake
    }

    func watch(_ stream: ByteStream, until kind: Readiness, _ watch: inout Watch?) -> Bool {
        let (new, mustWake) = Poller.shared.watch(stream.descriptor, until: kind, for: self)
        watch = new
        return mustWake
    }

    func follow(_ consequences: Consequences) {
        consequences.pump?.resume()
        Poller.shared.look(at: consequences.look, for: self)
    }
}

extension AsyncConnection: SocketWatcher {
    func isOver(_ watch: Watch) {
        change { $0.isOver(watch) }
    }
}
