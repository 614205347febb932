#if canImport(Darwin)
import Darwin

/// Sockets where Apple's systems differ from the others.
enum Platform {
    static let streamType = SOCK_STREAM
    static let sendFlags: Int32 = MSG_DONTWAIT
    static let receiveFlags: Int32 = MSG_DONTWAIT
    static let tcp = IPPROTO_TCP

    /// Closes the socket on exec, and has a write to a lost peer fail instead of ending the process.
    static func prepare(socket: Int32) {
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
#endif
