import Synchronization

/// Tells the connections beside a node's that a reply has shown the server to be the wrong one: its node has replaced
/// its own, which lead where the name leads now.
package final class RenewalWatch: Sendable {
    private struct WeakConnections: Sendable {
        weak let connections: NodeConnections?
    }

    private let watchers = Mutex<[WeakConnections]>([])

    package init() {}

    func watch(_ connections: NodeConnections) {
        watchers.withLock { watchers in
            watchers.removeAll { $0.connections == nil }
            watchers.append(WeakConnections(connections: connections))
        }
    }

    func renewed() {
        for connections in watchers.withLock({ $0.compactMap(\.connections) }) { connections.supersede() }
    }
}
