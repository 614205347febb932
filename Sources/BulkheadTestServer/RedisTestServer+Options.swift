extension RedisTestServer {
    /// Where a test server listens.
    public enum Listening: Sendable, Hashable {
        /// On a unix socket in its folder, and on no port.
        case unixSocket
        /// On a free port of 127.0.0.1, and on the unix socket too.
        case tcp
    }

    /// What to start, and how. Every default fits a test that needs one empty server of its own.
    public struct Options: Sendable, Hashable {
        /// The program: a path, or a name to be found on PATH. `nil` takes what the environment's
        /// REDIS_TEST_SERVER names in the same way, else redis-server, then valkey-server.
        public var binary: String?
        /// Where the server listens.
        public var listening: Listening
        /// Configuration as on redis-server's command line, such as `["--appendonly", "yes"]`; it overrides the
        /// defaults. A first argument without dashes names a configuration file, which the defaults override.
        /// The address is not configured here: `--port`, `--unixsocket` and `--daemonize` are refused.
        public var arguments: [String]
        /// A command that runs the server by exec, in its own process, such as `["taskset", "-c", "0"]`.
        public var launchPrefix: [String]
        /// How long the server may take until it answers, its loading of data included. Default 30 s; past it
        /// `start` throws `start-timed-out`.
        public var startTimeout: Duration
        /// The folder to make the private folder in. `nil` takes TMPDIR, or /tmp where that is not set.
        public var folderParent: String?
        /// Has the port speak TLS, and nothing else; the unix socket stays as it is. It needs ``Listening/tcp``, and a
        /// server that is built with TLS. Default `nil`.
        public var tls: TLS?

        /// Options for a server; the defaults are an empty one on a unix socket.
        public init(
            binary: String? = nil, listening: Listening = .unixSocket, arguments: [String] = [],
            launchPrefix: [String] = [], startTimeout: Duration = .seconds(30), folderParent: String? = nil,
            tls: TLS? = nil
        ) {
            self.binary = binary
            self.listening = listening
            self.arguments = arguments
            self.launchPrefix = launchPrefix
            self.startTimeout = startTimeout
            self.folderParent = folderParent
            self.tls = tls
        }
    }

    /// Certificates of a server that speaks TLS, as PEM files.
    public struct TLS: Sendable, Hashable {
        /// The server's certificate, and behind it those between it and its authority.
        public var certificateFile: String
        /// The key of that certificate, not encrypted.
        public var keyFile: String
        /// The authorities whose certificates clients must have. `nil` asks clients for none.
        public var clientAuthorityFile: String?
        /// The authorities of the servers themselves, which replicas, sentinels and the servers of a cluster check. A
        /// group and a cluster need this file or `clientAuthorityFile`.
        public var authorityFile: String?

        /// The files of a server, and of the authorities of its clients.
        public init(certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.clientAuthorityFile = clientAuthorityFile
        }

        var arguments: [String] {
            let authority = (clientAuthorityFile ?? authorityFile).map { ["--tls-ca-cert-file", $0] }
            return ["--tls-cert-file", certificateFile, "--tls-key-file", keyFile]
                + ["--tls-auth-clients", clientAuthorityFile == nil ? "no" : "yes"] + (authority ?? [])
        }
    }
}

extension RedisTestServer.Options {
    /// What the guard and the probe depend on: a server that forks away or listens elsewhere is lost to them.
    private static let reserved: Set<String> = ["--port", "--tls-port", "--unixsocket", "--daemonize"]

    /// The whole command line: prefix, program, defaults, arguments.
    func commandLine(
        binary: String, folder: String, socketPath: String, port: Int?
    ) throws(RedisTestServerError) -> [String] {
        for argument in launchPrefix + arguments + [binary] where argument.utf8.contains(0) {
            throw RedisTestServerError(
                .invalidOption, "an argument contains a NUL byte, which no command line can hold: leave it out")
        }
        for argument in arguments {
            // "--port 7000" in one argument is accepted by the server too.
            let name = argument.prefix { $0 != " " }.lowercased()
            if Self.reserved.contains(name) {
                throw RedisTestServerError(
                    .invalidOption,
                    "\(name) cannot be given as an argument, because RedisTestServer decides it: "
                        + "choose Options(listening:) instead, and read server.port and server.socketPath")
            }
        }
        let file = arguments.first.map { !$0.hasPrefix("-") } ?? false ? 1 : 0
        var defaults = [
            "--dir", folder, "--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", "",
            "--unixsocket", socketPath, "--unixsocketperm", "700", "--port", tls == nil ? String(port ?? 0) : "0",
        ]
        if let tls {
            guard let port else {
                throw RedisTestServerError(
                    .invalidOption, "Options(tls:) needs a port: set Options(listening: .tcp) too")
            }
            defaults += ["--tls-port", String(port)] + tls.arguments
        }
        if port != nil { defaults += ["--bind", "127.0.0.1"] }
        return launchPrefix + [binary] + arguments.prefix(file) + defaults + arguments.dropFirst(file)
    }
}
