#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of one connection, both ways. No call but `wait` waits; the connection ends with the object.
package protocol ConformanceStream: AnyObject {
    /// Reads once and returns how many bytes came: nil if none are there, 0 at the end of the stream.
    func read(into space: UnsafeMutableRawBufferPointer) -> Int?
    /// Writes once and returns how many bytes were taken: nil if none are for now, 0 if none will ever be. What was not
    /// taken comes again.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int?
    /// Waits until a read may bring something, or a write if that is asked for. False past the time.
    func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool
    /// Why the stream has ended, where more is known than that the server has closed it.
    var ending: ConformanceError? { get }
    /// Whether it goes over TLS.
    var isEncrypted: Bool { get }
}

/// A plain socket.
final class SocketStream: ConformanceStream {
    private let descriptor: Int32

    /// Takes a connected socket over.
    init(connected descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    var ending: ConformanceError? { nil }
    var isEncrypted: Bool { false }

    func read(into space: UnsafeMutableRawBufferPointer) -> Int? {
        while true {
            let count = recv(descriptor, space.baseAddress, space.count, Platform.receiveFlags)
            if count >= 0 { return count }
            if errno != EINTR { return errno == EAGAIN || errno == EWOULDBLOCK ? nil : 0 }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Platform.sendFlags)
            if count >= 0 { return count }
            if errno != EINTR { return errno == EAGAIN || errno == EWOULDBLOCK ? nil : 0 }
        }
    }

    func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool {
        let events = alsoToWrite ? POLLIN | POLLOUT : POLLIN
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let count = poll(&entry, 1, milliseconds)
        return count > 0 || count < 0 && errno != EINTR
    }

    // MARK: Connecting

    convenience init(path: String, of target: ConformanceTarget) throws(ConformanceError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ConformanceError(description: "the path of the socket is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Platform.streamType, 0)
        guard descriptor >= 0 else { throw Self.failure(target) }
        Platform.prepare(socket: descriptor)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let error = Self.failure(target)
            close(descriptor)
            throw error
        }
        self.init(connected: descriptor)
    }

    convenience init(host: String, port: Int, of target: ConformanceTarget) throws(ConformanceError) {
        var hints = addrinfo()
        hints.ai_socktype = Platform.streamType & 0xF
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else {
            throw ConformanceError(description: "\(host) has no address: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var error = Self.failure(target)
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(entry.ai_family, Platform.streamType, 0)
            guard descriptor >= 0 else { continue }
            Platform.prepare(socket: descriptor)
            if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 {
                var on: Int32 = 1
                setsockopt(descriptor, Platform.tcp, TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                self.init(connected: descriptor)
                return
            }
            error = Self.failure(target)
            close(descriptor)
        }
        throw error
    }

    private static func failure(_ target: ConformanceTarget) -> ConformanceError {
        ConformanceError(description: "cannot connect to \(target.address): \(String(cString: strerror(errno)))")
    }
}
