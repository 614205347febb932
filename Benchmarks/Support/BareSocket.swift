#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A socket that sends commands and drops their replies, counting the bytes: the least that receiving can cost.
///
/// For one thread at a time.
package final class BareSocket {
    private let descriptor: Int32
    private let space: UnsafeMutableRawBufferPointer
    /// The bytes of one command, again and again.
    private var repeated: [UInt8] = []
    private var commandSize = 0

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

    /// What the server answers: how many bytes, and the first of them. It must answer the same again.
    package func reply(to words: [String]) throws -> (size: Int, mark: UInt8) {
        // Behind the reply comes what ends it.
        let end = Array("+PONG\r\n".utf8)
        try send(Self.command(words) + Self.command(["PING"]))
        var reply: [UInt8] = []
        while !reply.suffix(end.count).elementsEqual(end) { reply += space[..<(try receiveSome())] }
        guard reply.count > end.count, reply[0] != UInt8(ascii: "-") else {
            throw ProgramError("the server refuses \(words[0])")
        }
        return (reply.count - end.count, reply[0])
    }

    /// Makes `repeatCommand` ready for a command, so many times at most.
    package func prepare(_ words: [String], times: Int) {
        let command = Self.command(words)
        commandSize = command.count
        repeated = Array(repeatElement(command, count: times).joined())
    }

    /// Sends the prepared command so many times, in one write.
    package func repeatCommand(_ times: Int) throws {
        try repeated.withUnsafeBytes { bytes in
            try send(UnsafeRawBufferPointer(rebasing: bytes[..<(times * commandSize)]))
        }
    }

    /// Receives what has come, at least a byte, and drops it; how many bytes.
    package func receiveSome() throws -> Int {
        let count = recv(descriptor, space.baseAddress, space.count, 0)
        guard count > 0 else { throw ProgramError("the server hung up: \(Self.errorText)") }
        return count
    }

    private static func command(_ words: [String]) -> [UInt8] {
        Array((["*\(words.count)\r\n"] + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }).joined().utf8)
    }

    private func send(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try send($0) } }

    private func send(_ bytes: UnsafeRawBufferPointer) throws {
        let written = write(descriptor, bytes.baseAddress, bytes.count)
        guard written == bytes.count else { throw ProgramError("the server took no command: \(Self.errorText)") }
    }

    /// Receives so many bytes and drops them; the first of them is this one.
    package func receive(_ size: Int, beginningWith mark: UInt8) throws {
        var received = 0
        while received < size {
            let count = try receiveSome()
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
