@testable import BulkheadNetworking
import Synchronization

/// A layer over a socket that is as awkward as a layer may be, and changes no byte.
///
/// It gulps what one read of the socket brings and hands out at most `portion` bytes of it at a time. Its handshake is
/// a PING of its own, which a real server answers. After each gulp it sends an empty line, which servers pass over,
/// before it reads again, and claims once that the socket had no room for it.
final class ScriptedLayer: StreamLayer {
    private let descriptor: Int32
    private let portion: Int
    private let log: Log
    private var held: ArraySlice<UInt8> = []
    private var failure: ConnectionFailure?
    private var greeting: [UInt8]? = command("PING")
    private var owes = Debt.nothing
    private var isInRequest = false

    /// What a layer must send before it may read.
    private enum Debt { case nothing, aLine, aLineOnceThereIsRoom }

    /// What was done with all layers made by one `ConnectionSettings.through`.
    final class Log: Sendable {
        let made = Atomic(0)
        let handshakes = Atomic(0)
        let ended = Atomic(0)
        let linesSent = Atomic(0)
    }

    init(_ descriptor: Int32, _ portion: Int, _ log: Log) {
        (self.descriptor, self.portion, self.log) = (descriptor, portion, log)
        log.made.add(1, ordering: .relaxed)
    }

    // MARK: Handshake

    private static let answer = Array("+PONG\r\n".utf8)

    func handshakeStep() throws(ConnectionFailure) -> Bool {
        if let line = greeting {
            guard try line.span.withUnsafeBytes({ bytes throws(ConnectionFailure) in try send(bytes) }) != nil else {
                return false
            }
            greeting = nil
        }
        while held.count < Self.answer.count { if try !gulp() { return false } }
        guard held.starts(with: Self.answer) else {
            throw ConnectionFailure(.handshakeUnanswered, "the layer's PING was not answered")
        }
        held = held.dropFirst(Self.answer.count)
        owes = .nothing
        log.handshakes.add(1, ordering: .relaxed)
        return true
    }

    var handshakeTimedOut: ConnectionFailure {
        ConnectionFailure(.connectTimedOut, "the layer's handshake was not answered in time")
    }

    // MARK: Bytes

    func read(into space: UnsafeMutableRawBufferPointer) throws(ConnectionFailure) -> Int? {
        if held.isEmpty {
            if let failure { throw failure }
            guard try payDebt(), try gulp() else { return nil }
        }
        let part = held.prefix(min(portion, space.count))
        space.copyBytes(from: part)
        held = held.dropFirst(part.count)
        return part.count
    }

    var holdsMore: Bool { !held.isEmpty || failure != nil }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) -> Int? {
        let count = try send(bytes)
        isInRequest = count != bytes.count
        return count
    }

    var interest: Readiness { owes == .aLineOnceThereIsRoom || greeting != nil ? .writable : .readable }

    func end() { log.ended.add(1, ordering: .relaxed) }

    // MARK: The socket

    /// Reads until the socket shows no more, as a layer that reads ahead; false if nothing came. The end of the stream
    /// is said behind the bytes before it.
    private func gulp() throws(ConnectionFailure) -> Bool {
        var space = [UInt8](repeating: 0, count: 64 << 10)
        while failure == nil {
            switch space.withUnsafeMutableBytes({ SystemCall.read(descriptor, into: $0) }) {
            case .moved(0): failure = ConnectionFailure(.closedByServer, "the layer's peer has gone")
            case .moved(let count):
                held.append(contentsOf: space[..<count])
                owes = .aLine
            case .wouldBlock: return !held.isEmpty
            case .failed: failure = ConnectionFailure(.inputOutput, "the layer's socket is broken")
            }
        }
        if held.isEmpty, let failure { throw failure }
        return true
    }

    /// False if the line that is owed cannot be sent yet.
    private func payDebt() throws(ConnectionFailure) -> Bool {
        switch owes {
        case .nothing: return true
        case .aLine:
            // Between two requests only: in the middle of one it would be a part of it.
            if isInRequest { return true }
            owes = .aLineOnceThereIsRoom
            return false
        case .aLineOnceThereIsRoom:
            if isInRequest { return true }
            let line = Array("\r\n".utf8)
            guard try line.span.withUnsafeBytes({ bytes throws(ConnectionFailure) in try send(bytes) }) == 2 else {
                return false
            }
            log.linesSent.add(1, ordering: .relaxed)
            owes = .nothing
            return true
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) -> Int? {
        switch SystemCall.write(descriptor, bytes) {
        case .moved(let count): return count
        case .wouldBlock: return nil
        case .failed: throw ConnectionFailure(.inputOutput, "the layer's socket is broken")
        }
    }
}

extension ConnectionSettings {
    /// The same through a scripted layer that hands out `portion` bytes at a time.
    func through(_ log: ScriptedLayer.Log, portion: Int = 7) -> ConnectionSettings {
        var settings = self
        settings.makeLayer = { ScriptedLayer($0, portion, log) }
        return settings
    }
}
