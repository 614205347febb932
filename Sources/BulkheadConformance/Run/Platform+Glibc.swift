#if canImport(Glibc)
import Glibc

/// Sockets where Linux with glibc differs from the others.
enum Platform {
    static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    static let receiveFlags = Int32(MSG_DONTWAIT)
    static let tcp = Int32(IPPROTO_TCP)

    /// Nothing to add: the type and the flags above already say it.
    static func prepare(socket: Int32) {}
}
#endif
