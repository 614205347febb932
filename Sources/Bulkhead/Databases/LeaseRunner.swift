import BulkheadNetworking

/// A connection that is lent: its requests go to one node, and are not sent again.
protocol LeaseRunner: Runner {
    var node: Node { get }
    var binding: DatabaseBinding { get }
}

extension LeaseRunner {
    var monitor: CommandMonitor { binding.monitor }
    var maintenance: MaintenanceWatch? { binding.maintenance }
    var retryPolicy: RedisRetryPolicy? { nil }

    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { node.explained(failure) }

    func renew(since moment: Moment) -> Bool { false }
}
