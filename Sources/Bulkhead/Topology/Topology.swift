import BulkheadNetworking

/// Finds the node that a name's requests go to.
enum Topology: Sendable {
    /// One server, for as long as the program runs.
    case fixed(Node)

    /// Where the name's requests go.
    @inline(__always)
    var node: Node {
        switch self {
        case .fixed(let node): node
        }
    }
}
