#if canImport(Darwin)
import Darwin

/// Spawning and sockets where Apple's systems differ from the others.
enum Platform {
    typealias SpawnActions = posix_spawn_file_actions_t?
    typealias SpawnAttributes = posix_spawnattr_t?

    static func spawnActions() -> SpawnActions { nil }
    static func spawnAttributes() -> SpawnAttributes { nil }

    /// A socket is not close-on-exec from its birth here, so the child closes all that it was not given.
    static let spawnFlags = Int16(
        POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT)

    /// POSIX_SPAWN_CLOEXEC_DEFAULT does it.
    static let childClosesTheRest = true

    static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { _NSGetEnviron().pointee }

    static let streamType = SOCK_STREAM
    static let sendFlags: Int32 = 0
    static let receiveFlags: Int32 = MSG_DONTWAIT

    /// Closes the socket on exec, and has a write to a lost peer fail instead of ending the process.
    static func prepare(socket: Int32) {
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
#endif
