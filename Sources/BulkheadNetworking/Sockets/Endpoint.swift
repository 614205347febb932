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
}
