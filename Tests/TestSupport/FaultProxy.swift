import Dispatch
import Foundation
import Synchronization

/// Stands between clients and a server on a unix socket or a port, and does to their bytes what a bad network does.
///
/// ```
/// client ──▶ path or port ──▶ thread of .toServer ──▶ server
///        ◀── thread of .toClient ◀──────────────────
/// ```
/// Faults are set for each direction, for all connections, at any time; one set later acts on the bytes that come then.
/// Whoever makes a proxy stops it: until then its threads keep it alive.
public final class FaultProxy: Sendable {
    public enum Direction: Sendable, Hashable, CaseIterable { case toServer, toClient }

    /// Where clients connect.
    public enum Listening: Sendable { case unix, tcp }

    struct State: Sendable {
        var faults: [Direction: [Fault]] = [:]
        var arrived: [Direction: Int] = [:]
        var connections: [Int: FaultyConnection] = [:]
        var accepted = 0
        var isStopped = false
        var generator: SeededGenerator
    }

    /// Of the unix socket, in a folder of its own.
    public let path: String
    /// Of 127.0.0.1; 0 where clients connect to the unix socket.
    public let port: Int
    let upstream: ProxySocket.Place
    let state: Mutex<State>
    /// Whether what arrives goes on; what does not gets lost.
    let passes: @Sendable (Direction, [UInt8]) -> Bool
    private let folder: String
    private let listener: Int32
    private let accepting = DispatchGroup()
    private let forwarding = DispatchGroup()

    /// - Parameter passes: whether what arrives at once goes on; what does not gets lost.
    public convenience init(
        to upstream: String, listening: Listening = .unix, seed: UInt64 = 1,
        passes: @escaping @Sendable (Direction, [UInt8]) -> Bool = { _, _ in true }
    ) {
        self.init(upstream: .path(upstream), listening, seed, passes)
    }

    /// To a port of 127.0.0.1.
    public convenience init(toPort port: Int, listening: Listening = .unix, seed: UInt64 = 1) {
        self.init(upstream: .port(port), listening, seed) { _, _ in true }
    }

    private init(
        upstream: ProxySocket.Place, _ listening: Listening, _ seed: UInt64,
        _ passes: @escaping @Sendable (Direction, [UInt8]) -> Bool
    ) {
        self.upstream = upstream
        self.passes = passes
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        folder = NSTemporaryDirectory() + "fault-\(UUID().uuidString.prefix(8))"
        path = folder + "/proxy.sock"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            preconditionFailure("the fault proxy cannot make its folder: \(error)")
        }
        (listener, port) = ProxySocket.listen(listening == .unix ? .path(path) : .port(0))
        let thread = Thread { [self] in accept() }
        accepting.enter()
        thread.start()
    }

    // MARK: Faults

    /// What happens to the bytes of a direction, all of it together.
    public subscript(direction: Direction) -> [Fault] {
        get { state.withLock { $0.faults[direction] ?? [] } }
        set { state.withLock { $0.faults[direction] = newValue } }
    }

    /// Connections accepted so far.
    public var connectionCount: Int { state.withLock { $0.accepted } }

    /// Connections that are open now.
    public var openConnectionCount: Int { state.withLock { $0.connections.count } }

    /// Bytes that arrived from the sender of this direction, ever, whatever became of them.
    public func byteCount(_ direction: Direction) -> Int { state.withLock { $0.arrived[direction] ?? 0 } }

    // MARK: The end

    /// Ends all connections, and returns when their descriptors and threads are gone.
    public func disconnect() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.end() }
        forwarding.wait()
    }

    /// Accepts nobody any more and ends all; leaves no descriptor, thread or file.
    public func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        guard isFirst else { return }
        ProxySocket.end(listener)
        accepting.wait()
        disconnect()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Threads

    private func accept() {
        while let client = ProxySocket.accept(listener) {
            guard let server = ProxySocket.connect(upstream) else {
                ProxySocket.close(client)
                continue
            }
            let connection = FaultyConnection(client: client, server: server)
            let number = state.withLock { state -> Int? in
                guard !state.isStopped else { return nil }
                state.accepted += 1
                state.connections[state.accepted] = connection
                return state.accepted
            }
            guard let number else {
                connection.leave()
                connection.leave()
                continue
            }
            for direction in Direction.allCases {
                forwarding.enter()
                Thread.detachNewThread { [self] in
                    var forwarder = FaultyForwarder(self, connection, direction)
                    forwarder.run()
                    if connection.leave() { _ = state.withLock { $0.connections.removeValue(forKey: number) } }
                    forwarding.leave()
                }
            }
        }
        // Closed by the only thread that accepts on it: its number may be another's right after.
        ProxySocket.close(listener)
        accepting.leave()
    }

    func count(_ bytes: Int, _ direction: Direction) {
        state.withLock { $0.arrived[direction, default: 0] += bytes }
    }

    func random(upTo most: Duration) -> Duration {
        let microseconds = Int(most / .microseconds(1))
        return .microseconds(state.withLock { $0.generator.below(microseconds + 1) })
    }
}
