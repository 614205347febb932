/// The server that is judged, and the login for it.
public struct ConformanceTarget: Sendable {
    enum Place: Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
        case made(name: String, @Sendable () throws(ConformanceError) -> Int32)
    }

    let place: Place
    /// The user that connections log in as; nil with a password is the default user.
    public var username: String?
    /// Sent by AUTH on each connection; nil sends none.
    public var password: String?

    /// A server by its host, or its address, and its port.
    public init(host: String, port: Int) { place = .tcp(host: host, port: port) }

    /// A server that listens on a Unix socket.
    public init(unixSocket path: String) { place = .unix(path: path) }

    /// A server that is reached in another way, such as one inside of the process that runs the cases.
    ///
    /// - Parameters:
    ///   - name: How reports call it.
    ///   - connect: Returns the descriptor of a connected stream socket, which whoever called closes. It is called for
    ///     each connection, several for each case.
    public init(named name: String, connect: @escaping @Sendable () throws(ConformanceError) -> Int32) {
        place = .made(name: name, connect)
    }

    /// How reports call the server.
    public var address: String {
        switch place {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .made(let name, _): name
        }
    }
}

/// Why a server cannot be judged at all.
public struct ConformanceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, in a sentence.
    public let description: String

    /// An error with these words.
    public init(description: String) { self.description = description }
}
