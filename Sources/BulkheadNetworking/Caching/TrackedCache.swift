package import BulkheadRESP
import Synchronization

/// A cache over one connection of its own, which the server tells what has changed of that which was read over it.
///
/// A thin shell round `CacheMachine`: lock, change, unlock, act. Replies and invalidations are handled where they are
/// read, in the order of the wire.
package final class TrackedCache: Sendable {
    private struct State: Sendable {
        var machine: CacheMachine<CacheCall>
        var connection: (number: Int, connection: AsyncConnection)?
        /// Who waits for the first proof.
        var opener: CacheCall?
        /// When the question was asked that is not answered.
        var openQuestion: Moment?
        /// What the server of a cluster said of the slots last.
        var slots: SlotMarks?
        var isClosed = false
    }

    private let settings: ConnectionSettings
    private let circuit: Circuit
    private let bounds: CacheBounds
    private let state: Mutex<State>
    /// Of a server of a cluster: is called when it says that slots have moved.
    private let onMove: (@Sendable () -> Void)?

    /// A backoff of nothing would keep a processor busy while a server is down.
    private static let shortestPause = Duration.milliseconds(5)

    package init(
        _ settings: ConnectionSettings, _ circuit: Circuit, _ bounds: CacheBounds,
        onMove: (@Sendable () -> Void)? = nil
    ) {
        self.onMove = onMove
        var settings = settings
        // Nothing but a loss is a reason to replace the connection: each time everything kept would go.
        settings.lifetime = ConnectionLifetime()
        // The bounds are those of reads: a question must always have room.
        var bounds = bounds
        bounds.underWay = settings.bounds
        settings.bounds = .none
        self.settings = settings
        self.circuit = circuit
        self.bounds = bounds
        state = Mutex(State(machine: CacheMachine(bounds, circuit.backoff)))
    }

    // MARK: Opening and closing

    /// Connects, and returns when the server has agreed to track; called once.
    package func open(until deadline: Deadline) async throws(CacheFailure) {
        try opened(await beginOpening(until: deadline).outcome())
    }

    /// The same for a thread, which waits.
    package func openBlocking(until deadline: Deadline) throws(CacheFailure) {
        try opened(beginOpening(until: deadline).outcomeBlocking())
    }

    /// Connects, and waits for nothing; in the place of opening it.
    package func start() { reconnect() }

    private func beginOpening(until deadline: Deadline) -> CacheCall {
        let call = CacheCall(until: deadline)
        let number: Int? = state.withLock { state in
            if state.isClosed { return nil }
            state.opener = call
            return state.machine.connect()
        }
        if let number { connect(number) } else { call.resume(.failed(.connection(.databasesClosed))) }
        return call
    }

    private func opened(_ outcome: CacheCall.Outcome) throws(CacheFailure) {
        guard case .failed(let failure) = outcome else { return }
        close()?.abort()
        throw failure
    }

    /// Ends it for good: from now on everything is read as if there were no cache. Whoever opens it waits no longer.
    /// Whose socket is still to close.
    @discardableResult
    package func close() -> AsyncConnection? {
        let (ended, opener, connection) = state.withLock { state in
            state.isClosed = true
            let ended = state.machine.connection.flatMap { state.machine.lost($0, at: .now) }
            return (ended, state.opener.take(), state.connection.take()?.connection)
        }
        opener?.resume(.failed(.connection(.databasesClosed)))
        for waiter in ended?.waiters ?? [] { waiter.resume(.passed) }
        connection?.abort()
        return connection
    }

    // MARK: Reading

    /// The kept reply to a command; nil if there is none that may be returned.
    package func hit(_ command: [UInt8]) -> RESPValue? {
        let now = Moment.now
        return state.withLock { $0.machine.hit(CachedCommand(bytes: command), at: now) }
    }

    /// What a read that was no hit came to.
    package enum Reading: Sendable {
        /// The reply, and whether this read has sent the request for it.
        case reply(RESPValue, isSent: Bool)
        /// Read as if there were no cache.
        case passed
        case failed(ConnectionFailure)
    }

    /// Reads what a command about one key brings, which was no hit.
    package func read(_ command: [UInt8], about key: RESPBytes, until deadline: Deadline) async -> Reading {
        let call = CacheCall(until: deadline)
        switch begin(command, about: key, call) {
        case .over(let reading): return reading
        case .waits(let isSent): return reading(await call.outcome(), isSent)
        }
    }

    /// The same for a thread, which waits.
    package func readBlocking(_ command: [UInt8], about key: RESPBytes, until deadline: Deadline) -> Reading {
        let call = CacheCall(until: deadline)
        switch begin(command, about: key, call) {
        case .over(let reading): return reading
        case .waits(let isSent): return reading(call.outcomeBlocking(), isSent)
        }
    }

    private enum Beginning {
        case over(Reading)
        case waits(isSent: Bool)
    }

    private func begin(_ command: [UInt8], about key: RESPBytes, _ call: CacheCall) -> Beginning {
        let now = Moment.now
        let (step, connection) = state.withLock { state in
            let step = state.machine.read(CachedCommand(bytes: command), about: key, at: now, call)
            return (step, state.connection?.connection)
        }
        switch step {
        case .hit(let value): return .over(.reply(value, isSent: false))
        case .pass: return .over(.passed)
        case .joined: return .waits(isSent: false)
        case .send(let flight, _):
            guard let connection else {
                answered(flight, .failure(ConnectionFailure(.closed, "the cache was closed")))
                return .waits(isSent: false)
            }
            var encoder = RESPEncoder(capacity: command.count + key.count + 32)
            encoder.command("PTTL", argumentCount: 2)
            key.withUnsafeBytes { encoder.argument($0) }
            connection.submit(encoder.bytes + command, expecting: 2) { [self] in answered(flight, $0) }
            return .waits(isSent: true)
        }
    }

    private func reading(_ outcome: CacheCall.Outcome, _ isSent: Bool) -> Reading {
        switch outcome {
        case .reply(let value): .reply(value, isSent: isSent)
        case .passed: .passed
        case .failed(.connection(let failure)): .failed(failure)
        case .failed: .passed
        }
    }

    /// When the key expires comes in front of what it holds; a change between the two spoils both.
    private func answered(_ flight: Int, _ result: Result<[RESPValue], ConnectionFailure>) {
        guard case .success(let replies) = result, replies.count == 2 else {
            let waiters = state.withLock { $0.machine.answered(flight, nil, expiringAfter: nil) }
            for waiter in waiters { waiter.resume(.passed) }
            return
        }
        let value = replies[1].detached()
        // Without an expiry there is -1, and without a key -2. An error keeps nothing.
        var life: Duration?
        var isKept = value.errorMessage == nil && value.withoutAttributes.errorMessage == nil
        switch replies[0].withoutAttributes {
        case .integer(let milliseconds):
            life = milliseconds >= 0 ? .milliseconds(milliseconds) : nil
            // A slot may leave a cluster's server, which then says nothing of keys that it never had.
            if onMove != nil, milliseconds == -2 { isKept = false }
        default: isKept = false
        }
        let kept = isKept ? value : nil
        let waiters = state.withLock { $0.machine.answered(flight, kept, expiringAfter: life) }
        for waiter in waiters { waiter.resume(.reply(value)) }
    }

    /// Drops all that is kept.
    package func clear() {
        let dropped = state.withLock { $0.machine.clear() }
        withExtendedLifetime(dropped) {}
    }

    /// Keeps so many bytes at most from now on.
    package func resize(to bytes: Int) { state.withLock { $0.machine.resize(to: bytes) } }

    /// What it came to so far.
    package func counts() -> CacheCounts {
        let now = Moment.now
        return state.withLock { $0.machine.counts(at: now) }
    }

    // MARK: Catching up

    /// Returns when all that the server had changed before the call is known here.
    package func catchUp(until deadline: Deadline) async throws(CacheFailure) {
        try caughtUp(await beginCatchingUp(until: deadline).outcome())
    }

    /// The same for a thread, which waits.
    package func catchUpBlocking(until deadline: Deadline) throws(CacheFailure) {
        try caughtUp(beginCatchingUp(until: deadline).outcomeBlocking())
    }

    private func caughtUp(_ outcome: CacheCall.Outcome) throws(CacheFailure) {
        if case .failed(let failure) = outcome { throw failure }
    }

    private func beginCatchingUp(until deadline: Deadline) -> CacheCall {
        let call = CacheCall(until: deadline)
        // Without a connection nothing is kept.
        if let (number, connection) = state.withLock({ $0.connection }) {
            ask(number, over: connection) { call.resume($0) }
        } else {
            call.resume(.passed)
        }
        return call
    }

    // MARK: The connection

    private func connect(_ number: Int) {
        do throws(ConnectionFailure) {
            let admission = try circuit.admit()
            let connection = AsyncConnection(
                settings, admission: admission, onEnd: { [self] in ended($0, number) },
                onPush: { [self] in pushed($0, on: number) })
            let isCurrent = state.withLock { state in
                guard state.machine.connection == number else { return false }
                state.connection = (number, connection)
                return true
            }
            guard isCurrent else { return connection.abort() }
            connection.submit(Self.tracking, expecting: 1) { [self] in tracked($0, over: connection) }
            askAgain(number)
        } catch {
            lost(number, error.at(.connecting))
        }
    }

    /// Everything that is read over this connection is to be kept, so the server need not be told so of each read
    /// (OPTIN). It is not told all changes of all keys (BCAST) either, which would cost as much as the writes.
    private static let tracking: [UInt8] = {
        var encoder = RESPEncoder(capacity: 48)
        encoder.command("CLIENT", argumentCount: 3)
        encoder.argument("TRACKING")
        encoder.argument("ON")
        return encoder.bytes
    }()

    private static let question = encoded("INFO", "commandstats")
    private static let questionInCluster = question + encoded("CLUSTER", "SLOTS")

    private static func encoded(_ name: String, _ word: String) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 48)
        encoder.command(name, argumentCount: 2)
        encoder.argument(word)
        return encoder.bytes
    }

    private func tracked(_ result: Result<[RESPValue], ConnectionFailure>, over connection: AsyncConnection) {
        guard case .success(let replies) = result else { return }
        if connection.speaksRESP2 {
            refused(.withoutPushes(settings.endpoint), over: connection)
        } else if let message = replies[0].withoutAttributes.errorMessage {
            refused(.refused(message.detached(), command: "CLIENT TRACKING"), over: connection)
        }
    }

    /// The server does not do what a cache needs.
    private func refused(_ failure: CacheFailure, over connection: AsyncConnection) {
        state.withLock { $0.opener.take() }?.resume(.failed(failure))
        connection.abort()
    }

    /// Asks now, and again and again; a connection that does not answer for too long ends.
    private func askAgain(_ number: Int) {
        let now = Moment.now
        let (connection, open) = state.withLock { state -> (AsyncConnection?, Moment?) in
            guard let (current, connection) = state.connection, current == number else { return (nil, nil) }
            let open = state.openQuestion
            if open == nil { state.openQuestion = now }
            return (connection, open)
        }
        guard let connection else { return }
        if let open {
            if now - open > bounds.proof + settings.connectTimeout { return connection.end(.silent(settings.endpoint)) }
        } else {
            ask(number, over: connection) { [self] in answered(number, $0) }
        }
        let timer = Timer { [self] in askAgain(number) }
        Poller.shared.look(at: now + bounds.interval, for: timer)
    }

    private func answered(_ number: Int, _ outcome: CacheCall.Outcome) {
        let opener = state.withLock { state -> CacheCall? in
            guard state.connection?.number == number else { return nil }
            state.openQuestion = nil
            // Of a connection that ends, its end tells.
            if case .reply = outcome { return state.opener.take() }
            return nil
        }
        opener?.resume(outcome)
    }

    private func ask(
        _ number: Int, over connection: AsyncConnection, _ notify: @escaping @Sendable (CacheCall.Outcome) -> Void
    ) {
        let start = Moment.now
        let question = onMove == nil ? Self.question : Self.questionInCluster
        connection.submit(question, expecting: onMove == nil ? 1 : 2) { [self] result in
            let replies: [RESPValue]
            switch result {
            case .success(let all): replies = all
            case .failure(let failure):
                // Before anybody takes what is kept for caught up; its end comes later.
                lost(number, failure.at(.connecting))
                connection.end(failure)
                return notify(.passed)
            }
            guard let marks = SwapMarks(replies[0]) else {
                let message = replies[0].withoutAttributes.errorMessage ?? "no text"
                refused(.refused(message.detached(), command: "INFO"), over: connection)
                lost(number, connection.closedByOwner)
                return notify(.passed)
            }
            // Before what is kept counts as proved.
            if let onMove, noteSlots(SlotMarks(replies[1]), number) { onMove() }
            let dropped = state.withLock { $0.machine.proved(number, askedAt: start, marks) }
            withExtendedLifetime(dropped) { notify(.reply(.null)) }
        }
    }

    /// True if the slots are not where they were. What cannot be read counts as a move: nothing is known of it.
    private func noteSlots(_ slots: SlotMarks?, _ number: Int) -> Bool {
        state.withLock { state in
            guard state.machine.connection == number else { return false }
            let isSame = slots != nil && (state.slots ?? slots) == slots
            state.slots = slots
            return !isSame
        }
    }

    // MARK: What comes from the wire; for the owner of the connection's I/O

    private func pushed(_ value: RESPValue, on number: Int) {
        guard let elements = value.withoutAttributes.elements, PushKind(of: elements) == .invalidation else { return }
        let dropped = state.withLock { state -> CacheStore? in
            guard state.machine.connection == number else { return nil }
            guard let keys = elements[1].elements else { return state.machine.clear() }
            for key in keys { if let key = key.bytes { state.machine.changed(key) } }
            return nil
        }
        withExtendedLifetime(dropped) {}
    }

    private func ended(_ connection: AsyncConnection, _ number: Int) {
        let wasConnected = connection.wire != nil
        let failure = connection.shared.withLock { $0.machine.failure } ?? connection.closedByOwner
        lost(number, wasConnected ? failure : failure.at(.connecting))
    }

    /// Who waits reads elsewhere, and another connection is made; the first one's failure ends the opening.
    private func lost(_ number: Int, _ failure: ConnectionFailure) {
        let (ended, opener) = state.withLock { state in
            let ended = state.machine.lost(number, at: .now)
            if ended != nil {
                state.connection = nil
                state.openQuestion = nil
            }
            return (ended, ended == nil ? nil : state.opener.take())
        }
        guard let ended else { return }
        opener?.resume(.failed(.connection(failure)))
        for waiter in ended.waiters { waiter.resume(.passed) }
        if ended.failures == 0 { return reconnect() }
        let timer = Timer { [self] in reconnect() }
        let pause = max(circuit.backoff.waitAtRandom(after: ended.failures), Self.shortestPause)
        Poller.shared.look(at: .now + pause, for: timer)
    }

    private func reconnect() {
        let number: Int? = state.withLock { state in
            guard !state.isClosed, state.machine.connection == nil else { return nil }
            return state.machine.connect()
        }
        if let number { connect(number) }
    }
}

extension AsyncConnection {
    /// Sends commands; `notify` learns how they went in the order of the wire, on whatever thread has that.
    fileprivate func submit(
        _ bytes: [UInt8], expecting count: Int,
        _ notify: @escaping @Sendable (Result<[RESPValue], ConnectionFailure>) -> Void
    ) {
        submit(bytes, .replies(count), .hub(SubscriptionCall(notify)), newTicket(), .none)
    }

    /// Once the handshake is over.
    fileprivate var speaksRESP2: Bool { shared.withLock { $0.machine.version == .resp2 } }
}

extension ConnectionFailure {
    fileprivate static func silent(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(.timedOut, "\(endpoint) does not answer any more; the connection of a cache was closed")
    }
}
