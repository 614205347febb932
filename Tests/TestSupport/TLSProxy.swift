import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Speaks TLS with clients on a unix socket, and passes what they say to a server on another one: so every server is
/// one with TLS.
///
/// Whoever makes a proxy stops it.
public final class TLSProxy: Sendable {
    /// What it does besides.
    public struct Behaviour: Sendable, Hashable {
        /// Changes of its keys before each write to a client, each of which asks the client to change its own.
        public var keyUpdatesBeforeWrites = 0
        /// Such changes in all, one before each read from a client, for each connection: so in the midst of a large
        /// request.
        public var keyUpdatesBeforeReads = 0
        /// Such changes in all while nobody says anything, for each connection.
        public var quietKeyUpdates = 0

        public init(keyUpdatesBeforeWrites: Int = 0, keyUpdatesBeforeReads: Int = 0, quietKeyUpdates: Int = 0) {
            self.keyUpdatesBeforeWrites = keyUpdatesBeforeWrites
            self.keyUpdatesBeforeReads = keyUpdatesBeforeReads
            self.quietKeyUpdates = quietKeyUpdates
        }
    }

    private struct State: Sendable {
        var descriptors: Set<Int32> = []
        var keyUpdates = 0
        var isStopped = false
    }

    /// Where clients connect.
    public let path: String
    private let upstream: String
    private let behaviour: Behaviour
    private let context: Context
    private let listener: Int32
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    private struct Context: @unchecked Sendable { let object: OpaquePointer }

    public init(
        to upstream: String, as pair: TestCertificates.Pair = TestCertificates.shared.server,
        _ behaviour: Behaviour = Behaviour()
    ) {
        self.upstream = upstream
        self.behaviour = behaviour
        path = NSTemporaryDirectory() + "tls-\(UUID().uuidString.prefix(8)).sock"
        let library = ServerOpenSSL.shared
        guard let context = library.newContext(library.serverMethod()),
            library.useCertificateChain(context, pair.certificate) == 1, library.useKey(context, pair.key, 1) == 1
        else { preconditionFailure("the TLS proxy cannot use \(pair.certificate)") }
        // A read that finds a message of TLS and no data returns (SSL_CTRL_CLEAR_MODE, SSL_MODE_AUTO_RETRY).
        _ = library.controlContext(context, 78, 4, nil)
        self.context = Context(object: context)
        listener = ProxySocket.listen(.path(path)).descriptor
        threads.enter()
        Thread.detachNewThread { [self] in accept() }
    }

    /// Changes of keys so far.
    public var keyUpdates: Int { state.withLock { $0.keyUpdates } }

    /// Accepts nobody any more, ends all connections, and returns when their threads are gone.
    public func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            for descriptor in state.descriptors { ProxySocket.end(descriptor) }
            return !state.isStopped
        }
        guard isFirst else { return }
        ProxySocket.end(listener)
        threads.wait()
        ServerOpenSSL.shared.freeContext(context.object)
        unlink(path)
    }

    private func accept() {
        while let client = ProxySocket.accept(listener) {
            guard let server = ProxySocket.connect(.path(upstream)) else {
                ProxySocket.close(client)
                continue
            }
            let isWanted = state.withLock { state in
                if !state.isStopped { state.descriptors.formUnion([client, server]) }
                return !state.isStopped
            }
            threads.enter()
            Thread.detachNewThread { [self] in
                // OpenSSL writes by itself, and the client may have gone.
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                if isWanted { pass(client, server) }
                state.withLock { state in
                    state.descriptors.subtract([client, server])
                    ProxySocket.close(client)
                    ProxySocket.close(server)
                }
                threads.leave()
            }
        }
        ProxySocket.close(listener)
        threads.leave()
    }

    /// Writes wait: a server takes all that is sent, and a client of ours reads while it writes.
    private func pass(_ client: Int32, _ server: Int32) {
        let library = ServerOpenSSL.shared
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
            if sockets[0].revents == 0, sockets[1].revents == 0, mayWait, quiet > 0, updateKeys(connection) {
                quiet -= 1
            }
            if sockets[0].revents != 0 || !mayWait {
                if beforeReads > 0, updateKeys(connection) { beforeReads -= 1 }
                library.clearErrors()
                let count = library.read(connection, &space, Int32(space.count))
                if count > 0 {
                    ProxySocket.write(server, space[..<Int(count)])
                } else if library.errorKind(connection, count) != 2 {
                    isClientThere = false
                    ProxySocket.endWriting(server)
                }
            }
            if sockets[1].revents != 0 {
                guard let bytes = ProxySocket.read(server, atMost: space.count) else { break }
                for _ in 0..<behaviour.keyUpdatesBeforeWrites { _ = updateKeys(connection) }
                library.clearErrors()
                if library.write(connection, bytes, Int32(bytes.count)) <= 0 { return }
            }
        }
        library.clearErrors()
        _ = library.shutDown(connection)
    }

    /// False if OpenSSL is in the midst of a message of the client's; it is asked again then.
    private func updateKeys(_ connection: OpaquePointer) -> Bool {
        let library = ServerOpenSSL.shared
        library.clearErrors()
        guard library.updateKey(connection, 1) == 1, library.shakeHands(connection) == 1 else { return false }
        state.withLock { $0.keyUpdates += 1 }
        return true
    }
}
