#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A socket that sends a command and drops its reply, counting its bytes: the least that receiving can cost.
///
/// For one thread at a time.
package final class BareSocket {
    private let descriptor: Int32
    private let space: UnsafeMutableRawBufferPointer

    /// What one call may receive. More does not make it faster on a loopback connection.
    private static let spaceSize = 256 << 10

    /// Connects by TCP and selects a database.
    package init(host: String, port: Int, database: Int) throws {
        descriptor = try Self.connect(host, port)
        space = .allocate(byteCount: Self.spaceSize, alignment: 16)
        try ask(["SELECT", String(database)], replySize: 5, beginningWith: UInt8(ascii: "+"))
    }

    deinit {
        close(descriptor)
        space.deallocate()
    }

    /// Sends a command and drops its reply: so many bytes, and the first of them this one.
    package func ask(_ words: [String], replySize: Int, beginningWith mark: UInt8) throws {
        try send(Self.command(words))
        try receive(replySize, beginningWith: mark)
    }

    private static func command(_ words: [String]) -> [UInt8] {
        Array((["*\(words.count)\r\n"] + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }).joined().utf8)
    }

    private func send(_ bytes: [UInt8]) throws {
        let written = write(descriptor, bytes, bytes.count)
        guard written == bytes.count else { throw ProgramError("the server took no command: \(Self.errorText)") }
    }

    /// Receives so many bytes and drops them; the first of them is this one.
    package func receive(_ size: Int, beginningWith mark: UInt8) throws {
        var received = 0
        while received < size {
            let count = recv(descriptor, space.baseAddress, space.count, 0)
            guard count > 0 else { throw ProgramError("the server hung up: \(Self.errorText)") }
            if received == 0, space[0] != mark { throw ProgramError("the server answered something else") }
            received += count
        }
        guard received == size else { throw ProgramError("the reply is longer than the value") }
    }

    private static func connect(_ host: String, _ port: Int) throws -> Int32 {
        #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
        #else
        let stream = SOCK_STREAM
        #endif
        var hints = addrinfo()
        hints.ai_socktype = stream
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else {
            throw ProgramError("\(host) has no address")
        }
        defer { freeaddrinfo(list) }
        var next = list
        while let entry = next?.pointee {
            let descriptor = socket(entry.ai_family, stream, 0)
            #if canImport(Glibc)
            let failure = Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen)
            #elseif canImport(Musl)
            let failure = Musl.connect(descriptor, entry.ai_addr, entry.ai_addrlen)
            #else
            let failure = Darwin.connect(descriptor, entry.ai_addr, entry.ai_addrlen)
            #endif
            if failure == 0 {
                var yes: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
                return descriptor
            }
            close(descriptor)
            next = entry.ai_next
        }
        throw ProgramError("cannot connect: \(errorText)")
    }

    private static var errorText: String {
        let code = errno
        return strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
