import BulkheadRESP
import Dispatch
import Synchronization

/// Asks the sentinels of a group where its primary is, and listens to all of them, from the first question on.
///
/// Each sentinel has a thread of its own with a connection of its own: one that answers late holds up nobody. The
/// threads sleep unless a sentinel says something, or somebody waits for a primary. They end with this object.
package final class SentinelWatch: PrimarySource {
    private let listeners: SentinelListeners

    /// `sentinels` are the settings of connections to them. Connects nothing.
    package init(group: String, sentinels: [ConnectionSettings]) {
        listeners = SentinelListeners(group, sentinels)
    }

    deinit { close() }

    /// Ends all connections and threads; whoever waits fails.
    package func close() { listeners.close() }

    package var account: String { listeners.account }
    package func watch(_ connections: NodeConnections) { listeners.watch(connections) }
    package func isStillPrimary(_ endpoint: Endpoint) -> Bool { listeners.isStillPrimary(endpoint) }
    package func confirmed(_ endpoint: Endpoint) { listeners.confirmed(endpoint) }
    package func refuted(_ endpoint: Endpoint, by failure: ConnectionFailure) { listeners.refuted(endpoint, failure) }

    package func primary(
        until deadline: Moment, _ check: () throws(ConnectionFailure) -> Void
    ) throws(ConnectionFailure) -> Endpoint {
        try listeners.primary(until: deadline, check)
    }
}

/// What the threads of a watch share; an object of its own, so that they do not keep the watch.
private final class SentinelListeners: Sendable {
    /// One sentinel's thread.
    private struct Listener: Sendable {
        var connection: BlockingConnection?
        /// It sleeps until a sentinel says something, or until it may connect again.
        var isAsleep = false
        /// The connection was interrupted to wake the thread.
        var isWoken = false
    }

    private struct State: Sendable {
        var machine: SentinelMachine
        var listeners: [Listener]
        var isStarted = false
        var isClosed = false
        /// Callers that wait for a primary.
        var waiters: [DispatchSemaphore] = []
        var nodes: [WeakConnections] = []
    }

    private struct WeakConnections: Sendable {
        weak let connections: NodeConnections?
    }

    private let settings: [ConnectionSettings]
    private let state: Mutex<State>
    /// Signalled to wake a thread that waits before it connects again.
    private let alarms: [DispatchSemaphore]

    private static let channel = "+switch-master"
    /// Between two questions to a sentinel while somebody waits for the answer.
    private static let pause = Duration.milliseconds(50)
    /// Without a reason to ask.
    private static let rest = Duration.seconds(3_600)
    /// A sentinel that is silent for so long is asked whether it lives.
    private static let silence = Duration.seconds(10)

    init(_ group: String, _ sentinels: [ConnectionSettings]) {
        settings = sentinels.map { settings in
            var settings = settings
            settings.role = .sentinel
            settings.version = .resp3
            settings.spinTime = .zero
            settings.lifetime = ConnectionLifetime(probeInterval: Self.silence)
            return settings
        }
        alarms = sentinels.map { _ in DispatchSemaphore(value: 0) }
        state = Mutex(
            State(
                machine: SentinelMachine(group: group, sentinels: sentinels.map(\.endpoint)),
                listeners: sentinels.map { _ in Listener() }))
    }

    var account: String { state.withLock { $0.machine.account } }

    func watch(_ connections: NodeConnections) {
        state.withLock { state in
            state.nodes.removeAll { $0.connections == nil }
            state.nodes.append(WeakConnections(connections: connections))
        }
    }

    func isStillPrimary(_ endpoint: Endpoint) -> Bool {
        state.withLock { state in
            guard let candidate = state.machine.candidate else { return true }
            return candidate == endpoint
        }
    }

    func confirmed(_ endpoint: Endpoint) { state.withLock { $0.machine.confirm(endpoint) } }

    func refuted(_ endpoint: Endpoint, _ failure: ConnectionFailure) { change { _ = $0.refute(endpoint, failure) } }

    // MARK: Callers

    func primary(
        until deadline: Moment, _ check: () throws(ConnectionFailure) -> Void
    ) throws(ConnectionFailure) -> Endpoint {
        let waiter = DispatchSemaphore(value: 0)
        let known: Endpoint? = state.withLock { state in
            if let candidate = state.machine.candidate { return candidate }
            state.machine.askAgain()
            state.waiters.append(waiter)
            return nil
        }
        if let known { return known }
        defer { state.withLock { state in state.waiters.removeAll { $0 === waiter } } }
        start()
        wake()
        while true {
            let left = min((deadline - .now).wholeMilliseconds, ByteStream.mostMillisecondsUnseen)
            _ = waiter.wait(timeout: .now() + .milliseconds(Int(max(0, left))))
            try check()
            let isOver = deadline <= .now
            let answer: Result<Endpoint, ConnectionFailure>? = state.withLock { state in
                if state.isClosed { return .failure(Self.closed) }
                if let candidate = state.machine.candidate { return .success(candidate) }
                return state.machine.isHopeless || isOver ? .failure(state.machine.failure) : nil
            }
            if let answer { return try answer.get() }
        }
    }

