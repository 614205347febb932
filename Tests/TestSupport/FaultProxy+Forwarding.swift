import Foundation
import Synchronization

/// A client's socket and the one to the server that belongs to it; the last of its two forwarders closes both.
final class FaultyConnection: Sendable {
    private struct State: Sendable {
        var forwarders = 2
        var isEnded = false
        var isReset = false
    }

    let client: Int32
    let server: Int32
    private let state = Mutex(State())

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    var isEnded: Bool { state.withLock { $0.isEnded } }
    var isReset: Bool { state.withLock { $0.isReset } }

    /// Has both sides see the end, and the forwarders with them.
    func end(abruptly: Bool = false) {
        state.withLock { state in
            // Without a forwarder the descriptors are closed, and their numbers may be somebody else's.
            guard !state.isEnded, state.forwarders > 0 else { return }
            state.isEnded = true
            state.isReset = abruptly
            if abruptly { ProxySocket.resetWhenClosed(client) } else { ProxySocket.end(client) }
            ProxySocket.end(server)
        }
    }

    /// One forwarder is done; true if it was the last.
    @discardableResult
    func leave() -> Bool {
        state.withLock { state in
            state.forwarders -= 1
            guard state.forwarders == 0 else { return false }
            ProxySocket.close(client)
            ProxySocket.close(server)
            return true
        }
    }
}

/// Moves the bytes of one direction, on a thread of its own.
struct FaultyForwarder {
    private let proxy: FaultProxy
    private let connection: FaultyConnection
    private let direction: FaultProxy.Direction
    private let source: Int32
    private let target: Int32
    /// Bytes of the source that were dealt with.
    private var offset = 0

    init(_ proxy: FaultProxy, _ connection: FaultyConnection, _ direction: FaultProxy.Direction) {
        self.proxy = proxy
        self.connection = connection
        self.direction = direction
        source = direction == .toServer ? connection.client : connection.server
        target = direction == .toServer ? connection.server : connection.client
    }

    mutating func run() {
        pass([])
        // Never beyond the next offset: for a reset, what is behind it must stay unread.
        while !isOver(), let bytes = read(atMost: bytesToNextOffset) {
            rest { if case .latency(let time, let jitter) = $0 { time + proxy.random(upTo: jitter) } else { .zero } }
            guard proxy.passes(direction, bytes) else {
                offset += bytes.count
                continue
            }
            // A fault that was set while these bytes were waited for acts on them already.
            var left = bytes[...]
            while !left.isEmpty, !isOver() {
                let piece = left.prefix(bytesToNextOffset)
                left = left.dropFirst(piece.count)
                if isLost { offset += piece.count } else { pass(piece) }
            }
        }
        finish()
    }

    private var faults: [FaultProxy.Fault] { proxy[direction] }

    private var bytesToNextOffset: Int {
        faults.compactMap { $0.offset }.filter { $0 > offset }.map { $0 - offset }.min() ?? 64 << 10
    }

    private var isLost: Bool {
        faults.contains { if case .blackhole(let start) = $0 { start <= offset } else { false } }
    }

    /// True once the connection has ended; ends it where that is due.
    private func isOver() -> Bool {
        for fault in faults {
            switch fault {
            case .cut(let end) where end <= offset: connection.end()
            case .reset(let end) where end <= offset:
                ProxySocket.waitUntilReadable(source) { connection.isEnded }
                connection.end(abruptly: true)
            default: break
            }
        }
        return connection.isEnded
    }

    private func read(atMost count: Int) -> [UInt8]? {
        guard let bytes = ProxySocket.read(source, atMost: count) else { return nil }
        proxy.count(bytes.count, direction)
        return bytes
    }

    /// Writes the bytes before the next offset, with what is to be inserted among them.
    private mutating func pass(_ piece: ArraySlice<UInt8>) {
        let begin = offset
        offset += piece.count
        let isBounded = faults.contains(.boundary(at: offset))
        var (bytes, behind) = (Array(piece), [UInt8]())
        for case .insertion(let foreign, let place) in faults {
            if place == offset, isBounded {
                behind += foreign
            } else if place > begin || offset == 0, place <= offset {
                bytes.insert(contentsOf: foreign, at: place - begin)
            }
        }
        write(bytes[...])
        if isBounded { waitUntilTaken() }
        write(behind[...])
    }

    private func write(_ piece: ArraySlice<UInt8>) {
        var size = piece.count
        for case .slices(let most) in faults { size = min(size, most) }
        var left = piece
        while !left.isEmpty {
            // A target that is gone is noticed where it is read from.
            ProxySocket.write(target, left.prefix(size))
            left = left.dropFirst(size)
            if size < piece.count { waitUntilTaken() }
        }
    }

    private func waitUntilTaken() {
        ProxySocket.waitUntilTaken(target) { connection.isEnded }
    }

    private func rest(_ time: (FaultProxy.Fault) -> Duration) {
        let end = ContinuousClock.now + faults.map(time).reduce(.zero, +)
        while !connection.isEnded, ContinuousClock.now < end {
            usleep(UInt32(min(end - .now, .milliseconds(5)) / .microseconds(1)))
        }
    }

    /// The source has ended, or everything has.
    private func finish() {
        if !connection.isEnded, !isLost {
            rest { if case .slowClose(let time) = $0 { time } else { .zero } }
            // A client may wait for replies after its last word; a server that ends is gone.
            if direction == .toServer { ProxySocket.endWriting(target) } else { connection.end() }
        }
        // What nobody has read would turn an orderly end into ECONNRESET.
        while connection.isEnded, !connection.isReset, read(atMost: 64 << 10) != nil {}
    }
}
