import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Speaks TLS with clients on a port of 127.0.0.1, and passes what they say to a server: so one that is built without
/// TLS has it too.
///
/// ```swift
/// let server = try RedisTestServer.start()
/// let proxy = try RedisTestTLSProxy.start(to: server, tls)
/// defer { proxy.stop() }
/// // connect to proxy.url
/// ```
/// It needs the system's OpenSSL 3 or 1.1.1, from the folder `BULKHEAD_OPENSSL` if that is set. Each connection takes a
/// thread and two sockets of this process. Stop it: it lives until then.
public final class RedisTestTLSProxy: Sendable {
    /// What it does besides.
    package struct Behaviour: Sendable, Hashable {
        /// Changes of its keys before each write to a client, each of which asks the client to change its own.
        package var keyUpdatesBeforeWrites: Int
        /// Such changes in all, one before each read from a client, for each connection: so in the midst of a large
        /// request.
        package var keyUpdatesBeforeReads: Int
        /// Such changes in all while nobody says anything, for each connection.
        package var quietKeyUpdates: Int

        package init(
            keyUpdatesBeforeWrites: Int = 0, keyUpdatesBeforeReads: Int = 0, quietKeyUpdates: Int = 0
        ) {
            self.keyUpdatesBeforeWrites = keyUpdatesBeforeWrites
            self.keyUpdatesBeforeReads = keyUpdatesBeforeReads
            self.quietKeyUpdates = quietKeyUpdates
        }
    }

    private struct State: Sendable {
        var descriptors: Set<Int32> = []
        var threads = 0
        var keyUpdates = 0
        var isStopped = false
    }

    /// The port of 127.0.0.1 on which clients connect; 0 if it listens on a unix socket.
    public let port: Int
    /// The unix socket on which clients connect, in the port's place.
    package let path: String?
    private let upstream: String
    private let behaviour: Behaviour
    private let context: ServerOpenSSL.Context
    private let listener: Int32
    private let state = Mutex(State())

    /// Starts a proxy in front of a server, with the certificates of `tls`.
    ///
    /// Throws where there is no OpenSSL, and where the files cannot be used. The server's own port stays as it is.
    public static func start(
        to server: RedisTestServer, _ tls: RedisTestServer.TLS
    ) throws(RedisTestServerError) -> RedisTestTLSProxy {
        try RedisTestTLSProxy(toSocket: server.socketPath, tls)
    }

    /// - Parameter path: a unix socket to listen on, in a port's place.
    package init(
        toSocket upstream: String, _ tls: RedisTestServer.TLS, listeningOn path: String? = nil,
        _ behaviour: Behaviour = Behaviour()
    ) throws(RedisTestServerError) {
        self.upstream = upstream
        self.behaviour = behaviour
        self.path = path
        let library = try ServerOpenSSL.shared.get()
        context = try library.context(tls)
        do throws(RedisTestServerError) {
            (listener, port) = try ProxyListener.listen(path)
        } catch {
            library.freeContext(context.object)
            throw error
        }
        run { $0.accept(library) }
    }

    /// The address for a client: `rediss://127.0.0.1:PORT`.
    public var url: String { "rediss://127.0.0.1:\(port)" }

    /// Changes of keys so far.
    package var keyUpdates: Int { state.withLock { $0.keyUpdates } }

    /// Accepts nobody any more, ends all connections, and returns when their threads are gone. Idempotent.
    public func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            for descriptor in state.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
            return !state.isStopped
        }
        guard isFirst else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        while state.withLock({ $0.threads }) > 0 { SystemCall.sleep(milliseconds: 1) }
        SystemCall.closeDescriptor(listener)
        if case .success(let library) = ServerOpenSSL.shared { library.freeContext(context.object) }
        if let path { unlink(path) }
    }

    /// Runs `body` on a thread of its own, which holds the proxy until its end.
    private func run(_ body: @escaping @Sendable (RedisTestTLSProxy) -> Void) {
        state.withLock { $0.threads += 1 }
        let isStarted = ProxyThread.start { [self] in
            body(self)
            state.withLock { $0.threads -= 1 }
        }
        if !isStarted { state.withLock { $0.threads -= 1 } }
    }

    private func accept(_ library: ServerOpenSSL) {
        while !state.withLock({ $0.isStopped }) {
            guard let client = ProxyListener.next(listener) else { continue }
            let server = Readiness.connected(to: upstream)
            let isWanted = state.withLock { state in
                guard let server, !state.isStopped else { return false }
                state.descriptors.formUnion([client, server])
                return true
            }
            guard let server, isWanted else {
                for descriptor in [client, server].compactMap({ $0 }) { SystemCall.closeDescriptor(descriptor) }
                continue
            }
            run { proxy in
                proxy.pass(client, server, library)
                proxy.state.withLock { state in
                    state.descriptors.subtract([client, server])
                    SystemCall.closeDescriptor(client)
                    SystemCall.closeDescriptor(server)
                }
            }
        }
    }

    /// Writes wait: a server takes all that is sent, and so does a client that reads while it writes.
    private func pass(_ client: Int32, _ server: Int32, _ library: ServerOpenSSL) {
        guard let connection = library.newConnection(context.object) else { return }
        defer { library.freeConnection(connection) }
        _ = library.setDescriptor(connection, client)
        library.clearErrors()
        guard library.accept(connection) == 1 else { return }
        var space = [UInt8](repeating: 0, count: 32 << 10)
        var quiet = behaviour.quietKeyUpdates
        // Bounded, as each is answered, and the answer is read.
        var beforeReads = behaviour.keyUpdatesBeforeReads
        var isClientThere = true
        while true {
            var sockets = [
                pollfd(fd: isClientThere ? client : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            let mayWait = library.pending(connection) == 0
            if poll(&sockets, 2, mayWait && quiet == 0 ? -1 : 0) < 0, errno != EINTR { return }
            if sockets[0].revents == 0, sockets[1].revents == 0, mayWait, quiet > 0,
                updateKeys(connection, library)
            {
                quiet -= 1
            }
            if sockets[0].revents != 0 || !mayWait {
                if beforeReads > 0, updateKeys(connection, library) { beforeReads -= 1 }
                library.clearErrors()
                let count = library.read(connection, &space, Int32(space.count))
                if count > 0 {
                    guard ProxyListener.write(server, space[..<Int(count)]) else { return }
                } else if library.errorKind(connection, count) != ServerOpenSSL.wantsRead {
                    isClientThere = false
                    shutdown(server, Int32(SHUT_WR))
                }
            }
            if sockets[1].revents != 0 {
                let count = SystemCall.retrying { recv(server, &space, space.count, 0) }
                guard count > 0 else { break }
                for _ in 0..<behaviour.keyUpdatesBeforeWrites { _ = updateKeys(connection, library) }
                library.clearErrors()
                if library.write(connection, space, Int32(count)) <= 0 { return }
            }
        }
        library.clearErrors()
        _ = library.shutDown(connection)
    }

    /// False if OpenSSL is in the midst of a message of the client's; it is asked again then.
    private func updateKeys(_ connection: OpaquePointer, _ library: ServerOpenSSL) -> Bool {
        library.clearErrors()
        guard library.updateKey(connection, 1) == 1, library.shakeHands(connection) == 1 else { return false }
        state.withLock { $0.keyUpdates += 1 }
        return true
    }
}
