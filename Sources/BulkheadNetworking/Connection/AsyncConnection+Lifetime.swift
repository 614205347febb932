import BulkheadRESP

// Who looks after a connection that nobody uses: timers, and only where the settings ask for them.

extension AsyncConnection {
    /// Begins to ask whether the peer is there, where the settings say so. It ends with the connection.
    func beginProbing() {
        if let interval = settings.lifetime.probeInterval { later(interval) { $0.probe(every: interval) } }
    }

    private func probe(every interval: Duration) {
        let goesOn = change { shared in
            if shared.isGone || shared.machine.refusesRequests { return false }
            if shared.machine.probeOrJudge() { shared.mustLook = true }
            return true
        }
        if goesOn { later(interval) { $0.probe(every: interval) } }
    }

    /// Takes no new requests once nobody has asked anything for `time`, or a little longer: up to twice that.
    func retire(whenUnusedFor time: Duration, since bytes: Int? = nil) {
        later(time) { connection in
            let used = connection.change { shared in
                if shared.machine.requestedBytes == bytes, shared.machine.queuedRequests == 0 { shared.machine.close() }
                return shared.isGone || shared.machine.refusesRequests ? nil : shared.machine.requestedBytes
            }
            if let used { connection.retire(whenUnusedFor: time, since: used) }
        }
    }

    /// Takes no new requests after `time`, but not before it was made.
    func retire(after time: Duration) {
        later(time) { $0.isHandshaking ? $0.retire(after: time) : $0.retire() }
    }

    /// Takes no new requests, lets those in the queue finish, and ends.
    func retire() {
        change { $0.machine.close() }
    }

    /// Does `action` on the poller's thread after `time`, if the connection is still there by then.
    func later(_ time: Duration, _ action: @escaping @Sendable (AsyncConnection) -> Void) {
        Poller.shared.look(at: .now + time, for: Timer { [weak self] in if let self { action(self) } })
    }
}

/// Something to be done at one moment.
final class Timer: TimerTarget {
    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    func look(at now: Moment) { action() }
}
