@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What the proxy is said to do, seen by a bare socket in front of a real server.
@Suite(.timeLimit(.minutes(10))) struct `A fault proxy` {
    /// A client that sees every piece for itself. Its words need no length in front: servers take plain lines too.
    private final class Client: Sendable {
        let socket: Socket

        init(_ proxy: FaultProxy) throws {
            let endpoint = proxy.port > 0 ? Endpoint.tcp(host: "127.0.0.1", port: proxy.port) : .unix(path: proxy.path)
            socket = try Socket.connect(
                ConnectionSettings(endpoint: endpoint, database: 0), deadline: .now + .seconds(30))
        }

        deinit { SystemCall.closeSocket(socket.descriptor) }

        func say(_ line: String) {
            let bytes = Array((line + "\r\n").utf8)
            _ = bytes.withUnsafeBytes { SystemCall.write(socket.descriptor, $0) }
        }

        enum Piece: Hashable {
            case bytes(String), end, failed(Int32), nothing
        }

        /// What comes next, all of it that is there; nothing within `time` is an answer as well.
        func next(within time: Duration = .seconds(30)) -> Piece {
            guard SystemCall.waitUntil(socket.descriptor, POLLIN, milliseconds: time.wholeMilliseconds) else {
                return .nothing
            }
            var space = [UInt8](repeating: 0, count: 1_000)
            switch space.withUnsafeMutableBytes({ SystemCall.read(socket.descriptor, into: $0) }) {
            case .moved(0): return .end
            case .moved(let count): return .bytes(text(Array(space[..<count])))
            case .wouldBlock: return .nothing
            case .failed(let code): return .failed(code)
            }
        }

        /// The next pieces: of so many bytes together, or up to what is none.
        func pieces(_ count: Int) -> [Piece] {
            var (pieces, left) = ([Piece](), count)
            while left > 0 {
                pieces.append(next())
                guard case .bytes(let bytes) = pieces.last else { break }
                left -= bytes.utf8.count
            }
            return pieces
        }
    }

    private static let reply = Array("$5\r\nalice\r\n".utf8)

    private func withProxy(
        _ listening: FaultProxy.Listening = .unix, _ body: @escaping @Sendable (FaultProxy) throws -> Void
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        try Probe(server).say("SET name alice")
        let proxy = FaultProxy(to: server.socketPath, listening: listening)
        defer { proxy.stop() }
        try await onThread { Result { try body(proxy) } }.get()
    }

    @Test(arguments: [FaultProxy.Listening.unix, .tcp])
    func `without a fault it changes nothing, and counts`(_ listening: FaultProxy.Listening) async throws {
        try await withProxy(listening) { proxy throws in
            let client = try Client(proxy)
            for number in 1...10 {
                client.say("GET name")
                #expect(client.next() == .bytes("$5\r\nalice\r\n"))
                #expect(proxy.byteCount(.toServer) == 10 * number && proxy.byteCount(.toClient) == 11 * number)
            }
            #expect(proxy.connectionCount == 1 && proxy.openConnectionCount == 1)
        }
    }

    @Test func `slices are so many pieces for the reader`() async throws {
        try await withProxy { proxy throws in
            let client = try Client(proxy)
            proxy[.toServer] = [.slices(of: 1)]
            for size in 1...11 {
                proxy[.toClient] = [.slices(of: size)]
                client.say("GET name")
                let ends = stride(from: size, to: 11 + size, by: size)
                let expected = ends.map { Client.Piece.bytes(text(Array(Self.reply[($0 - size)..<min($0, 11)]))) }
                #expect(client.pieces(11) == expected)
            }
        }
    }

    @Test func `a boundary splits what the server sent at once`() async throws {
        try await withProxy { proxy throws in
            proxy[.toClient] = [.boundary(at: 4), .boundary(at: 9), .insertion(Array("!".utf8), at: 9)]
            let client = try Client(proxy)
            client.say("GET name")
            #expect(client.next() == .bytes("$5\r\n"))
            #expect(client.next() == .bytes("alice"))
            let end = client.pieces(3).map { if case .bytes(let bytes) = $0 { bytes } else { "" } }
            #expect(end.joined() == "!\r\n")
        }
    }

    @Test(arguments: [FaultProxy.Listening.unix, .tcp])
    func `a cut lets through what is before it and ends both sides`(_ listening: FaultProxy.Listening) async throws {
        try await withProxy(listening) { proxy throws in
            for count in 0...11 {
                proxy[.toClient] = [.cut(after: count)]
                let client = try Client(proxy)
                client.say("GET name")
                let before = count > 0 ? [Client.Piece.bytes(text(Array(Self.reply[..<count])))] : []
                let pieces = client.pieces(count + 1)
                // On TCP what the client said may meet a socket that is closed already.
                #expect(pieces.dropLast() == before[...] && (listening == .tcp || pieces.last == .end))
                proxy.disconnect()
                #expect(proxy.openConnectionCount == 0)
            }
        }
    }

    @Test(arguments: [FaultProxy.Listening.unix, .tcp], [FaultProxy.Direction.toServer, .toClient])
    func `a reset is ECONNRESET behind what came before`(
        _ listening: FaultProxy.Listening, _ direction: FaultProxy.Direction
    ) async throws {
        // A unix socket knows a reset only where the client's own bytes stay unread.
        if listening == .unix && direction == .toClient { return }
        try await withProxy(listening) { proxy throws in
            proxy[direction] = [.reset(after: direction == .toServer ? 10 : 4)]
            let client = try Client(proxy)
            client.say("GET name")
            if direction == .toServer {
                #expect(client.next() == .bytes("$5\r\nalice\r\n"))
                client.say("GET name")
            } else {
                #expect(client.next() == .bytes("$5\r\n"))
            }
            #expect(client.next() == .failed(ECONNRESET))
        }
    }

    @Test(arguments: FaultProxy.Direction.allCases)
    func `a blackhole swallows until it is taken away`(_ direction: FaultProxy.Direction) async throws {
        try await withProxy { proxy throws in
            let client = try Client(proxy)
            client.say("PING")
            #expect(client.next() == .bytes("+PONG\r\n"))
            proxy[direction] = [.blackhole()]
            client.say("PING")
            #expect(client.next(within: .milliseconds(50)) == .nothing)
            proxy[direction] = []
            client.say("GET name")
            #expect(client.next() == .bytes("$5\r\nalice\r\n"))
        }
    }

    @Test func `a blackhole hides the end of the server, too`() async throws {
        try await withProxy { proxy throws in
            proxy[.toClient] = [.blackhole(after: 7)]
            let client = try Client(proxy)
            client.say("PING")
            #expect(client.next() == .bytes("+PONG\r\n"))
            client.say("QUIT")
            #expect(client.next(within: .milliseconds(50)) == .nothing)
        }
    }

    @Test func `latency holds back every piece at least so long`() async throws {
        try await withProxy { proxy throws in
            let client = try Client(proxy)
            proxy[.toServer] = [.latency(.milliseconds(10))]
            proxy[.toClient] = [.latency(.milliseconds(10), jitter: .milliseconds(5))]
            for _ in 0..<5 {
                let begin = ContinuousClock.now
                client.say("PING")
                #expect(client.next() == .bytes("+PONG\r\n"))
                #expect(ContinuousClock.now - begin >= .milliseconds(20))
            }
        }
    }

    @Test func `a slow close keeps the end back`() async throws {
        try await withProxy { proxy throws in
            proxy[.toClient] = [.slowClose(.milliseconds(50))]
            let client = try Client(proxy)
            let begin = ContinuousClock.now
            client.say("QUIT")
            #expect(client.next() == .bytes("+OK\r\n"))
            #expect(client.next() == .end)
            #expect(ContinuousClock.now - begin >= .milliseconds(50))
        }
    }

    @Test func `a client behind a blackhole learns it at its own deadline`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let proxy = FaultProxy(to: server.socketPath)
        defer { proxy.stop() }
        proxy[.toClient] = [.blackhole(after: 10)]
        for way in Way.allCases {
            let failure = await way.say("PING", .to(proxy.path, connectTimeout: .milliseconds(200))).failure
            #expect(failure?.reason == .connectTimedOut && failure?.stage != .sent)
        }
    }

    @Test func `a proxy without a server ends who connects`() async throws {
        let proxy = FaultProxy(to: "/nowhere/redis.sock")
        defer { proxy.stop() }
        let piece = try await onThread { Result { try Client(proxy).next() } }.get()
        #expect(piece == .end && proxy.connectionCount == 0)
    }

    /// In a process of its own, because descriptors and threads are counted and other tests have some meanwhile.
    @Test func `after stop no descriptor, thread or file is left`() async {
        await #expect(processExitsWith: .success) {
            func threadCount() -> Int? {
                try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
            }
            let server = try RedisTestServer.start()
            defer { server.stop() }
            let sockets = try #require(openSocketCount(), "this system does not tell its open descriptors")
            let threads = try #require(threadCount())
            let end = await onThread { () -> Result<[Bool], any Error> in
                Result {
                    try [FaultProxy.Listening.unix, .tcp].flatMap { listening in
                        let proxy = FaultProxy(to: server.socketPath, listening: listening)
                        let faults: [FaultProxy.Fault] = [
                            .latency(.seconds(60)), .blackhole(), .cut(after: 3), .reset(after: 3), .slices(of: 1),
                            .slowClose(.seconds(60)),
                        ]
                        var clients: [Client] = []
                        for direction in FaultProxy.Direction.allCases {
                            for fault in faults {
                                proxy[direction] = [fault]
                                clients.append(try Client(proxy))
                                clients.last?.say("QUIT")
                                _ = clients.last?.next(within: .milliseconds(20))
                            }
                        }
                        proxy.stop()
                        proxy.stop()
                        withExtendedLifetime(clients) {}
                        return [FileManager.default.fileExists(atPath: proxy.path), proxy.openConnectionCount > 0]
                    }
                }
            }
            #expect(try end.get() == [false, false, false, false])
            #expect(await eventually { openSocketCount() == sockets })
            #expect(await eventually { threadCount().map { $0 <= threads } ?? false })
        }
    }
}
