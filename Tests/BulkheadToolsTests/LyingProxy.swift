import BulkheadConformance
import BulkheadTestSupport
import Foundation
import Synchronization

/// One way to alter the replies to one command.
struct Lie: Sendable, CustomStringConvertible {
    enum Alteration: String, Sendable, CaseIterable {
        /// Another content of the same type.
        case content
        /// The same content by another type.
        case type
        /// The reply comes twice.
        case twice
        /// An aggregate in the reverse order or in an array; anything else in an array.
        case shape
        /// No reply comes.
        case swallowed
    }

    let command: String
    let alteration: Alteration

    var description: String { "\(command): \(alteration.rawValue)" }

    /// What the client gets in the place of a reply.
    func reply(for value: WireValue, raw: [UInt8]) -> [UInt8] {
        switch alteration {
        case .content: Self.otherContent(value).encoded
        case .type: Self.otherType(value).encoded
        case .twice: raw + raw
        case .shape: Self.otherShape(value).encoded
        case .swallowed: []
        }
    }

    private static func otherContent(_ value: WireValue) -> WireValue {
        var value = value
        if value.isNull { return WireValue(type: UInt8(ascii: "$")) }
        switch value.type {
        case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "("):
            let number = Int(String(decoding: value.text, as: UTF8.self)) ?? 17
            value.text = Array(String(number &+ 1).utf8)
        case UInt8(ascii: "#"): value.text = Array((value.text == Array("t".utf8) ? "f" : "t").utf8)
        case UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "="):
            value.text.append(UInt8(ascii: "x"))
            if value.type == UInt8(ascii: "-") { value.text[0] = UInt8(ascii: "Q") }
        default:
            let isPaired = value.type == UInt8(ascii: "%")
            if value.elements.isEmpty {
                value.elements = [WireValue](repeating: WireValue(type: UInt8(ascii: "$")), count: isPaired ? 2 : 1)
            } else {
                value.elements.removeLast(isPaired ? 2 : 1)
            }
        }
        return value
    }

    private static func otherType(_ value: WireValue) -> WireValue {
        let types: [(String, String)] = [
            ("$", "+"), ("+", "$"), (":", "$"), ("-", "+"), (",", "$"), ("=", "$"), ("#", ":"), ("%", "*"), ("~", "*"),
            (">", "*"), ("*", "~"), ("(", "$"), ("!", "$"),
        ]
        if value.isNull {
            let other = value.type == UInt8(ascii: "$") ? "*" : "$"
            return WireValue(type: other.utf8.first!, isNull: true)
        }
        guard let pair = types.first(where: { $0.0.utf8.first == value.type }) else { return value }
        var other = WireValue(type: pair.1.utf8.first!, text: value.text, elements: value.elements)
        // A line holds no line break.
        if other.type == UInt8(ascii: "+") { other.text.removeAll { $0 == 13 || $0 == 10 } }
        if other.type == UInt8(ascii: ":") { other.text = Array((value.text == Array("t".utf8) ? "1" : "0").utf8) }
        return other
    }

    private static func otherShape(_ value: WireValue) -> WireValue {
        if value.type == UInt8(ascii: "*"), value.elements.count > 1, value.elements != value.elements.reversed() {
            return WireValue(type: value.type, elements: value.elements.reversed())
        }
        return WireValue(type: UInt8(ascii: "*"), elements: [value])
    }
}

extension WireValue {
    /// As it goes over the wire.
    var encoded: [UInt8] {
        let sign = String(UnicodeScalar(type))
        func line(_ text: String) -> [UInt8] { Array("\(sign)\(text)\r\n".utf8) }
        if isNull { return line(type == UInt8(ascii: "_") ? "" : "-1") }
        switch type {
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            return line(String(text.count)) + text + [13, 10]
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
            return elements.reduce(line(String(elements.count))) { $0 + $1.encoded }
        case UInt8(ascii: "%"): return elements.reduce(line(String(elements.count / 2))) { $0 + $1.encoded }
        default: return [type] + text + [13, 10]
        }
    }
}

