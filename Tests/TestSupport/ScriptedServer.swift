import BulkheadRESP
import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A server that says exactly what a test wants said: for conversations that no real server can be made to have.
///
/// It listens on a unix socket, or on a port of 127.0.0.1, and runs `script` once a connection, on a thread of its own.
public final class ScriptedServer: Sendable {
    /// Empty where it listens on a port.
    public let path: String
    /// 0 where it listens on a unix socket.
    public let port: Int
    private let descriptor: Int32
    private let accepted = Mutex(0)

    public init(script: @escaping @Sendable (ScriptedPeer) -> Void) {
        let path = "/tmp/scripted-\(UUID().uuidString.prefix(8)).sock"
        self.path = path
        port = 0
        descriptor = openStreamSocket(AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(bound == 0 && listen(descriptor, 64) == 0, "the scripted server cannot listen on \(path)")
        accept(script)
    }

    /// The same on a port of 127.0.0.1; 0 is a free one.
    public init(onPort wanted: UInt16, script: @escaping @Sendable (ScriptedPeer) -> Void) {
        path = ""
        descriptor = openStreamSocket(AF_INET)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { [descriptor] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(bound, "the scripted server cannot listen on a port")
        port = Int(UInt16(bigEndian: address.sin_port))
        accept(script)
    }

    /// Answers each command behind the handshake; nil is no answer.
    public static func answering(_ answer: @escaping @Sendable ([String]) -> String?) -> ScriptedServer {
        ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if let answer = answer(command) { peer.write(answer) }
            }
        }
    }

    /// Says `text` behind so many commands, and nothing more.
    public static func saying(_ text: String, behind commands: Int = 1) -> ScriptedServer {
        ScriptedServer { peer in
            peer.shakeHands()
            for _ in 0..<commands { _ = peer.readCommand() }
            peer.write(text)
            peer.drain()
        }
    }

    private func accept(_ script: @escaping @Sendable (ScriptedPeer) -> Void) {
        Thread.detachNewThread { [self, descriptor] in
            while true {
                let connection = acceptStream(descriptor)
                guard connection >= 0 else { break }
                self.accepted.withLock { $0 += 1 }
                Thread.detachNewThread { script(ScriptedPeer(connection)) }
            }
            // Closed by the only thread that accepts on it: its number may be another listener's right after.
            close(descriptor)
        }
    }

    /// Connections accepted so far.
    public var connectionCount: Int { accepted.withLock { $0 } }

    /// Accepts nobody any more; scripts that run go on until their clients leave.
    public func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        if !path.isEmpty { unlink(path) }
    }
}

/// One client of a scripted server.
///
/// `@unchecked Sendable`: only its script's thread uses it.
public final class ScriptedPeer: @unchecked Sendable {
    private let descriptor: Int32
    private var decoder = RESPDecoder()

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The next command's words; nil when the client has gone.
    public func readCommand() -> [String]? {
        while true {
            if let command = try? decoder.next() {
                return command.elements?.map { $0.bytes?.description ?? "" }
            }
            let count = decoder.receive { read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return nil }
        }
    }

    /// What has come, or comes next, whatever it is; empty when the client has gone.
    public func readBytes() -> [UInt8] {
        var space = [UInt8](repeating: 0, count: 16 << 10)
        return Array(space[..<max(0, read(descriptor, &space, space.count))])
    }

    public func write(_ text: String) {
        write(bytes: Array(text.utf8))
    }

    /// False once the client has gone.
    @discardableResult
    public func write(bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, $0.count - sent, noSignal) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Answers HELLO 3, both SETINFO and SELECT as a server does that has no objections.
    public func shakeHands() {
        while let command = readCommand() {
            switch command[0] {
            case "HELLO": write("%1\r\n$5\r\nproto\r\n:3\r\n")
            case "SELECT":
                write("+OK\r\n")
                return
            default: write("+OK\r\n")
            }
        }
    }

    /// Ends the connection; the client can know as soon as this returns.
    public func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads and drops everything until the client goes.
    public func drain() {
        while readCommand() != nil {}
    }

    private var noSignal: Int32 {
        #if canImport(Darwin)
        0
        #else
        Int32(MSG_NOSIGNAL)
        #endif
    }
}
