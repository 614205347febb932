import BulkheadNetworking

/// A connection that is lent: its requests go to one node, and are not sent again.
protocol LeaseRunner: Runner {
    var node: Node { get }
    var binding: DatabaseBinding { get }
    /// In a cluster that of the node, which is watched while requests wait for it.
    var server: ClusterServer? { get }
}

extension LeaseRunner {
    var monitor: CommandMonitor { binding.monitor }
    var maintenance: MaintenanceWatch? { binding.maintenance }
    var retryPolicy: RedisRetryPolicy? { nil }

    func explained(_ failure: ConnectionFailure) -> ConnectionFailure { node.explained(failure) }

    func renew(since moment: Moment) -> Bool { false }

    /// A request is about to be sent. In a cluster it counts as any other that waits for its server: where that hangs
    /// and another one has its slots, the wait ends.
    func began() {
        if let server { binding.topology.cluster?.began(server) }
    }

    /// It has ended; nil is an answer. What failed here tells others as much as a request of theirs.
    func ended(_ failure: ConnectionFailure?) {
        guard let server else { return }
        server.ended(isAnswered: failure == nil)
        if let failure { binding.topology.cluster?.doubt(after: failure) }
    }

    /// The lease is over, on which a reply has shown that its server is the wrong one.
    func leaveWrongServer() {
        _ = node.renew(since: .now)
        binding.topology.cluster?.doubtMap()
    }
}
