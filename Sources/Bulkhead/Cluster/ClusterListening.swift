import BulkheadNetworking
import Synchronization

/// All subscriptions of a process in one cluster with one login: a hub for each server at which something is heard.
///
/// A thin shell round ``ClusterListeningMachine``.
final class ClusterListening: Sendable {
    private typealias Machine = ClusterListeningMachine<MessageQueue>

    private struct State: Sendable {
        var machine = Machine()
        var hubs: [Endpoint: SubscriptionHub] = [:]
        /// The subscription at a server, by the number of its part.
        var receivers: [Int: (hub: SubscriptionHub, id: Int)] = [:]
        var isClosed = false
    }

    private let topology: ClusterTopology
    private let backoff: Backoff
    private let makeHub: @Sendable (Endpoint) -> SubscriptionHub
    private let makeSettings: @Sendable (Endpoint) -> ConnectionSettings
    private let state = Mutex(State())

    private static let shortestPause = Duration.milliseconds(5)
    /// Between two requests for the map, while there are subscribers: no server announces a new one.
    private static let mapInterval = Duration.seconds(2)
    private static let timeForMap = Timeout(.seconds(10))

    init(
        _ topology: ClusterTopology, _ backoff: Backoff, _ makeHub: @escaping @Sendable (Endpoint) -> SubscriptionHub,
        _ makeSettings: @escaping @Sendable (Endpoint) -> ConnectionSettings
    ) {
        self.topology = topology
        self.backoff = backoff
        self.makeHub = makeHub
        self.makeSettings = makeSettings
    }

    /// By the configuration of a name.
    convenience init(_ topology: ClusterTopology, _ place: RedisConfiguration, forNumber number: Int) {
        let idleTime = place.subscriptionIdleTime
        self.init(topology, place.backoff) { _ in
            SubscriptionHub(Circuit(place.backoff).forLogin(), idleTime: idleTime, isInCluster: true)
        } _: { server in
            place.inCluster(at: server).connectionSettings(forNumber: number).forSubscriptions
        }
    }

    /// Begins to listen; `isEverywhere` has every primary listened to.
    func subscribe(
        to subjects: [SubscriptionSubject], everywhere isEverywhere: Bool, keeping count: Int
    ) -> MessageSubscription {
        MessageSubscription(keeping: count) { queue in
            let map = topology.map
            let (id, actions) = state.withLock {
                $0.machine.subscribe(queue, to: subjects, everywhere: isEverywhere, map)
            }
            perform(actions)
            return { [self] in change { $0.unsubscribe(id) } }
        }
    }

    /// Ends all subscriptions and takes no more; whose sockets are still to close.
    func close() -> [AsyncConnection] {
        let hubs = state.withLock { state in
            state.isClosed = true
            state.receivers = [:]
            return Array(state.hubs.values)
        }
        change { $0.close() }
        return hubs.compactMap { $0.close() }
    }

    private func change(_ event: (inout Machine) -> [Machine.Action]) {
        perform(state.withLock { event(&$0.machine) })
    }

    private func perform(_ actions: [Machine.Action]) {
        for action in actions {
            switch action {
            case .listen(let number, let server, let subjects, let queue, let missed):
                listen(number, server, subjects, PartReceiver(number, queue, missed, self))
            case .leave(let number):
                if let (hub, id) = state.withLock({ $0.receivers.removeValue(forKey: number) }) { hub.unsubscribe(id) }
            case .locate(let failures): locate(behind: failures)
            case .awaitNextMap:
                later(Self.mapInterval) { listening in listening.change { $0.nextMapIsDue() } }
            case .subscribed(let queue): queue.subscribed()
            case .gap(let queue, let why): queue.appendGap(why)
            case .ended(let queue, let failure): queue.end(failure)
            }
        }
    }

    private func listen(_ number: Int, _ server: Endpoint, _ subjects: [SubscriptionSubject], _ receiver: PartReceiver)
    {
        let hub: SubscriptionHub? = state.withLock { state in
            guard !state.isClosed, state.machine.isCurrent(number) else { return nil }
            let hub = state.hubs[server] ?? makeHub(server)
            state.hubs[server] = hub
            return hub
        }
        guard let hub else { return }
        let id = hub.subscribe(receiver, to: subjects, makeSettings(server))
        // It may have ended, or somebody may have left, in the meantime.
        let isWanted = state.withLock { state in
            guard !state.isClosed, state.machine.isCurrent(number) else { return false }
            state.receivers[number] = (hub, id)
            return true
        }
        if !isWanted { hub.unsubscribe(id) }
    }

    private func locate(behind failures: Int) {
        let pause = failures == 0 ? .zero : max(backoff.waitAtRandom(after: failures), Self.shortestPause)
        later(pause) { listening in
            let failure = await listening.topology.refresh(until: Deadline(after: Self.timeForMap))
            listening.located(listening.topology.map, failure)
        }
    }

    private func located(_ map: SlotMap?, _ failure: ConnectionFailure?) {
        change { $0.located(map, failure) }
        guard failure == nil, let map else { return }
        let gone = state.withLock { state in
            let known = map.servers.union(state.machine.servers)
            let gone = state.hubs.filter { !known.contains($0.key) }
            for server in gone.keys { state.hubs[server] = nil }
            return Array(gone.values)
        }
        for hub in gone { hub.close()?.abort() }
    }

    private func later(_ time: Duration, _ action: @escaping @Sendable (ClusterListening) async -> Void) {
        Task.detached { [weak self] in
            if time > .zero, !(await sleepTask(for: time)) { return }
            if let self { await action(self) }
        }
    }

    /// Receives the messages of one part of a subscription from one server.
    private final class PartReceiver: MessageReceiver {
        private let number: Int
        private let queue: MessageQueue
        private let missed: Mutex<SubscriptionFailure?>
        private weak let owner: ClusterListening?

        init(_ number: Int, _ queue: MessageQueue, _ missed: SubscriptionFailure?, _ owner: ClusterListening) {
            self.number = number
            self.queue = queue
            self.missed = Mutex(missed)
            self.owner = owner
        }

        /// The gap stands in front of the first message or confirmation, whichever comes first.
        private func appendMissed() {
            if let why = missed.withLock({ $0.take() }) { queue.appendGap(why) }
        }

        func append(_ message: PushedMessage) {
            appendMissed()
            queue.append(message)
        }

        func appendGap(_ why: SubscriptionFailure) { queue.appendGap(why) }

        func subscribed() {
            appendMissed()
            owner?.change { $0.confirmed(number) }
        }

        func end(_ failure: SubscriptionFailure?) {
            guard let failure else { return }
            owner?.state.withLock { $0.receivers[number] = nil }
            owner?.change { $0.ended(number, failure) }
        }
    }
}
