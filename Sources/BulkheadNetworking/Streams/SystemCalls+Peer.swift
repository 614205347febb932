#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension SystemCall {
    /// True if the socket's peer has one of these addresses, or cannot be told.
    static func isConnected(_ descriptor: Int32, toOneOf addresses: Set<SocketAddress.Identity>) -> Bool {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(bytes.count)
        let code = bytes.withUnsafeMutableBytes { raw in
            getpeername(descriptor, raw.assumingMemoryBound(to: sockaddr.self).baseAddress!, &length)
        }
        guard code == 0 else { return true }
        let family = bytes.withUnsafeBytes { Int32($0.load(as: sockaddr.self).sa_family) }
        return addresses.contains(SocketAddress(family: family, bytes: Array(bytes.prefix(Int(length)))).identity)
    }
}
