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
    /// Messages of TLS that a server may send at any time behind the handshake.
    package enum Extra: Sendable, Hashable, CaseIterable {
        /// New keys of its own, and the wish that the client changes its own.
        case keyUpdate
        /// A session that the client may resume later. OpenSSL 1.1.1 sends none by request.
        case ticket
    }

    /// What it does besides.
    package struct Behaviour: Sendable, Hashable {
        /// What it sends of its own.
        package var extra: Extra
        /// So many before each write to a client.
        package var beforeWrites: Int
        /// So many in all, one before each read from a client, for each connection: so in the midst of a large request.
        package var beforeReads: Int
        /// So many in all while nobody says anything, for each connection.
        package var whileQuiet: Int
        /// Speaks TLS 1.2 at most, which has none of all that: OpenSSL refuses each.
        package var isOld: Bool

        package init(
            _ extra: Extra = .keyUpdate, beforeWrites: Int = 0, beforeReads: Int = 0, whileQuiet: Int = 0,
            isOld: Bool = false
        ) {
            self.extra = extra
            self.beforeWrites = beforeWrites
            self.beforeReads = beforeReads
            self.whileQuiet = whileQuiet
            self.isOld = isOld
        }
    }

    private struct State: Sendable {
        var descriptors: Set<Int32> = []
        var threads = 0
        var extras = 0
        var refusals = 0
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
        context = try library.context(tls, isOld: behaviour.isOld)
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

    /// What it has sent of its own so far.
    package var extras: Int { state.withLock { $0.extras } }

    /// How often OpenSSL has refused to send one.
    package var refusals: Int { state.withLock { $0.refusals } }

    /// Whether OpenSSL is there and can send these.
    package static func sends(_ extra: Extra) -> Bool {
        guard case .success(let library) = ServerOpenSSL.shared else { return false }
        return extra == .keyUpdate || library.newTicket != nil
    }

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
        var quiet = behaviour.whileQuiet
        // Bounded, as a change of keys is answered, and the answer is read.
        var beforeReads = behaviour.beforeReads
        var isClientThere = true
        // What OpenSSL refuses it may allow when something has come; it is not asked again before that.
        var mayAllow = true
        while true {
            var sockets = [
                pollfd(fd: isClientThere ? client : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            let mayWait = library.pending(connection) == 0
            let asks = mayWait && quiet > 0 && mayAllow
            if poll(&sockets, 2, mayWait && !asks ? -1 : 0) < 0, errno != EINTR { return }
            if sockets[0].revents != 0 || sockets[1].revents != 0 {
                mayAllow = true
            } else if asks {
                mayAllow = sendExtra(connection, library)
                if mayAllow { quiet -= 1 }
            }
            if sockets[0].revents != 0 || !mayWait {
                if beforeReads > 0, sendExtra(connection, library) { beforeReads -= 1 }
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
                for _ in 0..<behaviour.beforeWrites { _ = sendExtra(connection, library) }
                library.clearErrors()
                if library.write(connection, space, Int32(count)) <= 0 { return }
            }
        }
        library.clearErrors()
        _ = library.shutDown(connection)
    }

    /// False if OpenSSL refuses: in the midst of a message of the client's, or because it or the version of TLS has no
    /// such message.
    private func sendExtra(_ connection: OpaquePointer, _ library: ServerOpenSSL) -> Bool {
        library.clearErrors()
        let isQueued: Int32? =
            switch behaviour.extra {
            case .keyUpdate: library.updateKey(connection, 1)
            case .ticket: library.newTicket?(connection)
            }
        let isSent = isQueued == 1 && library.shakeHands(connection) == 1
        state.withLock { isSent ? ($0.extras += 1) : ($0.refusals += 1) }
        return isSent
    }
}
