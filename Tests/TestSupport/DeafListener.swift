import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A port of 127.0.0.1 that is held but of no use: it refuses connections, or its backlog is full.
public final class DeafListener: Sendable {
    public let port: Int
    private let descriptors: [Int32]

    /// - Parameter hasFullBacklog: true to listen and let so many knock that nobody else gets an answer, false to
    ///   hold the port without listening, so that everybody is refused.
    public init(hasFullBacklog: Bool) {
        let listener = Self.open()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { raw in
            let pointer = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(listener, pointer, size) == 0 && getsockname(listener, pointer, &size) == 0
        }
        precondition(isBound, "no port of 127.0.0.1 is free")
        port = Int(in_port_t(bigEndian: address.sin_port))
        var descriptors = [listener]
        if hasFullBacklog {
            listen(listener, 0)
            for _ in 0..<8 {
                let knocking = Self.open()
                _ = fcntl(knocking, F_SETFL, fcntl(knocking, F_GETFL) | O_NONBLOCK)
                _ = withUnsafeBytes(of: &address) {
                    connect(knocking, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), size)
                }
                descriptors.append(knocking)
            }
        }
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    private static func open() -> Int32 {
        #if canImport(Glibc)
        socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }
}
