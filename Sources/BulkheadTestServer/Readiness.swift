#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Asks a server over its unix socket whether it answers, and to shut down.
///
/// The socket's file is private to one server, while a port may meanwhile belong to another one, whose PONG would
/// be taken for ours. A server listens on everything before it answers anyone, so the socket speaks for the port.
enum Readiness {
    enum Answer {
        /// It answers commands; perhaps with a demand to authenticate.
        case ready
        /// Nobody listens, it is reading its data, or it stayed silent for this try.
        case notYet
    }

    /// The longest path a unix socket may have here, in bytes: a field of the address, and its closing NUL.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// One PING, for at most so many milliseconds.
    static func ask(socketPath: String, milliseconds: Int32) -> Answer {
        withConnection(to: socketPath, saying: "PING") { connection in
            // A simple string or an error fits into one segment of a local socket; its first bytes tell enough.
            SystemCall.waitUntilReadable(connection, milliseconds: milliseconds)
            var reply = [UInt8](repeating: 0, count: 128)
            let count = SystemCall.retrying { recv(connection, &reply, reply.count, Platform.receiveFlags) }
            guard count > 0 else { return .notYet }
            let text = String(decoding: reply[..<count], as: UTF8.self)
            return text.hasPrefix("-LOADING") || !(text.hasPrefix("+") || text.hasPrefix("-")) ? .notYet : .ready
        } ?? .notYet
    }

    /// Asks the server to shut down, which it does at once, where it looks for a signal every 100 ms only. It may
    /// refuse, for want of a password, so the signal is sent too.
    static func askToShutDown(socketPath: String) {
        withConnection(to: socketPath, saying: "SHUTDOWN") { _ in }
    }

    /// Nothing here ever blocks, not even where a paused server's queue of connections is full.
    @discardableResult
    static func withConnection<Result>(
        to path: String, saying command: String?, _ body: (Int32) -> Result
    ) -> Result? {
        let connection = socket(AF_UNIX, Platform.streamType, 0)
        guard connection >= 0 else { return nil }
        defer { close(connection) }
        Platform.prepare(socket: connection)
        guard fcntl(connection, F_SETFL, O_NONBLOCK) == 0, connectUnix(connection, to: path) else { return nil }
        if let command {
            let line = Array((command + "\r\n").utf8)
            guard SystemCall.retrying({ send(connection, line, line.count, Platform.sendFlags) }) == line.count else {
                return nil
            }
        }
        return body(connection)
    }

    /// A connection that waits, as sockets do by themselves; nil where nobody listens.
    static func connected(to path: String) -> Int32? {
        let connection = socket(AF_UNIX, Platform.streamType, 0)
        guard connection >= 0 else { return nil }
        Platform.prepare(socket: connection)
        if connectUnix(connection, to: path) { return connection }
        close(connection)
        return nil
    }

    private static func connectUnix(_ socket: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= longestPath else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return withUnsafeBytes(of: &address) { bytes in
            let generic = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return SystemCall.retrying { connect(socket, generic, length) } == 0
        }
    }
}