    private static var closed: ConnectionFailure {
        ConnectionFailure(.closed, "the databases were closed", stage: .refused)
    }

    private func start() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted && !state.isClosed
        }
        guard isFirst else { return }
        for index in settings.indices { OwnThread.run { [self] in listen(to: index) } }
    }

    /// Has every thread that sleeps ask its sentinel.
    private func wake() {
        let asleep = state.withLock { state in
            var asleep: [(Int, BlockingConnection?)] = []
            for index in state.listeners.indices where state.listeners[index].isAsleep {
                state.listeners[index].isAsleep = false
                state.listeners[index].isWoken = true
                asleep.append((index, state.listeners[index].connection))
            }
            return asleep
        }
        for (index, connection) in asleep {
            if let connection { connection.interrupt() } else { alarms[index].signal() }
        }
    }

    func close() {
        let (connections, waiters) = state.withLock { state in
            state.isClosed = true
            return (state.listeners.map(\.connection), state.waiters)
        }
        for connection in connections { connection?.interrupt() }
        for alarm in alarms { alarm.signal() }
        for waiter in waiters { waiter.signal() }
    }

    // MARK: What is learnt

    /// Changes the machine, and has done what follows: connections to a server that is not the primary any more end,
    /// and those who wait look again.
    private func change(_ body: (inout SentinelMachine) -> Void) {
        let (waiters, superseded) = state.withLock { state -> ([DispatchSemaphore], [NodeConnections]) in
            body(&state.machine)
            let hasMoved = state.machine.takeMove()
            return (state.waiters, hasMoved ? state.nodes.compactMap(\.connections) : [])
        }
        for connections in superseded { connections.supersede() }
        for waiter in waiters { waiter.signal() }
    }

    // MARK: The threads

    private func listen(to index: Int) {
        var failures = 0
        while !state.withLock({ $0.isClosed }) {
            do throws(ConnectionFailure) {
                let connection = try BlockingConnection(settings[index])
                let isWanted = state.withLock { state in
                    state.listeners[index] = Listener(connection: connection)
                    return !state.isClosed
                }
                guard isWanted else { break }
                // Before the first question, so that no switch falls between the two.
                _ = try connection.subscribe(Self.encoded(["SUBSCRIBE", Self.channel]), until: deadline(index))
                failures = 0
                try ask(index, over: connection)
            } catch {
                let wasWoken = state.withLock { state in
                    defer { state.listeners[index] = Listener() }
                    return state.listeners[index].isWoken
                }
                if wasWoken { continue }
                failures += 1
                change { $0.failed(index, error) }
                waitToConnect(index, after: failures)
            }
        }
        state.withLock { $0.listeners[index] = Listener() }
    }

    private func waitToConnect(_ index: Int, after failures: Int) {
        let mayBeWaited = state.withLock { state in
            state.listeners[index].isAsleep = state.waiters.isEmpty
            return !state.isClosed
        }
        guard mayBeWaited else { return }
        let pause = max(Self.pause, Backoff().waitAtRandom(after: failures))
        _ = alarms[index].wait(timeout: .now() + .milliseconds(Int(pause.wholeMilliseconds)))
        state.withLock { state in
            state.listeners[index].isAsleep = false
            state.listeners[index].isWoken = false
        }
    }

    private func deadline(_ index: Int) -> Deadline { Deadline(after: Timeout(settings[index].connectTimeout)) }

    /// Asks and listens in turns, until the connection ends.
    private func ask(_ index: Int, over connection: BlockingConnection) throws(ConnectionFailure) {
        while true {
            let (group, round) = state.withLock { ($0.machine.group, $0.machine.round) }
            var questions = Self.encoded(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", group])
            questions += Self.encoded(["SENTINEL", "MASTER", group])
            let replies = try connection.sendAll(questions, count: 2, until: deadline(index))
            let word = try SentinelMachine.Word(address: replies[0], details: replies[1])
            change { $0.answered(index, word, askedIn: round) }
            var mustAsk = false
            while !mustAsk {
                let isWaitedFor = state.withLock { state in
                    let isWaitedFor = !state.waiters.isEmpty
                    state.listeners[index].isAsleep = !isWaitedFor
                    return isWaitedFor
                }
                let push = try connection.nextPush(timeout: isWaitedFor ? Self.pause : Self.rest)
                state.withLock { $0.listeners[index].isAsleep = false }
                guard let push else { break }
                guard let message = SwitchMessage(push) else { continue }
                change { mustAsk = $0.received(index, message) }
            }
        }
    }

    private static func encoded(_ words: [String]) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }
}
