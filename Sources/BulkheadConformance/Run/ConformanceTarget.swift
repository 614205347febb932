/// The server that is judged, and the login for it.
package struct ConformanceTarget: Sendable {
    enum Place: Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    let place: Place
    package var username: String?
    package var password: String?

    package init(host: String, port: Int) { place = .tcp(host: host, port: port) }
    package init(unixSocket path: String) { place = .unix(path: path) }

    package var address: String {
        switch place {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// Why a server cannot be judged at all.
package struct ConformanceError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
}
