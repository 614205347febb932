#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A stream socket that no child process inherits. Servers are started all the time beside these tests: what one
/// inherited it would hold open, so that a port stays taken or a hang-up goes unseen.
public func openStreamSocket(_ family: Int32) -> Int32 {
    #if canImport(Glibc)
    socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    #elseif canImport(Musl)
    socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)
    #else
    closedOnExec(socket(family, SOCK_STREAM, 0))
    #endif
}

/// The listener's next client, which no child process inherits; negative at the end.
func acceptStream(_ listener: Int32) -> Int32 { closedOnExec(accept(listener, nil, nil)) }

private func closedOnExec(_ descriptor: Int32) -> Int32 {
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
}
