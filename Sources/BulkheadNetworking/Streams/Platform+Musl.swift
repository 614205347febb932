#if canImport(Musl)
import Musl

/// What differs between the C libraries; one file a platform, the same names in each.
enum Platform {
    static let streamSocket = SOCK_STREAM
    /// No child that is forked meanwhile inherits the socket.
    static let socketFlags = SOCK_CLOEXEC | SOCK_NONBLOCK
    static let tcp = Int32(IPPROTO_TCP)
    /// `send` must not raise SIGPIPE.
    static let sendFlags = MSG_NOSIGNAL
    static let keepAliveIdle = TCP_KEEPIDLE

    static func configure(_ descriptor: Int32) {}
    static func configureThread() {}

    /// Ends a connection whose bytes stay unacknowledged so long: keep-alive does nothing meanwhile.
    static func limitUnacknowledged(_ descriptor: Int32, milliseconds: Int32) {
        SystemCall.setOption(descriptor, tcp, TCP_USER_TIMEOUT, milliseconds)
    }
}
#endif
