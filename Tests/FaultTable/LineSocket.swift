import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection of our own that says one line and reads lines, whatever they are.
final class LineSocket: Sendable {
    private let descriptor: Int32

    init(port: Int, saying command: String) throws {
        #if canImport(Glibc)
        let stream = Int32(SOCK_STREAM.rawValue)
        #else
        let stream = SOCK_STREAM
        #endif
        descriptor = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let failed = withUnsafeBytes(of: &address) { bytes in
            connect(
                descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        let line = Array((command + "\r\n").utf8)
        guard failed == 0, write(descriptor, line, line.count) == line.count else {
            throw ProgramError("port \(port) takes no command")
        }
    }

    deinit { close(descriptor) }

    /// Calls back with each line, until the end of the stream or until it says false. For one thread.
    func forEachLine(_ body: (String) -> Bool) {
        var (line, block) = ([UInt8](), [UInt8](repeating: 0, count: 4_096))
        while true {
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            for byte in block[..<count] {
                if byte == UInt8(ascii: "\n") {
                    if !body(String(decoding: line, as: UTF8.self)) { return }
                    line = []
                } else if byte != UInt8(ascii: "\r") {
                    line.append(byte)
                }
            }
        }
    }

    /// The first line of what a server answers to the last of these commands; to the others it answers one line.
    static func ask(_ port: Int, _ commands: String...) throws -> String {
        var answers: [String] = []
        try LineSocket(port: port, saying: commands.joined(separator: "\r\n")).forEachLine { line in
            answers.append(line)
            return answers.count < commands.count
        }
        return answers.last ?? ""
    }

    /// Who reads goes on.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
