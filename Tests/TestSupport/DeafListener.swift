import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An address that is held but of no use: it refuses connections, or its backlog is full.
public final class DeafListener: Sendable {
    /// The port of 127.0.0.1; 0 for a unix socket.
    public let port: Int
    private let path: String?
    private let descriptors: [Int32]

    /// Holds a free port without listening, so that everybody is refused.
    public static func refusing() -> DeafListener { DeafListener(path: nil, hasFullBacklog: false) }

    /// Listens on a free port, or on a unix socket, and lets so many knock that nobody else gets an answer.
    public static func full(path: String? = nil) -> DeafListener { DeafListener(path: path, hasFullBacklog: true) }

    private init(path: String?, hasFullBacklog: Bool) {
        self.path = path
        let listener = openStreamSocket(path == nil ? AF_INET : AF_UNIX)
        var address = Self.address(path)
        var size = socklen_t(address.count)
        let isBound = address.withUnsafeMutableBytes { raw in
            let pointer = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(listener, pointer, size) == 0 && getsockname(listener, pointer, &size) == 0
        }
        precondition(isBound, "the address is taken")
        // The third and fourth byte of a TCP address, in network order.
        port = path == nil ? Int(address[2]) << 8 | Int(address[3]) : 0
        var descriptors = [listener]
        if hasFullBacklog {
            listen(listener, 0)
            for _ in 0..<8 {
                let knocking = openStreamSocket(path == nil ? AF_INET : AF_UNIX)
                _ = fcntl(knocking, F_SETFL, fcntl(knocking, F_GETFL) | O_NONBLOCK)
                _ = address.withUnsafeBytes {
                    connect(knocking, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), size)
                }
                descriptors.append(knocking)
            }
        }
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
        if let path { unlink(path) }
    }

    private static func address(_ path: String?) -> [UInt8] {
        if let path {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return withUnsafeBytes(of: address) { Array($0) }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafeBytes(of: address) { Array($0) }
    }
}
