#if canImport(Musl)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency import Musl

/// Spawning and sockets where Linux with musl differs from the others.
enum Platform {
    typealias SpawnActions = posix_spawn_file_actions_t
    typealias SpawnAttributes = posix_spawnattr_t

    static func spawnActions() -> SpawnActions { SpawnActions() }
    static func spawnAttributes() -> SpawnAttributes { SpawnAttributes() }

    static let spawnFlags = Int16(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)

    /// A child keeps every descriptor that is not close-on-exec, so those are closed one by one.
    static let childClosesTheRest = false

    static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { environ }

    static let streamType = Int32(SOCK_STREAM | SOCK_CLOEXEC)
    static let sendFlags = Int32(MSG_NOSIGNAL)
    static let receiveFlags = Int32(MSG_DONTWAIT)

    /// Nothing to add: the type and the flags above already say it.
    static func prepare(socket: Int32) {}
}
#endif
