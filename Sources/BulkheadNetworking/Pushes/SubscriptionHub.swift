import BulkheadRESP
import Synchronization

/// Whoever listens: a subscriber's queue, or what stands between one and the servers of a cluster.
///
/// It is notified on whatever thread has the connection's I/O, and must not wait there.
package protocol MessageReceiver: AnyObject, Sendable {
    func append(_ message: PushedMessage)
    /// Messages may be missing here.
    func appendGap(_ why: SubscriptionFailure)
    /// Everything is confirmed.
    func subscribed()
    /// Nothing comes any more; nil is an end without a failure.
    func end(_ failure: SubscriptionFailure?)
}

/// All subscriptions of a process at one server with one login, over one connection.
///
/// A thin shell round `SubscriptionMachine`: lock, change, unlock, act. What comes from the wire is handled where it is
/// read, so a gap stands before the first message of a new connection.
package final class SubscriptionHub: Sendable {
    private typealias Machine = SubscriptionMachine<any MessageReceiver>

    private struct State: Sendable {
        var machine: Machine
        var connection: (number: Int, connection: AsyncConnection)?
        /// Those of whoever subscribed while there was no connection.
        var settings: ConnectionSettings?
    }

    private let circuit: Circuit
    /// How long the connection stays when nobody subscribes any more.
    private let idleTime: Duration
    private let state: Mutex<State>

    /// A backoff of nothing would keep a processor busy while a server is down.
    private static let shortestPause = Duration.milliseconds(5)

    /// In a cluster whoever listened learns of each loss, and looks for what it listened to elsewhere.
    package init(_ circuit: Circuit, idleTime: Duration = .seconds(10), isInCluster: Bool = false) {
        self.circuit = circuit
        self.idleTime = idleTime
        state = Mutex(State(machine: Machine(isInCluster: isInCluster, circuit.backoff)))
    }

    deinit { state.withLock { $0.connection.take() }?.connection.abort() }

    /// Begins to listen; a connection is made by `settings` if there is none.
    package func subscribe(
        _ receiver: any MessageReceiver, to subjects: [SubscriptionSubject], _ settings: ConnectionSettings
    ) -> Int {
        let (id, actions) = state.withLock { state in
            if state.connection == nil {
                state.settings = settings
                // One command at a time is under way, and whoever subscribes waits for it.
                state.settings?.bounds = .none
            }
            return state.machine.subscribe(receiver, to: subjects)
        }
        perform(actions)
        return id
    }

    package func unsubscribe(_ id: Int) { change { $0.unsubscribe(id) } }

    /// Ends all subscriptions and takes no more; whose socket is still to close.
    package func close() -> AsyncConnection? {
        let connection = state.withLock { $0.connection?.connection }
        change { $0.close() }
        return connection
    }

    // MARK: Actions

    private func change(_ event: (inout Machine) -> [Machine.Action]) {
        perform(state.withLock { event(&$0.machine) })
    }

    private func perform(_ actions: [Machine.Action]) {
        for action in actions {
            switch action {
            case .connect(let number): connect(number)
            case .send(let number, let kind, let names): send(kind, names, over: number)
            case .close(let number): takeConnection(number)?.abort()
            case .retry(let number, let failures):
                later(max(circuit.backoff.waitAtRandom(after: failures), Self.shortestPause)) {
                    $0.change { $0.retryIsDue(number) }
                }
            case .awaitIdleTime(let number): later(idleTime) { $0.change { $0.idleTimeIsOver(number) } }
            case .subscribed(let queue): queue.subscribed()
            case .gap(let queue, let why): queue.appendGap(why)
            case .ended(let queue, let failure): queue.end(failure)
            }
        }
    }

    private func connect(_ number: Int) {
        guard let settings = state.withLock({ $0.settings }) else { return }
        do throws(ConnectionFailure) {
            let admission = try circuit.admit()
            let connection = AsyncConnection(
                settings, admission: admission, onEnd: { [weak self] in self?.ended($0, number) },
                onPush: { [weak self] in self?.pushed($0, on: number) })
            let isCurrent = state.withLock { state in
                guard state.machine.isCurrent(number) else { return false }
                state.connection = (number, connection)
                return true
            }
            if !isCurrent { connection.abort() }
        } catch {
            change { $0.lost(number, error.at(.connecting), wasConnected: false, at: .now) }
        }
    }

    private func takeConnection(_ number: Int) -> AsyncConnection? {
        state.withLock { state in
            guard state.connection?.number == number else { return nil }
            return state.connection.take()?.connection
        }
    }

    private func send(_ kind: SubscriptionKind, _ names: [RESPBytes], over number: Int) {
        let connection = state.withLock { $0.connection.flatMap { $0.number == number ? $0.connection : nil } }
        guard let connection else { return }
        var encoder = RESPEncoder(capacity: names.reduce(32) { $0 + $1.count + 16 })
        encoder.command(kind.word, argumentCount: names.count + 1)
        for name in names { name.withUnsafeBytes { encoder.argument($0) } }
        // Once for the connection, which may be in the making, and once for the answer.
        let deadline = Deadline(
            after: Timeout(connection.settings.connectTimeout).adding(connection.settings.connectTimeout))
        connection.subscribe(
            encoder.bytes, until: deadline,
            SubscriptionCall { [weak self, weak connection] result in
                switch result {
                case .success(let replies):
                    let refusal = replies.lazy.compactMap { $0.withoutAttributes.errorMessage }.first
                    self?.change { $0.answered(refusal?.detached(), on: number, at: .now) }
                // Its end tells those who listen. One that goes on would never be asked again.
                case .failure(let failure): connection?.end(failure)
                }
            })
    }

    private func later(_ time: Duration, _ action: @escaping @Sendable (SubscriptionHub) -> Void) {
        Poller.shared.look(at: .now + time, for: Timer { [weak self] in if let self { action(self) } })
    }

    // MARK: What comes from the wire; for the owner of the connection's I/O

    private func pushed(_ value: RESPValue, on number: Int) {
        guard let elements = value.withoutAttributes.elements else { return }
        let kind = PushKind(of: elements)
        guard let subject = SubscriptionSubject(elements, kind) else { return }
        if case .confirmation(let kind) = kind {
            if !kind.isBegin { change { $0.endedByServer(subject, on: number) } }
            return
        }
        var gaps: [Machine.Action] = []
        let receivers = state.withLock { $0.machine.receivers(of: subject, gaps: &gaps) }
        guard !receivers.isEmpty, let message = PushedMessage(elements, kind, for: subject) else { return }
        perform(gaps)
        for receiver in receivers.values { receiver.append(message) }
    }

    private func ended(_ connection: AsyncConnection, _ number: Int) {
        let wasConnected = connection.wire != nil
        let failure = connection.shared.withLock { $0.machine.failure } ?? connection.closedByOwner
        _ = takeConnection(number)
        let why = wasConnected ? failure : failure.at(.connecting)
        change { $0.lost(number, why, wasConnected: wasConnected, at: .now) }
    }
}

