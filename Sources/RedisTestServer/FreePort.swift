#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ports of 127.0.0.1.
enum FreePort {
    /// A port that was free a moment ago. Another program may take it first, so the caller is ready to ask again.
    static func find() throws(RedisTestServerError) -> Int {
        let probe = socket(AF_INET, Platform.streamType, 0)
        guard probe >= 0 else { throw .system("open a TCP socket to find a free port") }
        defer { close(probe) }
        Platform.prepare(socket: probe)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutableBytes(of: &address) { bytes in
            let generic = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(probe, generic, length) != 0 || getsockname(probe, generic, &length) != 0
        }
        if failed { throw .system("bind a free port of 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
