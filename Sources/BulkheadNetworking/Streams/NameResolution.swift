#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One address to try, as the kernel wants it.
struct SocketAddress: Sendable {
    let family: Int32
    private let bytes: [UInt8]

    init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// What makes two addresses one: the family, the port and the address, or the path.
    typealias Identity = [UInt8]

    var identity: Identity {
        let rest: [UInt8] =
            switch family {
            case AF_INET: Array(bytes.dropFirst(2).prefix(6))
            // Port and address; between them is a flow label, which says nothing of either.
            case AF_INET6: Array(bytes.dropFirst(2).prefix(2) + bytes.dropFirst(8).prefix(16))
            default: Array(bytes.dropFirst(2).prefix { $0 != 0 })
            }
        return [UInt8(truncatingIfNeeded: family)] + rest
    }

    /// True for an IPv4 or IPv6 address, which no resolver is asked for.
    static func isAddress(_ host: String) -> Bool {
        var space: (UInt64, UInt64) = (0, 0)
        return inet_pton(AF_INET, host, &space) == 1 || inet_pton(AF_INET6, host, &space) == 1
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { raw in
            body(raw.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t(raw.count))
        }
    }

    /// Every address of `endpoint`, in the resolver's order. Blocks while the system resolves the name.
    static func all(of endpoint: Endpoint) throws(ConnectionFailure) -> [SocketAddress] {
        switch endpoint {
        case .tcp(let host, let port): try resolve(host, port)
        case .unix(let path): [try unix(path)]
        // Whoever connects has asked the sentinels before.
        case .primary: throw ConnectionFailure(.connectFailed, "\(endpoint) is a group of servers, not a server")
        // A topology names its servers.
        case .cluster: throw ConnectionFailure(.connectFailed, "\(endpoint) is not a server")
        }
    }

    private static func resolve(_ host: String, _ port: Int) throws(ConnectionFailure) -> [SocketAddress] {
        // Some resolvers cut a larger number to 16 bits and connect somewhere else.
        guard (1...65_535).contains(port) else {
            throw ConnectionFailure(.connectFailed, "a port must be a number from 1 to 65535, not \(port)")
        }
        // The resolver would take what stands before a NUL, and ask for another host.
        guard !host.isEmpty, host.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
            throw ConnectionFailure(
                .nameNotResolved,
                "cannot resolve the host \(host.debugDescription): a host name must not be empty, and has neither "
                    + "white space nor control characters")
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Platform.streamSocket
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { list.map { freeaddrinfo($0) } }
        guard code == 0 else {
            throw ConnectionFailure(
                .nameNotResolved, "cannot resolve the host \(host): \(String(cString: gai_strerror(code)))")
        }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            let raw = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            addresses.append(SocketAddress(family: entry.pointee.ai_family, bytes: Array(raw)))
            next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func unix(_ path: String) throws(ConnectionFailure) -> SocketAddress {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !path.isEmpty, path.utf8.count < capacity, !path.utf8.contains(0) else {
            throw ConnectionFailure(
                .connectFailed,
                "cannot connect to \(Endpoint.unix(path: path)): a unix socket's path must have 1 to "
                    + "\(capacity - 1) bytes and no NUL")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafeBytes(of: address) { SocketAddress(family: AF_UNIX, bytes: Array($0)) }
    }
}
