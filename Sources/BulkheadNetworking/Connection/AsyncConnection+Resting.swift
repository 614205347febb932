import Synchronization

// What happens while nobody uses the wire: the poller watches the socket and the deadlines.

extension AsyncConnection {
    /// Nothing has come: the I/O task spins for a while where that pays, then sleeps until there is something to do.
    func rest() async {
        let (isWaiting, hasWork) = shared.withLock { ($0.machine.queuedRequests > 0, $0.hasWork) }
        if hasWork { return }
        if isWaiting, spinForReplies() { return }
        // Whoever finds others waiting needs the I/O task.
        isResting.store(!isWaiting, ordering: .relaxed)
        await withUnsafeContinuation { ioTask in releaseIO { $0.owner = .nobody(ioTask: ioTask) } }
        isResting.store(false, ordering: .relaxed)
        await takeTurn()
    }

    /// Bounded like the spin of a lone caller: it holds one of the threads that run tasks.
    private func spinForReplies() -> Bool {
        let time = ioTaskSpin.next()
        guard wire != nil, time > .zero, Spinners.enter() else { return false }
        defer { Spinners.leave() }
        shared.withLock { $0.unwatchReading() }
        let isThere = spin(until: .now + time) {
            receive() || broken != nil || shared.withLock { $0.hasWork }
        }
        if isThere { ioTaskSpin.succeeded() } else { ioTaskSpin.failed() }
        return isThere
    }

    /// Releases ownership of the I/O: resumes the I/O task, or registers the socket with the poller, so that a queued
    /// request always has a reader. `change` says who owns it next: nobody, or an I/O task that waits for a thread.
    ///
    /// The only way to release it. A lone caller may have written others' requests with its own.
    func releaseIO(_ change: (inout Shared) -> Void) {
        let (consequences, mustWake) = shared.withLock { shared in
            change(&shared)
            // Messages may come at any time.
            let machine = shared.machine.queuedRequests > 0 || shared.machine.loginStep == .asked
            let mustWatch = !shared.hasWork && (machine || pushes != nil || onPush != nil)
            let mustWake = mustWatch && watch(&shared)
            shared.rests()
            return (shared.settle(), mustWake)
        }
        if mustWake { Poller.shared.wake() }
        follow(consequences)
    }

    /// Has the poller notify the connection when bytes come, or the server hangs up; true if the poller must be woken,
    /// outside the lock. The caller owns the I/O, or nobody does.
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
        if let ioTask = consequences.ioTask {
            isResting.store(false, ordering: .relaxed)
            ioTask.resume()
        }
        Poller.shared.look(at: consequences.look, for: self)
    }
}

extension AsyncConnection: SocketWatcher {
    func isOver(_ watch: Watch) {
        change { $0.isOver(watch) }
    }
}
