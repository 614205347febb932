/// Where a server listens.
package enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or address, and a port. Every address of the name is tried.
    case tcp(host: String, port: Int)
    /// A path of a unix domain socket.
    case unix(path: String)

    /// As it stands in error messages: `localhost:6379`, `[::1]:6379`, `unix:/run/redis.sock`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The host, or the path of the socket.
    package var address: String {
        switch self {
        case .tcp(let host, _): host
        case .unix(let path): path
        }
    }

    /// Nil for a socket.
    package var port: Int? {
        if case .tcp(_, let port) = self { port } else { nil }
    }
}