/// Stands between a judge and a server, and alters the replies to one command.
final class LyingProxy: Sendable {
    let path: String
    private let folder: String
    private let upstream: String
    private let lie: Lie
    private let listener: Int32
    private let isStopped = Mutex(false)
    private let threads = DispatchGroup()

    init(to upstream: String, _ lie: Lie) {
        self.upstream = upstream
        self.lie = lie
        folder = NSTemporaryDirectory() + "lie-\(UUID().uuidString.prefix(8))"
        path = folder + "/proxy.sock"
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        listener = openStreamSocket(AF_UNIX)
        let isListening = withUnixAddress(path) { bind(listener, $0, $1) == 0 } && listen(listener, 64) == 0
        precondition(isListening, "the lying proxy cannot listen")
        start { [self] in accept() }
    }

    /// Ends all connections and waits for the threads.
    func stop() {
        isStopped.withLock { $0 = true }
        threads.wait()
        close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        threads.enter()
        let thread = Thread { [threads] in
            body()
            threads.leave()
        }
        thread.start()
    }

    private func accept() {
        while !isStopped.withLock({ $0 }) {
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            let client = systemAccept(listener)
            guard client >= 0 else { continue }
            let server = openStreamSocket(AF_UNIX)
            guard withUnixAddress(upstream, { connect(server, $0, $1) == 0 }) else {
                close(client)
                close(server)
                continue
            }
            start { [self] in
                forward(client, server)
                close(client)
                close(server)
            }
        }
    }

    /// Moves bytes until either side ends.
    private func forward(_ client: Int32, _ server: Int32) {
        var requests: [UInt8] = []
        var replies: [UInt8] = []
        var commands: [String] = []
        var last = ""
        var isRaw = false
        while !isStopped.withLock({ $0 }) {
            var entries = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, 2, 20) > 0 else { continue }
            if entries[0].revents != 0 {
                guard let bytes = Self.read(client), Self.write(bytes, to: server) else { return }
                requests += bytes
                commands += Self.takeCommands(from: &requests)
            }
            if entries[1].revents != 0 {
                guard let bytes = Self.read(server) else { return }
                guard !isRaw else {
                    guard Self.write(bytes, to: client) else { return }
                    continue
                }
                replies += bytes
                var answer: [UInt8] = []
                var reader = WireReader(replies)
                do {
                    var start = 0
                    while let value = try reader.next() {
                        let raw = Array(replies[start..<reader.position])
                        start = reader.position
                        if !commands.isEmpty, value.type != UInt8(ascii: ">") { last = commands.removeFirst() }
                        answer += last == lie.command ? lie.reply(for: value, raw: raw) : raw
                    }
                    replies.removeFirst(start)
                } catch {
                    // A snapshot, say.
                    answer = replies
                    isRaw = true
                }
                guard Self.write(answer, to: client) else { return }
            }
        }
    }

    /// The names of whole commands at the beginning; what is no array of strings has none.
    private static func takeCommands(from requests: inout [UInt8]) -> [String] {
        var names: [String] = []
        var reader = WireReader(requests)
        do {
            while let value = try reader.next() {
                names.append(String(decoding: value.elements.first?.text ?? [], as: UTF8.self).uppercased())
            }
            requests.removeFirst(reader.position)
        } catch {
            requests = []
        }
        return names
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var space = [UInt8](repeating: 0, count: 256 << 10)
        let count = recv(descriptor, &space, space.count, 0)
        return count > 0 ? Array(space[..<count]) : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, bytes.count - sent, quietly) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    #if os(Linux)
    private static let quietly = Int32(MSG_NOSIGNAL)
    #else
    private static let quietly: Int32 = 0
    #endif
}

/// The next client, which no child process inherits.
private func systemAccept(_ listener: Int32) -> Int32 {
    let descriptor = accept(listener, nil, nil)
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
}
