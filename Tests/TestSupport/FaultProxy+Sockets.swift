import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The system calls of a ``FaultProxy``.
enum ProxySocket {
    /// A unix socket, or a port of 127.0.0.1.
    enum Place: Sendable {
        case path(String)
        case port(Int)

        var family: Int32 {
            switch self {
            case .path: AF_UNIX
            case .port: AF_INET
            }
        }
    }

    /// Listens; on port 0 that is a free one, which is returned.
    static func listen(_ place: Place) -> (descriptor: Int32, port: Int) {
        let descriptor = open(place.family)
        var address = address(place)
        var size = socklen_t(address.count)
        let isListening =
            address.withUnsafeMutableBytes { raw in
                let pointer = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
                return bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
            } && systemListen(descriptor, 64) == 0
        precondition(isListening, "the fault proxy cannot listen")
        // The third and fourth byte of a TCP address, in network order.
        return (descriptor, place.family == AF_INET ? Int(address[2]) << 8 | Int(address[3]) : 0)
    }

    /// The next client; nil at the end.
    static func accept(_ listener: Int32) -> Int32? {
        while true {
            let descriptor = acceptStream(listener)
            if descriptor >= 0 {
                configure(descriptor)
                return descriptor
            }
            guard errno == EINTR || errno == ECONNABORTED else { return nil }
        }
    }

    static func connect(_ place: Place) -> Int32? {
        let descriptor = open(place.family)
        let address = address(place)
        let answer = address.withUnsafeBytes {
            systemConnect(
                descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
        }
        if answer == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func address(_ place: Place) -> [UInt8] {
        switch place {
        case .path(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return withUnsafeBytes(of: address) { Array($0) }
        case .port(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            return withUnsafeBytes(of: address) { Array($0) }
        }
    }

    private static func open(_ family: Int32) -> Int32 {
        let descriptor = openStreamSocket(family)
        precondition(descriptor >= 0, "the fault proxy cannot open a socket")
        configure(descriptor)
        return descriptor
    }

    private static func configure(_ descriptor: Int32) {
        // Means nothing to a unix socket.
        setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1))
        #if canImport(Darwin)
        setOption(descriptor, SOL_SOCKET, SO_NOSIGPIPE, Int32(1))
        #endif
    }

    private static func setOption<Value: BitwiseCopyable>(
        _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Value
    ) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Value>.size))
    }

    // MARK: Bytes

    /// What is there, once there is something; nil at the end.
    static func read(_ descriptor: Int32, atMost most: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { space, count in
            repeat { count = max(-1, recv(descriptor, space.baseAddress, most, 0)) } while count < 0 && errno == EINTR
            count = max(0, count)
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// Writes all, or as much as the reader is there for.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) {
        #if canImport(Darwin)
        let flags: Int32 = 0
        #else
        let flags = Int32(MSG_NOSIGNAL)
        #endif
        var left = bytes
        while !left.isEmpty {
            let count = left.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            left = left.dropFirst(count)
        }
    }

    /// Returns when the other side's program has taken everything that was written, or when `isOver`.
    ///
    /// Known exactly of a unix socket on Linux; of others only that its kernel has it, so that a pause must do.
    static func waitUntilTaken(_ descriptor: Int32, _ isOver: () -> Bool) {
        #if os(Linux)
        var (untaken, looks): (Int32, Int) = (0, 0)
        while ioctl(descriptor, UInt(TIOCOUTQ), &untaken) == 0, untaken > 0, !isOver() {
            looks += 1
            if looks < 100 { sched_yield() } else { usleep(50) }
        }
        if isUnix(descriptor) { return }
        #endif
        usleep(2_000)
    }

    private static func isUnix(_ descriptor: Int32) -> Bool {
        var address = sockaddr()
        var size = socklen_t(MemoryLayout<sockaddr>.size)
        getsockname(descriptor, &address, &size)
        return Int32(address.sa_family) == AF_UNIX
    }

    /// Returns when there is something to read, or when `isOver`.
    static func waitUntilReadable(_ descriptor: Int32, _ isOver: () -> Bool) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !isOver(), poll(&entry, 1, 5) <= 0 {}
    }

    // MARK: Ends

    /// The other side sees the end of the stream; who waits here goes on.
    static func end(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_RDWR)) }

    static func endWriting(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Who waits here goes on; the other side sees nothing yet.
    static func resetWhenClosed(_ descriptor: Int32) {
        setOption(descriptor, SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        shutdown(descriptor, Int32(SHUT_RD))
    }

    static func close(_ descriptor: Int32) { _ = systemClose(descriptor) }
}

// The names that ``ProxySocket`` has for itself.
private let systemListen = listen
private let systemConnect = connect
private let systemClose = close
