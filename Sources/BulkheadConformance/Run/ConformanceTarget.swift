/// The server that is judged, and the login for it.
public struct ConformanceTarget: Sendable {
    private enum Place: Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
        case made(name: String, @Sendable () throws(ConformanceError) -> any ConformanceStream)
    }

    private let place: Place
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
        self.init(streamsTo: name) { () throws(ConformanceError) in SocketStream(connected: try connect()) }
    }

    /// A server that is reached by more than a socket. `open` is called for each connection.
    package init(
        streamsTo name: String, open: @escaping @Sendable () throws(ConformanceError) -> any ConformanceStream
    ) {
        place = .made(name: name, open)
    }

    /// How reports call the server.
    public var address: String {
        switch place {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .made(let name, _): name
        }
    }

    func connect() throws(ConformanceError) -> any ConformanceStream {
        switch place {
        case .unix(let path): try SocketStream(path: path, of: self)
        case .made(_, let open): try open()
        case .tcp(let host, let port): try SocketStream(host: host, port: port, of: self)
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
