#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A socket, and what has come over it. It blocks its thread, up to the deadline of each call.
final class Wire {
    /// What happened on it, for reports.
    struct Event {
        let isSent: Bool
        let bytes: [UInt8]
    }

    private let descriptor: Int32
    private(set) var isClosed = false
    private var inbox: [UInt8] = []
    private var position = 0
    private(set) var events: [Event] = []
    /// What goes over it by the million is not written down.
    var keepsEvents = true
    private static let chunk = 64 << 10

    init(to target: ConformanceTarget) throws(ConformanceError) {
        descriptor = try Self.connect(to: target)
    }

    deinit { close(descriptor) }

    // MARK: Connecting

    private static func connect(to target: ConformanceTarget) throws(ConformanceError) -> Int32 {
        switch target.place {
        case .unix(let path): return try connect(path: path, target)
        case .made(_, let make): return try make()
        case .tcp(let host, let port): return try connect(host: host, port: port, target)
        }
    }

    private static func connect(path: String, _ target: ConformanceTarget) throws(ConformanceError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ConformanceError(description: "the path of the socket is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Platform.streamType, 0)
        guard descriptor >= 0 else { throw failure(target) }
        Platform.prepare(socket: descriptor)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                // Beside a method of that name.
                systemConnect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let error = failure(target)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func connect(
        host: String, port: Int, _ target: ConformanceTarget
    ) throws(ConformanceError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Platform.streamType & 0xF
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else {
            throw ConformanceError(description: "\(host) has no address: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var error = failure(target)
        var next = found
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(entry.ai_family, Platform.streamType, 0)
            guard descriptor >= 0 else { continue }
            Platform.prepare(socket: descriptor)
            if systemConnect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 {
                var on: Int32 = 1
                setsockopt(descriptor, Platform.tcp, TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                return descriptor
            }
            error = failure(target)
            close(descriptor)
        }
        throw error
    }

    private static func failure(_ target: ConformanceTarget) -> ConformanceError {
        ConformanceError(description: "cannot connect to \(target.address): \(String(cString: strerror(errno)))")
    }

    // MARK: Bytes

    /// Sends all bytes, and reads what comes meanwhile: a server that cannot write may not read either. False if the
    /// peer has closed or the deadline has passed.
    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        if keepsEvents { events.append(Event(isSent: true, bytes: bytes)) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { space in
                systemSend(descriptor, space.baseAddress! + sent, bytes.count - sent, Platform.sendFlags)
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                guard wait(POLLIN | POLLOUT, until: deadline) else { return false }
                receive()
            } else if errno != EINTR {
                // What the server had to say before it closed is still to be read.
                return false
            }
        }
        return true
    }

    /// The next value and its bytes; nil at the deadline, or when the peer has closed.
    func value(until deadline: ContinuousClock.Instant) throws(WireViolation) -> (WireValue, [UInt8])? {
        while true {
            var reader = WireReader(inbox, from: position)
            if let value = try reader.next() {
                let raw = Array(inbox[position..<reader.position])
                position = reader.position
                if position > Self.chunk { discardRead() }
                if raw.count <= Self.chunk || events.count < 1_000 { events.append(Event(isSent: false, bytes: raw)) }
                return (value, raw)
            }
            guard !isClosed, wait(POLLIN, until: deadline) else { return nil }
            receive()
        }
    }

    private func discardRead() {
        inbox.removeFirst(position)
        position = 0
    }

    /// Bytes that have come and were not read as values.
    var unread: ArraySlice<UInt8> { inbox[position...] }

    /// Takes them.
    func takeUnread() -> ArraySlice<UInt8> {
        defer {
            inbox.removeAll(keepingCapacity: true)
            position = 0
        }
        return unread
    }

    /// Waits for bytes; true if any are there. At an end of the stream `isClosed` becomes true.
    func fill(until deadline: ContinuousClock.Instant) -> Bool {
        guard unread.isEmpty, !isClosed else { return !unread.isEmpty }
        if wait(POLLIN, until: deadline) { receive() }
        return !unread.isEmpty
    }

    /// Waits for the end of the stream; what comes before it stays unread.
    func waitForEnd(until deadline: ContinuousClock.Instant) -> Bool {
        while !isClosed {
            guard wait(POLLIN, until: deadline) else { return false }
            receive()
        }
        return true
    }

    /// Takes what has arrived, without waiting.
    func receive() {
        guard !isClosed else { return }
        var space = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = recv(descriptor, &space, space.count, Platform.receiveFlags)
            if count > 0 {
                inbox += space[..<count]
                if count < space.count { return }
            } else if count < 0, errno == EINTR {
                continue
            } else {
                if count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) { isClosed = true }
                return
            }
        }
    }

    private func wait(_ events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = deadline - .now
            guard left > .zero else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let milliseconds = left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000
            let count = poll(&entry, 1, Int32(clamping: milliseconds + 1))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return false }
        }
    }
}

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> Int32 {
    connect(descriptor, address, length)
}

private func systemSend(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int, _ flags: Int32) -> Int {
    send(descriptor, start, count, flags)
}
