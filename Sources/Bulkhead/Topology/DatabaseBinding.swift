import BulkheadNetworking
import Synchronization

/// What a name is bound to: where its requests go, and the rules they run by. The handles of a name share one.
final class DatabaseBinding: Sendable {
    let entry: DatabaseEntry
    /// Where its server listens, as it stands in error messages.
    let address: String
    let topology: Topology
    let subscriptions: SubscriptionPlace
    let caching: CachePlace
    let flushRules: FlushRules
    let searchPlace: SearchPlace
    let retryPolicy: RedisRetryPolicy
    let monitor: CommandMonitor
    let scanPace: RedisPace
    /// What its server has announced.
    let maintenance: MaintenanceWatch?
    /// Its reads may go to replicas, where its entry says so.
    let permitsReplicas: Bool
    /// The server has answered MULTI and EXEC once. Where it refuses them, the commands between would run one by one.
    let permitsTransactions = Atomic(false)

    init(
        _ entry: DatabaseEntry, at address: String, _ topology: Topology, _ subscriptions: SubscriptionPlace,
        _ caching: CachePlace, _ flushRules: FlushRules, _ retryPolicy: RedisRetryPolicy, _ monitor: CommandMonitor,
        _ scanPace: RedisPace, _ searchPlace: SearchPlace, _ maintenance: MaintenanceWatch? = nil,
        permitsReplicas: Bool = true
    ) {
        self.entry = entry
        self.address = address
        self.topology = topology
        self.subscriptions = subscriptions
        self.caching = caching
        self.flushRules = flushRules
        self.retryPolicy = retryPolicy
        self.monitor = monitor
        self.scanPace = scanPace
        self.searchPlace = searchPlace
        self.maintenance = maintenance
        self.permitsReplicas = permitsReplicas
    }

    /// The same without reads from replicas.
    var atPrimary: DatabaseBinding {
        if case .fixed = topology { return self }
        return DatabaseBinding(
            entry, at: address, topology, subscriptions, caching, flushRules, retryPolicy, monitor, scanPace,
            searchPlace, maintenance, permitsReplicas: false)
    }
}