/// One subscriber's share of a hub, or of a cluster: it listens until `unsubscribe`, or until nobody has it any more.
package final class MessageSubscription: Sendable {
    package let queue: MessageQueue
    private let leave: @Sendable () -> Void

    package convenience init(
        _ subjects: [SubscriptionSubject], over hub: SubscriptionHub, _ settings: ConnectionSettings, keeping count: Int
    ) {
        self.init(keeping: count) { queue in
            let id = hub.subscribe(queue, to: subjects, settings)
            return { hub.unsubscribe(id) }
        }
    }

    /// `listen` begins to listen, and returns what ends that.
    package init(keeping count: Int, _ listen: (MessageQueue) -> @Sendable () -> Void) {
        queue = MessageQueue(mostMessages: count)
        leave = listen(queue)
    }

    deinit { unsubscribe() }

    package func unsubscribe() {
        queue.end(nil)
        leave()
    }

    /// Returns when the server has confirmed everything.
    package func opened(until deadline: Deadline) async throws(SubscriptionFailure) {
        try await queue.opened(until: deadline) { .late(deadline) }.get()
    }

    /// The same for a thread, which waits.
    package func openedBlocking(until deadline: Deadline) throws(SubscriptionFailure) {
        try queue.openedBlocking(until: deadline) { .late(deadline) }.get()
    }
}

extension SubscriptionFailure {
    fileprivate static func late(_ deadline: Deadline) -> SubscriptionFailure {
        .connection(
            ConnectionFailure(
                .timedOut, "the server did not confirm the subscription within \(deadline.timeout.inWords)",
                stage: .sent))
    }
}
