import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A snapshot as a replica gets it, read and dropped: what a backup by SYNC costs the server.
enum SnapshotStream {
    /// Receives one snapshot over a unix socket: each piece's bytes go to `receive`, which says whether to go on.
    static func receive(_ path: String, _ receive: (Int) -> Bool) throws {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM), 0)
        #endif
        guard descriptor >= 0 else { throw ProgramError("no socket for SYNC") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw ProgramError("the server takes no connection for SYNC") }
        // With rdb-only the server closes after the snapshot: no end has to be looked for.
        for line in ["REPLCONF capa eof\r\n", "REPLCONF rdb-only 1\r\n", "SYNC\r\n"] {
            guard write(descriptor, line, line.utf8.count) == line.utf8.count else {
                throw ProgramError("the server does not take \(line.dropLast(2))")
            }
            // SYNC is refused while replies are on their way.
            if line.hasPrefix("REPLCONF") {
                var reply = [UInt8](repeating: 0, count: 64)
                guard read(descriptor, &reply, reply.count) > 0, reply[0] == UInt8(ascii: "+") else {
                    throw ProgramError("the server refuses \(line.dropLast(2)): it takes Redis 6.2 or newer")
                }
            }
        }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 || !receive(count) { return }
        }
    }
}
