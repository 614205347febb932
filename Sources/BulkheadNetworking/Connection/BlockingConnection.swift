package import BulkheadRESP
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection for one thread at a time: encode, write, read, decode on the caller's thread, nothing between.
///
/// `@unchecked Sendable`: whoever holds its lease is its only user; leases are handed over under the pool's lock.
package final class BlockingConnection: @unchecked Sendable {
    let settings: ConnectionSettings
    let wire: Wire
    /// One request is under way at a time, so a waiter needs no identity.
    @exclusivity(unchecked) var machine: ConnectionMachine<Void>
    @exclusivity(unchecked) private var received: [RESPValue] = []
    @exclusivity(unchecked) private var receptions = RingQueue<ConnectionMachine<Void>.Reception>()
    @exclusivity(unchecked) private var spinBudget: SpinBudget
    /// The listener knows of its opening, and not of an end.
    @exclusivity(unchecked) private var isOpen = false
    private let isInterrupted = Atomic(false)
    /// It was interrupted because it leads to the wrong server.
    private let isSuperseded = Atomic(false)
    /// Which process is at the other end, for whom that matters; nil before it was asked.
    @exclusivity(unchecked) package var peerProcess: String??
    /// Its server's name leads elsewhere.
    let isMovedAway = Atomic(false)
    /// When the last bytes came; kept up only where idle connections are probed.
    @exclusivity(unchecked) private var lastHeard: Moment
    /// Somebody has just looked at the socket, and found nothing; for the request that follows at once.
    @exclusivity(unchecked) var isLookedAt = false
    /// Pushed values not yet asked for; see `nextPush`.
    @exclusivity(unchecked) private var pushes = PushBacklog()

    /// Connects, shakes hands and selects the database; a failure leaves nothing open. The time a resolver takes is
    /// the system's; the deadline counts it, but does not interrupt it.
    /// `accepted` is called between the two.
    package init(
        _ settings: ConnectionSettings, until deadline: Deadline = .none, accepted: () -> Void = {}
    ) throws(ConnectionFailure) {
        let start = Moment.now
        let end = min(start + settings.connectTimeout, deadline.end)
        self.settings = settings
        lastHeard = start
        machine = ConnectionMachine(settings)
        spinBudget = SpinBudget(limit: settings.spinTime)
        do throws(ConnectionFailure) {
            wire = Wire(try ByteStream.open(settings, until: end), settings)
        } catch {
            settings.listener?.notify(.failed(error))
            throw error
        }
        accepted()
        do throws(ConnectionFailure) {
            wire.put(machine.connected())
            try write(until: end)
            while machine.isHandshaking {
                try waitWhileWanted(until: end)
                _ = try step(until: end)
            }
            try settings.checkWanted()
        } catch {
            let failure = error.inHandshake(of: settings)
            settings.listener?.notify(.failed(failure))
            throw failure
        }
        isOpen = true
        settings.listener?.notify(.opened(after: .now - start))
    }

    deinit {
        wire.stream.close()
        notifyEnd(nil)
    }

    /// In a handshake: waits for the server in steps, where it may turn out to be the wrong one meanwhile.
    private func waitWhileWanted(until end: Moment) throws(ConnectionFailure) {
        guard settings.isWanted != nil else { return }
        while end > .now, !wire.wait(alsoToWrite: false, milliseconds: ByteStream.mostMillisecondsUnseen) {
            try settings.checkWanted()
        }
    }

    /// Nil means that this side wants the end.
    private func notifyEnd(_ failure: ConnectionFailure?) {
        guard isOpen else { return }
        isOpen = false
        settings.listener?.notify(failure.map { .lost($0) } ?? .closed)
    }

    // MARK: Requests

    /// Sends the bytes of one command and waits for its reply.
    ///
    /// Past the deadline its reply is dropped when it comes; the next request stands behind it.
    package func send(_ bytes: [UInt8], until deadline: Deadline = .none) throws(ConnectionFailure) -> RESPValue {
        try request(bytes, .replies(1), deadline).first
    }

    /// Sends the bytes of `count` commands and waits for all replies, in order.
    ///
    /// Reads while it writes, so that a server whose replies fill both buffers cannot deadlock with it.
    package func sendAll(
        _ bytes: [UInt8], count: Int, until deadline: Deadline = .none
    ) throws(ConnectionFailure) -> [RESPValue] {
        // A request without replies would never leave the queue.
        if count == 0 { return [] }
        return try request(bytes, .replies(count), deadline).all
    }

    /// Asks the server to end the wait of the connection with this id, as `AsyncConnection.Unblock` does.
    package typealias Unblock = (_ clientID: Int64, _ deadline: Deadline) -> Bool

    /// The same for commands some of which may wait on the server, as `AsyncConnection.sendBlocking` does it: past the
    /// deadline the server's wait is ended, and the replies are the result if they come soon. Else the connection is
    /// closed.
    package func sendBlocking(
        _ bytes: [UInt8], count: Int, until deadline: Deadline = .none, unblock: Unblock
    ) throws(ConnectionFailure) -> [RESPValue] {
        machine.extensions[0] = settings.unblockingTime
        defer { machine.extensions = [:] }
        do throws(ConnectionFailure) {
            return try request(bytes, .replies(count), deadline).all
        } catch {
            guard error.reason == .timedOut, error.stage >= .writing else { throw error }
            // What was asked and is not answered could end the wait of the next command here.
            if (try? awaitReplies(unblock)) != true || completed == nil { interrupt() }
            guard let replies = completed.take() else { throw error }
            return replies.all
        }
    }

    /// Asks again and again, as the asynchronous form does; true if every question was answered.
    private func awaitReplies(_ unblock: Unblock) throws(ConnectionFailure) -> Bool {
        guard let id = machine.clientID else { return false }
        let deadline = Deadline(after: Timeout(settings.unblockingTime))
        var pause = Duration.milliseconds(1)
        while completed == nil, !deadline.isOver {
            guard unblock(id, deadline) else { return false }
            _ = try step(until: min(.now + pause, deadline.end))
            pause = min(pause * 2, .milliseconds(50))
        }
        return true
    }

    /// Sends a subscription command and waits for the confirmations of its channels, or the error that refuses it.
    package func subscribe(
        _ bytes: [UInt8], until deadline: Deadline = .none
    ) throws(ConnectionFailure) -> [RESPValue] {
        try request(bytes, .confirmations, deadline).all
    }

    /// The next pushed value; nil past `timeout`. Throws once there is none and the connection has ended.
    package func nextPush(timeout: Duration) throws(ConnectionFailure) -> RESPValue? {
        let end = Moment.now + timeout
        while pushes.isEmpty {
            if let failure = machine.failure { throw failure.ofPushes(wasConnected: true) }
            do throws(ConnectionFailure) {
                // What came with the last look counts.
                let next = min(end, nextProbe)
                if try step(until: next) || !pushes.isEmpty { continue }
                if end <= .now { return nil }
                if nextProbe <= .now { try probe(until: end) }
            } catch {
                // What came whole before the end counts; the next call learns of the end.
                if pushes.isEmpty { throw error.ofPushes(wasConnected: true) }
            }
        }
        return pushes.popFirst()
    }

    /// When a PING is due if nothing comes until then.
    private var nextProbe: Moment { settings.lifetime.probeInterval.map { lastHeard + $0 } ?? .never }

    /// Asks whether the peer is there; throws if it did not answer the last time.
    private func probe(until end: Moment) throws(ConnectionFailure) {
        if machine.probeOrJudge(), let failure = machine.closeIfSilent(at: .now) { throw broken(failure) }
        lastHeard = .now
        try write(until: end)
    }

    /// False if nothing has come for so long that a PING is due, and it remains unanswered.
    func isAlive(until deadline: Deadline) -> Bool {
        guard let interval = settings.lifetime.probeInterval, nextProbe <= .now else { return true }
        var encoder = RESPEncoder()
        encoder.command("PING", argumentCount: 1)
        let end = min(deadline.end, .now + interval)
        return (try? send(encoder.bytes, until: Deadline(start: .now, end: end))) != nil
    }

    private func request(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Void>.Expectation, _ deadline: Deadline
    ) throws(ConnectionFailure) -> Replies {
        // What came before the request is no reply to it, and a hang-up is better learnt before than behind it.
        while !machine.refusesRequests, !isLookedAt {
            do throws(ConnectionFailure) {
                guard try readAvailable(), try !isOver(deadline.end) else { break }
            } catch {
                throw error.at(.refused)
            }
        }
        isLookedAt = false
        if let refusal = machine.submit(bytes, expectation, (), deadline: deadline) { throw refusal }
        do throws(ConnectionFailure) {
            // What is late already does not leave.
            _ = try isOver(deadline.end)
            try write(until: deadline.end)
            // A plain socket has nothing right behind the write, so it need not be looked at before the first wait. A
            // layer knows what it waits for only when it was.
            if completed == nil, wire.stream.layer == nil, try !spin(until: deadline.end) {
                _ = try wait(until: deadline.end)
            }
            while completed == nil { _ = try step(until: deadline.end) }
        } catch {
            // A reply that came before the end counts; the next request learns of the end.
            if completed == nil { throw error }
        }
        return completed.take() ?? .several([])
    }

    /// The replies of the request under way, once all are there.
    @exclusivity(unchecked) private var completed: Replies?

    // MARK: Between requests

    /// True if nothing is under way and nothing is subscribed to; replies that nobody wants may still come.
    package var isIdle: Bool {
        machine.isFree && !isMovedAway.load(ordering: .relaxed) && pushes.isEmpty
            && (wire.isBetweenReplies || machine.isDropping)
    }

    /// True if an idle connection is fit for the next lease, by one look at the socket: the server may have closed it
    /// meanwhile. The look takes a late reply that nobody wants any more; a longer one ends the connection's use.
    package var isReusable: Bool {
        guard let hasCome = try? readAvailable() else { return false }
        // Behind what has come there may be the end.
        isLookedAt = !hasCome
        return isIdle && wire.isBetweenReplies
    }

    /// Ends the wait of the thread that uses this connection, from any thread; it sees a closed connection.
    package func interrupt() {
        isInterrupted.store(true, ordering: .relaxed)
        wire.stream.interrupt()
    }

    /// The same, because another server is the primary.
    func supersede() {
        isSuperseded.store(true, ordering: .relaxed)
        interrupt()
    }

    // MARK: Input and output

    /// Writes what the machine has.
    private func write(until end: Moment) throws(ConnectionFailure) {
        while true {
            do throws(ConnectionFailure) {
                if try wire.write({ machine.takeOutgoing(into: &$0) }) { return }
            } catch {
                // Its last words may be here: a server without room says so and closes, without reading anything.
                while try readAvailable() {}
                throw broken(error)
            }
            guard try wait(alsoToWrite: true, until: end) else { throw late }
            // A peer may take bytes, or send some, each time it is looked at.
            _ = try readAvailable()
            if try isOver(end) { throw late }
        }
    }

    /// Waits for bytes and takes in what they bring; false past the deadline, also where they come without end.
    private func step(until end: Moment) throws(ConnectionFailure) -> Bool {
        let hasCome = try readAvailable() ? true : try spin(until: end)
        return hasCome ? try !isOver(end) : try wait(until: end)
    }

    /// Spins for bytes for as long as the budget says, but not past the deadline; false if none came.
    private func spin(until deadline: Moment) throws(ConnectionFailure) -> Bool {
        let time = spinBudget.next()
        guard time > .zero else { return false }
        let end = min(Moment.now + time, deadline)
        repeat {
            if try readAvailable() {
                spinBudget.succeeded()
                return true
            }
            // On a single core the server needs this one to answer at all.
            sched_yield()
        } while Moment.now < end
        spinBudget.failed()
        return false
    }

    /// Reads once without waiting; false if nothing is there.
    @discardableResult
    private func readAvailable() throws(ConnectionFailure) -> Bool {
        var violation: ConnectionFailure?
        do throws(ConnectionFailure) {
            guard try wire.receive() else { return false }
            if settings.lifetime.probeInterval != nil { lastHeard = .now }
            try wire.decode(into: &received)
        } catch {
            violation = error
        }
        machine.received(&received, &receptions)
        // So much of a reply that nobody wants is not worth another request's wait behind it.
        if wire.bytesOfOpenReply > AsyncConnection.mostDroppedBytes, machine.isDropping { machine.close() }
        while let reception = receptions.popFirst() { try take(reception) }
        if let violation { throw broken(violation) }
        return true
    }

    private func take(_ reception: consuming ConnectionMachine<Void>.Reception) throws(ConnectionFailure) {
        switch reception {
        case .nothing, .ready, .loggedIn: break
        case .send(let bytes):
            wire.put(bytes)
            try write(until: .now + settings.connectTimeout)
        case .completed(_, let value): completed = .single(value)
        case .completedAll(_, let values): completed = .several(values)
        case .broken(let failure): throw broken(failure)
        case .pushed(let value):
            if settings.isMaintenance(value) { return }
            if !pushes.append(value) { throw broken(.pushOverflow(settings.endpoint)) }
        }
    }

    /// Waits for the socket; false past `end`, unless that throws for a request under way.
    private func wait(alsoToWrite: Bool = false, until end: Moment) throws(ConnectionFailure) -> Bool {
        if wire.wait(alsoToWrite: alsoToWrite, milliseconds: end.millisecondsLeft) { return true }
        _ = try isOver(end)
        return false
    }

    /// Throws if a handshake or the request under way is past its end; true if anything else is.
    private func isOver(_ end: Moment) throws(ConnectionFailure) -> Bool {
        guard end != .never else { return false }
        let now = Moment.now
        guard end <= now else { return false }
        if machine.isHandshaking { throw broken(late) }
        if let (_, failure) = machine.expire(at: now, unwritten: wire.unwrittenCount).first {
            _ = machine.closeIfSilent(at: now)
            throw failure
        }
        return true
    }

    private var late: ConnectionFailure {
        ConnectionFailure(
            .connectTimedOut, "\(settings.endpoint) accepted the connection but did not answer in time")
    }

    private var closedByOwner: ConnectionFailure {
        ConnectionFailure(.closed, "the connection to \(settings.endpoint) was closed before the reply came")
    }

    /// Ends the machine and returns the failure as the request under way sees it.
    private func broken(_ failure: ConnectionFailure) -> ConnectionFailure {
        let isOurs = isInterrupted.load(ordering: .relaxed)
        notifyEnd(isOurs ? nil : failure)
        let isSuperseded = isSuperseded.load(ordering: .relaxed)
        let failure = isSuperseded ? .superseded(settings.endpoint) : isOurs ? closedByOwner : failure
        return machine.ended(failure).first?.1 ?? failure
    }
}
