import Synchronization

/// A real redis-server or valkey-server of one's own, empty, in a private folder, that leaves nothing behind.
///
/// It listens on a unix socket, or also on a free port of 127.0.0.1. ``stop()``, the last reference going away, and
/// the end of this process in any way, SIGKILL included, end the server and remove its folder.
///
/// ```swift
/// let server = try RedisTestServer.start()
/// defer { server.stop() }
/// // connect to server.url
/// ```
///
/// Every method may be called from any thread and blocks it until done, mostly for some milliseconds.
public final class RedisTestServer: Sendable {
    /// Which of the two server families it is.
    public enum Flavour: String, Sendable, Hashable {
        /// A `redis-server`.
        case redis
        /// A `valkey-server`.
        case valkey
    }

    /// What the server was started with.
    public let options: Options
    /// The private folder, which is also the server's working directory; absolute.
    public let folder: String
    /// The unix socket, which is open in both ways of ``Listening``.
    public let socketPath: String
    /// The port of 127.0.0.1, or `nil` where it listens on the unix socket only.
    public let port: Int?
    /// The version the program gives itself, such as "7.0.15".
    public let version: String
    /// The family the program gives itself.
    public let flavour: Flavour

    let life: Mutex<Life>

    /// Starts a server and waits until it answers, for at most ``Options/startTimeout``.
    ///
    /// Throws where there is no server program, or it ends or stays silent, with the last lines of its log; nothing
    /// is left behind then.
    public static func start(_ options: Options = Options()) throws(RedisTestServerError) -> RedisTestServer {
        let binary = try ServerBinary.locate(options.binary)
        for _ in 1..<portAttempts {
            do throws(RedisTestServerError) {
                return try RedisTestServer(options: options, binary: binary)
            } catch {
                if error.code != .portTaken { throw error }
            }
        }
        return try RedisTestServer(options: options, binary: binary)
    }

    /// How often another port is tried when someone else took the free one before the server did.
    private static let portAttempts = 8

    private init(options: Options, binary: String) throws(RedisTestServerError) {
        let folder = try PrivateFolder.path(in: options.folderParent)
        let socketPath = folder + "/redis.sock"
        guard socketPath.utf8.count <= Readiness.longestPath else {
            throw RedisTestServerError(
                .folderUnusable,
                "the socket path \(socketPath) has \(socketPath.utf8.count) bytes, and a unix socket "
                    + "may have \(Readiness.longestPath): pass a shorter folder as Options(folderParent:)")
        }
        let port = options.listening == .tcp ? try FreePort.find() : nil
        let commandLine = try options.commandLine(
            binary: binary, folder: folder, socketPath: socketPath, port: port)

        var life = Life(
            watchdog: try Watchdog(folder: folder, binary: binary, commandLine: commandLine),
            program: binary, socketPath: socketPath)
        let identity: (flavour: Flavour, version: String)
        do throws(RedisTestServerError) {
            try life.bringUp(within: options.startTimeout)
            identity = try life.identity()
        } catch {
            life.watchdog.close()
            throw error
        }
        self.options = options
        self.folder = folder
        self.socketPath = socketPath
        self.port = port
        self.version = identity.version
        self.flavour = identity.flavour
        self.life = Mutex(life)
    }

    deinit { stop() }

    /// The address for a client: `redis://127.0.0.1:PORT`, `rediss://` in its place where the port speaks TLS, or
    /// `unix://` with the socket's path, percent-encoded.
    public var url: String {
        if let port { return "\(options.tls == nil ? "redis" : "rediss")://127.0.0.1:\(port)" }
        return "unix://" + PrivateFolder.percentEncoded(socketPath)
    }

    /// The server's process, or `nil` after its end.
    public var processIdentifier: Int32? { life.withLock { $0.runningProcess() } }

    /// Whether the server's process exists; also while it is paused.
    public var isRunning: Bool { processIdentifier != nil }

    /// What the server has written to its log, at most the last MiB; what it had written, after ``stop()``.
    public var log: String { life.withLock { $0.log() } }

    /// Ends the server and removes its folder; when it returns, both are gone. Idempotent.
    ///
    /// The server is asked to end, and killed if it has not within five seconds.
    public func stop() { life.withLock { $0.stop() } }
}
