import BulkheadRESP
import Synchronization

// The beginning: what blocks or has a deadline, on a thread of its own. The threads that run tasks stay free for them;
// and where those are all busy, or blocked by somebody's mistake, a connection is made all the same.

extension AsyncConnection {
    /// Begins to connect as soon as the circuit allows.
    func connect(_ admission: Circuit.Admission?) {
        switch admission {
        case nil: connect()
        case .attempt(let attempt):
            shared.withLock { $0.attempt = attempt }
            connect()
        case .pending(let circuit):
            circuit.ask { [weak self] answer in self?.connect(answer) }
        }
    }

    /// One that has ended meanwhile leaves the attempt to others.
    private func connect(_ answer: Circuit.Answer) {
        switch answer {
        case .success(let attempt):
            let isWanted = shared.withLock { shared in
                guard shared.ending == nil, !shared.isGone else { return false }
                shared.attempt = attempt
                return true
            }
            if isWanted { connect() }
        case .failure(let failure): end(failure)
        }
    }

    /// How the attempt went; the first verdict counts.
    func endAttempt(_ failure: ConnectionFailure?) {
        shared.withLock { $0.attempt.take() }?.ended(failure)
    }

    /// Begins to connect and shake hands; `Shared.connected` tells the owner of the I/O how it went.
    private func connect() {
        let start = Moment.now
        let deadline = start + settings.connectTimeout
        change { $0.endOfConnecting = .now + settings.connectTimeout + Self.timeForVerdict }
        OwnThread.run { [self] in
            let result = Result { () throws(ConnectionFailure) in
                try settings.connecting(until: deadline, check: checkOwner) { found throws(ConnectionFailure) in
                    try connectedWire(found, until: deadline)
                }
            }
            endAttempt(result.failure)
            let isGone = change { shared in
                guard !shared.isGone else { return true }
                switch result {
                case .success(let wire): shared.connected = .ready(wire, after: .now - start)
                case .failure(let failure): shared.connected = .failed(failure)
                }
                return false
            }
            guard case .success(let wire) = result else { return }
            // A new login may have come meanwhile.
            if isGone { wire.stream.close() } else { renewLogin() }
        }
    }

    /// Throws if the owner does not want the connection any more.
    private func checkOwner() throws(ConnectionFailure) {
        if let ending = shared.withLock({ $0.ending }) { throw ending }
    }

    private func connectedWire(
        _ settings: ConnectionSettings, until deadline: Moment
    ) throws(ConnectionFailure) -> Wire {
        let stream = try ByteStream.open(settings, until: deadline, check: checkOwner)
        let wire = Wire(stream, settings)
        do throws(ConnectionFailure) {
            try shakeHands(on: wire, settings, until: deadline)
            try settings.checkWanted()
        } catch {
            stream.close()
            shared.withLock { $0.machine.startOver() }
            throw error.inHandshake(of: settings)
        }
        return wire
    }

    private func shakeHands(
        on wire: Wire, _ settings: ConnectionSettings, until deadline: Moment
    ) throws(ConnectionFailure) {
        wire.put(shared.withLock { $0.machine.connected(to: settings) })
        while shared.withLock({ $0.machine.isHandshaking }) {
            do throws(ConnectionFailure) {
                _ = try wire.write { _ in }
            } catch {
                // Its last words may be here: a server without room says so and closes, without reading anything.
                while try takeAnswers(on: wire) {}
                throw error
            }
            try waitForAnswer(on: wire, settings, until: deadline)
            _ = try takeAnswers(on: wire)
        }
        // It may have ended meanwhile, with or without an answer.
        if let failure = shared.withLock({ $0.machine.failure }) { throw failure }
    }

    /// Reads once; false if nothing is there.
    private func takeAnswers(on wire: Wire) throws(ConnectionFailure) -> Bool {
        guard try wire.receive() else { return false }
        var answers: [RESPValue] = []
        try wire.decode(into: &answers)
        for answer in answers {
            switch shared.withLock({ $0.machine.received(answer) }) {
            case .send(let bytes): wire.put(bytes)
            case .broken(let failure): throw failure
            // Nobody has asked for any other yet.
            case .pushed(let push): _ = settings.isMaintenance(push)
            default: break
            }
        }
        return true
    }

    private func waitForAnswer(
        on wire: Wire, _ settings: ConnectionSettings, until deadline: Moment
    ) throws(ConnectionFailure) {
        // In steps, to see whether the owner still wants the connection.
        while shared.withLock({ $0.ending == nil }) {
            try settings.checkWanted()
            // Looked at before each wait: a server may send without end what answers nothing.
            if Moment.now >= deadline {
                throw ConnectionFailure(
                    .connectTimedOut, "\(settings.endpoint) accepted the connection but did not answer in time")
            }
            let left = min((deadline - .now).wholeMilliseconds, ByteStream.mostMillisecondsUnseen)
            if wire.wait(alsoToWrite: wire.hasUnwritten, milliseconds: left) { return }
        }
        throw shared.withLock { $0.ending } ?? closedByOwner
    }
}
