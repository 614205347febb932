#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The sockets of a ``RedisTestTLSProxy``.
enum ProxyListener {
    /// Listens on a unix socket, or on a free port of 127.0.0.1, which is returned.
    static func listen(_ path: String?) throws(RedisTestServerError) -> (descriptor: Int32, port: Int) {
        let descriptor = socket(path == nil ? AF_INET : AF_UNIX, Platform.streamType, 0)
        guard descriptor >= 0 else { throw .system("open a socket to listen on") }
        Platform.prepare(socket: descriptor)
        var (address, size) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
        let length = place(path, in: &address)
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            let generic = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &size) == 0
                && systemListen(descriptor, 64) == 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
        }
        guard isListening else {
            defer { SystemCall.closeDescriptor(descriptor) }
            throw .system("listen on \(path ?? "a free port of 127.0.0.1")")
        }
        let port = withUnsafeBytes(of: &address) { $0.load(as: sockaddr_in.self).sin_port }
        return (descriptor, path == nil ? Int(UInt16(bigEndian: port)) : 0)
    }

    /// The next client, in blocking mode; nil if there is none for a moment.
    static func next(_ listener: Int32) -> Int32? {
        SystemCall.waitUntilReadable(listener, milliseconds: 100)
        let client = systemAccept(listener, nil, nil)
        guard client >= 0 else {
            // Where the process has no descriptor left the same client is there at once.
            if errno != EAGAIN && errno != EWOULDBLOCK { SystemCall.sleep(milliseconds: 1) }
            return nil
        }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        _ = fcntl(client, F_SETFL, 0)
        Platform.prepare(socket: client)
        var on: Int32 = 1
        setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return client
    }

    /// Writes all; false if the reader has gone.
    static func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var left = bytes
        while !left.isEmpty {
            let count = left.withUnsafeBytes { bytes in
                SystemCall.retrying { send(descriptor, bytes.baseAddress, bytes.count, Platform.sendFlags) }
            }
            if count <= 0 { return false }
            left = left.dropFirst(count)
        }
        return true
    }

    private static func place(_ path: String?, in storage: inout sockaddr_storage) -> socklen_t {
        withUnsafeMutableBytes(of: &storage) { bytes in
            guard let path else {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                bytes.storeBytes(of: address, as: sockaddr_in.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { field in
                field.copyBytes(from: path.utf8.prefix(field.count - 1))
            }
            bytes.storeBytes(of: address, as: sockaddr_un.self)
            return socklen_t(MemoryLayout<sockaddr_un>.size)
        }
    }
}

/// Threads that no signal of a lost peer ends the process on: OpenSSL writes by itself.
enum ProxyThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// False if the system has no thread left; then `body` does not run.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        let failed = pthread_create(
            &thread, &attributes,
            { context in
                // What some platforms promise is there, others call optional.
                let context: UnsafeMutableRawPointer? = context
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, work)
        if failed != 0 { Unmanaged<Work>.fromOpaque(work).release() }
        return failed == 0
    }
}

// The names that ``ProxyListener`` has for itself.
private let systemListen = listen
private let systemAccept = accept
