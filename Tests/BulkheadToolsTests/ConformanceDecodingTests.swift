import Bulkhead
import BulkheadConformance
import BulkheadTestSupport
import Testing

/// What the server under test answers in the kit's cases, read by the client: one set of cases for both.
@Suite(.enabled(if: TestTier.hasTime)) struct ConformanceDecodingTests {
    @Test func `the client reads every reply of the cases as the kit does, and types those it has calls for`() throws {
        try withConformanceServer { target, options, _ in
            var run = ConformanceRun(target, options, chapters: try ConformanceChapter.own())
            var read = 0
            var typed: [String: Int] = [:]
            var problems: [String] = []
            run.observer = { reply in
                read += 1
                do {
                    let value = try Self.value(of: reply.bytes)
                    if Self.text(of: value) != Self.text(of: reply.value) {
                        problems.append("\(reply.id) RESP\(reply.resp): \(Self.text(of: value)) for \(reply.value)")
                    }
                    guard let call = TypedCalls.call(for: reply.words), Self.isReply(value) else { return }
                    try call.decode(value)
                    typed["\(call.name) RESP\(reply.resp)", default: 0] += 1
                } catch {
                    problems.append("\(reply.id) RESP\(reply.resp): \(error) for \(reply.value)")
                }
            }
            _ = try run.run()
            #expect(problems.isEmpty, "\(problems.prefix(20).joined(separator: "\n"))")
            #expect(read > 5_000)
            // Each of the calls is held against replies in both protocols.
            for name in TypedCalls.always {
                for version in [2, 3] {
                    #expect(typed["\(name) RESP\(version)", default: 0] > 0, "no \(name) in RESP\(version)")
                }
            }
        }
    }

    /// The one value in these bytes, with nothing unread behind it.
    private static func value(of bytes: [UInt8]) throws -> RESPValue {
        var decoder = RESPDecoder()
        decoder.feed(bytes)
        let value = try #require(try decoder.next(), "no whole value")
        #expect(try decoder.next() == nil)
        #expect(decoder.isBetweenReplies && decoder.offset == bytes.count)
        return value
    }

    /// Errors are thrown before a call's reply is read, a queued call has none yet, and a push belongs to no call.
    private static func isReply(_ value: RESPValue) -> Bool {
        switch value {
        case .error, .bulkError, .push: false
        case .simpleString(let bytes): bytes != RESPBytes("QUEUED")
        default: true
        }
    }

    // MARK: One form for values of both decoders

    private static func text(of value: RESPValue) -> String {
        func list(_ sign: String, _ elements: RESPArray) -> String {
            sign + "[" + elements.map { text(of: $0) }.joined(separator: " ") + "]"
        }
        func quoted(_ sign: String, _ bytes: RESPBytes) -> String {
            sign + "\"" + WireText.escaped(Array(bytes)) + "\""
        }
        return switch value {
        case .simpleString(let bytes): quoted("+", bytes)
        case .error(let bytes): quoted("-", bytes)
        case .integer(let number): ":\(number)"
        case .bulkString(let bytes): quoted("$", bytes)
        case .bulkError(let bytes): quoted("!", bytes)
        case .null: "null"
        case .boolean(let isTrue): isTrue ? "#t" : "#f"
        case .double(let number): ",\(number)"
        case .bigNumber(let bytes): quoted("(", bytes)
        case .verbatimString(let verbatim): quoted("=", verbatim.content)
        case .array(let elements): list("*", elements)
        case .set(let elements): list("~", elements)
        case .map(let map): list("%", map.flat)
        case .push(let elements): list(">", elements)
        case .attribute(let attributed): "|\(text(of: attributed.value))"
        }
    }

    private static func text(of value: WireValue) -> String {
        if value.isNull { return "null" }
        let sign = String(UnicodeScalar(value.type))
        let text = String(decoding: value.text, as: UTF8.self)
        switch sign {
        case ":": return ":\(text)"
        case "#": return "#\(text)"
        case ",": return ",\(Double(text).map { "\($0)" } ?? text)"
        case "$", "+", "-", "!", "(": return sign + "\"" + WireText.escaped(value.text) + "\""
        case "=": return "=\"" + WireText.escaped(value.text.dropFirst(4)) + "\""
        case "|": return "|\(value.elements.last.map { Self.text(of: $0) } ?? "")"
        default: return sign + "[" + value.elements.map { Self.text(of: $0) }.joined(separator: " ") + "]"
        }
    }
}

/// Calls of the client with the commands that they answer.
private struct TypedCalls {
    let name: String
    let decode: (RESPValue) throws -> Void

    /// The call that is meant by these words; nil where the client's call has other words or another reply.
    static func call(for words: [[UInt8]]) -> TypedCalls? {
        guard let first = words.first else { return nil }
        let name = String(decoding: first, as: UTF8.self).uppercased()
        guard let found = all.first(where: { $0.name == name && $0.words.contains(words.count) }) else { return nil }
        return TypedCalls(name: name, decode: found.decode)
    }

    /// Those that the cases send on every version.
    static var always: [String] { all.filter { $0.isEverywhere }.map(\.name) }

    private struct Entry: Sendable {
        let name: String
        /// The numbers of words for which the reply is the call's.
        let words: ClosedRange<Int>
        var isEverywhere = true
        let decode: @Sendable (RESPValue) throws -> Void
    }

    private static func entry<Reply>(
        _ words: ClosedRange<Int>, everywhere: Bool = true, _ command: RedisCommand<Reply>
    ) -> Entry {
        let decode = command.decode
        return Entry(name: command.name, words: words, isEverywhere: everywhere) { _ = try decode($0) }
    }

    private typealias Bytes = RESPBytes
    private static let any = 1...1_000

    private static let all: [Entry] = [
        entry(any, .get("k", as: Bytes.self)), entry(3...3, .set("k", "v")), entry(any, .append("k", "v")),
        entry(any, .strlen("k")), entry(any, .incr("k")), entry(any, .mget(["k"], as: Bytes.self)),
        entry(any, .exists("k")), entry(any, .del("k")), entry(any, .ttl("k")), entry(any, .type("k")),
        entry(any, .persist("k")), entry(any, .dbsize()), entry(any, .llen("k")), entry(any, .rpush("k", "v")),
        entry(any, .lpush("k", "v")), entry(2...2, .lpop("k", as: Bytes.self)),
        entry(any, .lrange("k", from: 0, through: 1, as: Bytes.self)),
        entry(any, .hget("k", "f", as: Bytes.self)), entry(any, .hset("k", "f", "v")),
        entry(any, .hgetall("k", fields: Bytes.self, as: Bytes.self)),
        entry(any, .sadd("k", "m")), entry(any, .smembers("k", as: Bytes.self)),
        entry(any, .zscore("k", "m")), entry(any, .zcard("k")), entry(2...2, .echo("x", as: Bytes.self)),
    ]
}
