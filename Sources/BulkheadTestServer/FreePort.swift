#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ports of 127.0.0.1.
enum FreePort {
    /// Below the numbers that Linux, from 32,768, and Darwin, from 49,152, give to connections going out: one of those
    /// may hold a server's number in the moment of its restart.
    private static let range = 20_000..<32_768

    /// A port that was free a moment ago. Another program may take it first, so the caller is ready to ask again.
    static func find() throws(RedisTestServerError) -> Int {
        for _ in 0..<100 {
            if let port = try bound(to: .random(in: range)) { return port }
        }
        // Where that many are taken, any that the system knows to be free will do.
        if let port = try bound(to: 0) { return port }
        throw .system("bind a free port of 127.0.0.1")
    }

    /// Binds a port and lets go of it again: its number, or nil where it cannot be had.
    private static func bound(to port: Int) throws(RedisTestServerError) -> Int? {
        let probe = socket(AF_INET, Platform.streamType, 0)
        guard probe >= 0 else { throw .system("open a TCP socket to find a free port") }
        defer { close(probe) }
        Platform.prepare(socket: probe)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutableBytes(of: &address) { bytes in
            let generic = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(probe, generic, length) != 0 || getsockname(probe, generic, &length) != 0
        }
        return failed ? nil : Int(UInt16(bigEndian: address.sin_port))
    }
}
