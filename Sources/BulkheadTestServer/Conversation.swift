#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension RedisTestServer {
    /// What the server answers to one command of words without spaces, as it came; `nil` where it answers within a
    /// second by nothing whole. For the questions that a set-up has to ask.
    func answer(to command: String, password: String? = nil) -> String? {
        Readiness.withConnection(to: socketPath, saying: nil) { connection -> String? in
            let deadline = ContinuousClock.now + .seconds(1)
            if let password {
                guard Self.exchange("AUTH \(password)", on: connection, until: deadline) != nil else { return nil }
            }
            return Self.exchange(command, on: connection, until: deadline)
        }.flatMap(\.self)
    }

    private static func exchange(
        _ command: String, on connection: Int32, until deadline: ContinuousClock.Instant
    ) -> String? {
        let line = Array((command + "\r\n").utf8)
        let sent = SystemCall.retrying { send(connection, line, line.count, Platform.sendFlags) }
        guard sent == line.count else { return nil }
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !isWhole(reply) {
            guard ContinuousClock.now < deadline else { return nil }
            SystemCall.waitUntilReadable(connection, milliseconds: 100)
            let count = SystemCall.retrying { recv(connection, &chunk, chunk.count, Platform.receiveFlags) }
            if count > 0 {
                reply += chunk[..<count]
            } else if count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) {
                return nil
            }
        }
        return String(decoding: reply, as: UTF8.self)
    }

    /// Whether a line, a string or an array of strings is there to its end.
    private static func isWhole(_ reply: [UInt8]) -> Bool {
        var rest = reply[...]
        var missing = 1
        while missing > 0 {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")), let kind = rest.first else { return false }
            let number = Int(String(decoding: rest[..<end].dropFirst().dropLast(), as: UTF8.self)) ?? 0
            rest = rest[(end + 1)...]
            missing -= 1
            switch kind {
            case UInt8(ascii: "*"): missing += max(0, number)
            case UInt8(ascii: "$") where number >= 0:
                guard rest.count >= number + 2 else { return false }
                rest = rest.dropFirst(number + 2)
            default: break
            }
        }
        return true
    }
}
