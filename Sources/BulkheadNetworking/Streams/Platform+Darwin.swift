#if canImport(Darwin)
import Darwin

/// What differs between the C libraries; one file a platform, the same names in each.
enum Platform {
    static let streamSocket = SOCK_STREAM
    /// Darwin has none; `configure` sets them afterwards.
    static let socketFlags: Int32 = 0
    static let tcp = IPPROTO_TCP
    /// Darwin has no MSG_NOSIGNAL; `configure` sets SO_NOSIGPIPE instead.
    static let sendFlags: Int32 = 0
    static let keepAliveIdle = TCP_KEEPALIVE

    static func configure(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A thread of ours answers whoever waits, whatever the quality of service of who came first.
    static func configureThread() {
        pthread_set_qos_class_self_np(QOS_CLASS_USER_INITIATED, 0)
    }

    /// Ends a connection whose bytes stay unacknowledged so long; Darwin counts in seconds.
    static func limitUnacknowledged(_ descriptor: Int32, milliseconds: Int32) {
        SystemCall.setOption(descriptor, tcp, TCP_RXT_CONNDROPTIME, milliseconds / 1_000)
    }
}
#endif
