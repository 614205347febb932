/// Where a server listens, or where it is to be found.
package enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or address, and a port. Every address of the name is tried.
    case tcp(host: String, port: Int)
    /// A path of a unix domain socket.
    case unix(path: String)
    /// The primary of a group that sentinels watch; they say where it listens.
    case primary(group: String, sentinels: [Endpoint])

    /// As it stands in error messages: `localhost:6379`, `[::1]:6379`, `unix:/run/redis.sock`,
    /// `mymaster of sentinels a:26379, b:26379`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .primary(let group, let sentinels):
            "\(group) of sentinels \(sentinels.map(\.description).joined(separator: ", "))"
        }
    }

    /// The host, the path of the socket, or the name of the group.
    package var address: String {
        switch self {
        case .tcp(let host, _): host
        case .unix(let path): path
        case .primary(let group, _): group
        }
    }

    /// Nil for a socket and for a group.
    package var port: Int? {
        if case .tcp(_, let port) = self { port } else { nil }
    }
}
