import BulkheadRESP
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// Inline completion: a caller that finds the connection idle writes its request and reads its reply itself, on the
// thread it is on. A near server answers sooner than a thread suspends its task, sleeps and wakes again.

extension AsyncConnection {
    /// What came of it.
    enum InlineOutcome {
        case completed(Result<Replies, ConnectionFailure>)
        /// The request is in the queue for the owner of the I/O, whose place a waiter must take by `handOver`.
        case unanswered
        /// Nothing was done: the connection is busy or not ready, or the budget says no.
        case notTaken
    }

    func inline(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ deadline: Deadline
    ) async -> InlineOutcome {
        // What is late does not leave: it fails in the queue. A call begins here, or was looked at right before, so
        // that only one without any time is late, or one that others kept waiting; neither needs another look at the
        // clock.
        if deadline.end <= deadline.start { return .notTaken }
        var step = shared.withLock { $0.beginInline() }
        if step == .yieldFirst {
            // Yielding means a wait for a thread of the tasks' pool, which an actor's caller may not need: it lets
            // others run by queueing once.
            if await isActorsCaller() {
                shared.withLock { $0.inline.yielded(for: .zero) }
                return .notTaken
            }
            let start = Moment.now
            await Task.yield()
            let now = Moment.now
            step = shared.withLock { shared in
                shared.inline.yielded(for: now - start)
                return deadline.end <= now ? .suspend : shared.beginInline()
            }
        }
        guard case .spin(let time) = step else { return .notTaken }
        return completeInline(bytes, expectation, deadline, within: time)
    }

    private func completeInline(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ deadline: Deadline,
        within time: Duration
    ) -> InlineOutcome {
        // The server may have hung up since: better learnt before the request than behind it.
        if receive() { resumeCallers() }
        if let broken {
            endInline()
            return .completed(.failure(broken.at(.refused)))
        }
        let isFirst = shared.withLock { shared in
            // Somebody came between: nobody's turn is taken, and `handOver` relies on being the first.
            shared.machine.queuedRequests == 0
                && shared.machine.submit(bytes, expectation, .ioOwner, deadline: deadline) == nil
        }
        guard isFirst else {
            endInline()
            return .notTaken
        }
        flush()
        let isThere = spin(until: min(Moment.now + time, deadline.end)) {
            if receive() { resumeCallers() }
            return inlineReplies != nil || broken != nil
        }
        guard isThere, let replies = inlineReplies.take() else {
            shared.withLock { $0.inline.failed() }
            return .unanswered
        }
        shared.withLock { $0.inline.succeeded() }
        endInline()
        return .completed(.success(replies))
    }

    /// Spins: looks again and again; false if `isThere` stays false until then.
    func spin(until end: Moment, _ isThere: () -> Bool) -> Bool {
        repeat {
            if isThere() { return true }
            // On a single core the server needs this one to answer at all.
            sched_yield()
        } while Moment.now < end
        return false
    }

    /// Puts `waiter` in the place of the caller that owns the I/O, which stops spinning, and leaves the rest to the I/O
    /// task.
    func handOver(to waiter: Waiter, _ ticket: Ticket) {
        isResting.store(false, ordering: .relaxed)
        releaseIO { shared in
            shared.machine.replaceFirstWaiter(by: waiter, of: ticket.task, ticket: ticket.number)
            if ticket.task != nil { shared.askWhetherCancelled(from: .now) }
            if let broken { shared.end(broken) }
            shared.endInline()
        }
    }

    private func endInline() {
        releaseIO { shared in
            // A reply may have come together with the end, or with what belongs to nobody. Whoever learnt of the end
            // must not be taken by this connection again.
            if let broken { shared.end(broken) }
            shared.endInline()
        }
    }
}

/// True on an actor, the main one included: false on the threads of the tasks' pool.
private func isActorsCaller(isolation: isolated (any Actor)? = #isolation) async -> Bool { isolation != nil }
