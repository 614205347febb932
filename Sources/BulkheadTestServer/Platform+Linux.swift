// `environ` is a variable of C, which Swift cannot know to be left alone.
#if canImport(Glibc)
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#endif

#if canImport(Glibc) || canImport(Musl)
/// Spawning and sockets where Linux differs from the others.
enum Platform {
    typealias SpawnActions = posix_spawn_file_actions_t
    typealias SpawnAttributes = posix_spawnattr_t

    static func spawnActions() -> SpawnActions { SpawnActions() }
    static func spawnAttributes() -> SpawnAttributes { SpawnAttributes() }

    #if canImport(Glibc)
    /// POSIX_SPAWN_SETSID of <spawn.h>, which shows it only to GNU sources, and Swift's import is none.
    private static let newSession: Int32 = 0x80

    static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    #else
    private static let newSession = POSIX_SPAWN_SETSID

    static let streamType = Int32(SOCK_STREAM | SOCK_CLOEXEC)
    #endif

    static let spawnFlags = Int16(newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)

    /// A child keeps every descriptor that is not close-on-exec, so those are closed one by one.
    static let childClosesTheRest = false

    static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { environ }

    static let sendFlags = Int32(MSG_NOSIGNAL)
    static let receiveFlags = Int32(MSG_DONTWAIT)

    /// Nothing to add: the type and the flags above already say it.
    static func prepare(socket: Int32) {}
}
#endif
