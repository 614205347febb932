import BulkheadRESP
import BulkheadRESPComparison
import Testing

/// An input that is not RESP, the rule it breaks, and the byte that breaks it.
struct Broken: Sendable, CustomStringConvertible {
    let wire: String
    let kind: RESPViolation.Kind
    let offset: Int

    init(_ wire: String, _ kind: RESPViolation.Kind, at offset: Int) {
        self.wire = wire
        self.kind = kind
        self.offset = offset
    }

    var description: String { wire.count > 60 ? "\(wire.prefix(60).debugDescription)…" : wire.debugDescription }

    static let all: [Broken] = [types, lengths, numbers, doubles, constants, texts, streams, strangers].flatMap { $0 }

    static let types: [Broken] = [
        Broken("X\r\n", .unknownType, at: 0),
        Broken("\r\n", .unknownType, at: 0),
        Broken("\0", .unknownType, at: 0),
        Broken("+OK\r\n\n", .unknownType, at: 5),
        Broken("*2\r\n:1\r\nX", .unknownType, at: 8),
        Broken("$1\r\na\r\na", .unknownType, at: 7),
        Broken("HTTP/1.1 200 OK\r\n", .unknownType, at: 0),
    ]

    static let lengths: [Broken] = {
        let nines = String(repeating: "9", count: 30)
        let zeros = String(repeating: "0", count: 30)
        var all: [Broken] = []
        for type in ["$", "*", "%", "~", ">", "|", "!", "="] {
            all += [
                Broken("\(type)\r\n", .malformedLength, at: 1),
                Broken("\(type)\n", .malformedLength, at: 1),
                Broken("\(type) 5\r\n", .malformedLength, at: 1),
                Broken("\(type)+5\r\n", .malformedLength, at: 1),
                Broken("\(type)x\r\n", .malformedLength, at: 1),
                Broken("\(type)05\r\n", .malformedLength, at: 1),
                Broken("\(type)00\r\n", .malformedLength, at: 1),
                Broken("\(type)5x\r\n", .malformedLength, at: 2),
                Broken("\(type)5 \r\n", .malformedLength, at: 2),
                Broken("\(type)5\n", .malformedLength, at: 2),
                Broken("\(type)5\rX", .malformedTerminator, at: 3),
                Broken("\(type)-\r\n", .malformedLength, at: 2),
                Broken("\(type)-0\r\n", .malformedLength, at: 2),
                Broken("\(type)-2\r\n", .malformedLength, at: 2),
                Broken("\(type)--1\r\n", .malformedLength, at: 2),
                Broken("\(type)-12\r\n", .malformedLength, at: 3),
                Broken("\(type)-1\rX", .malformedTerminator, at: 4),
                Broken("\(type)?x\r\n", .malformedLength, at: 2),
                Broken("\(type)?\rX", .malformedTerminator, at: 3),
                Broken("\(type)1234567890123456789\r\n", .malformedLength, at: 19),
                Broken("\(type)9223372036854775807\r\n", .malformedLength, at: 19),
                Broken("\(type)\(nines)\r\n", .malformedLength, at: 19),
                Broken("\(type)\(zeros)\r\n", .malformedLength, at: 19),
            ]
        }
        for type in ["%", "~", ">", "|", "!", "="] { all.append(Broken("\(type)-1\r\n", .malformedLength, at: 1)) }
        for type in [">", "|", "!", "="] { all.append(Broken("\(type)?\r\n", .malformedLength, at: 1)) }
        return all
    }()

    static let numbers: [Broken] = [
        Broken(":\r\n", .malformedInteger, at: 1),
        Broken(":-\r\n", .malformedInteger, at: 2),
        Broken(":+\r\n", .malformedInteger, at: 2),
        Broken(":--1\r\n", .malformedInteger, at: 2),
        Broken(":x\r\n", .malformedInteger, at: 1),
        Broken(": 1\r\n", .malformedInteger, at: 1),
        Broken(":1 \r\n", .malformedInteger, at: 2),
        Broken(":1.5\r\n", .malformedInteger, at: 2),
        Broken(":1\n", .malformedInteger, at: 2),
        Broken(":1\rX", .malformedTerminator, at: 3),
        Broken(":9223372036854775808\r\n", .malformedInteger, at: 1),
        Broken(":9999999999999999999\r\n", .malformedInteger, at: 1),
        Broken(":-9223372036854775809\r\n", .malformedInteger, at: 2),
        Broken(":18446744073709551616\r\n", .malformedInteger, at: 20),
        Broken(":-" + String(repeating: "9", count: 40) + "\r\n", .malformedInteger, at: 21),
        Broken(":" + String(repeating: "0", count: 30) + "\r\n", .malformedInteger, at: 20),
        Broken("(\r\n", .malformedBigNumber, at: 1),
        Broken("(-\r\n", .malformedBigNumber, at: 2),
        Broken("(--1\r\n", .malformedBigNumber, at: 2),
        Broken("(12a4\r\n", .malformedBigNumber, at: 3),
        Broken("(1.5\r\n", .malformedBigNumber, at: 2),
        Broken("(1 \r\n", .malformedBigNumber, at: 2),
    ]

    static let doubles: [Broken] = [
        "", "x", "1.", ".5", "1e", "1e+", "1.e5", "Inf", "INF", "+inf", "infinity", "NaN", "+nan", "0x10", " 1", "1 ",
        "1,5", "--1", "1.5.5", "e5", "1_000", "١",
    ].map { Broken(",\($0)\r\n", .malformedDouble, at: 1) }

    static let constants: [Broken] = [
        Broken("#x\r\n", .malformedBoolean, at: 1),
        Broken("#T\r\n", .malformedBoolean, at: 1),
        Broken("#\r\n", .malformedBoolean, at: 1),
        Broken("#1\r\n", .malformedBoolean, at: 1),
        Broken("#true\r\n", .malformedBoolean, at: 2),
        Broken("#t\rX", .malformedTerminator, at: 3),
        Broken("_x\r\n", .malformedNull, at: 1),
        Broken("_ \r\n", .malformedNull, at: 1),
        Broken("_\n", .malformedNull, at: 1),
        Broken("_\r\r\n", .malformedTerminator, at: 2),
    ]

    static let texts: [Broken] = [
        Broken("+O\nK\r\n", .malformedTerminator, at: 2),
        Broken("+O\rK\r\n", .malformedTerminator, at: 3),
        Broken("+OK\r\r\n", .malformedTerminator, at: 4),
        Broken("-ERR\n", .malformedTerminator, at: 4),
        Broken(",1.5\n", .malformedTerminator, at: 4),
        Broken("(15\n", .malformedTerminator, at: 3),
        Broken("$2\r\nabcd", .malformedTerminator, at: 6),
        Broken("$2\r\nab\n\r", .malformedTerminator, at: 6),
        Broken("$2\r\nab\rX", .malformedTerminator, at: 7),
        Broken("$0\r\nXY", .malformedTerminator, at: 4),
        Broken("!2\r\nabcd", .malformedTerminator, at: 6),
        Broken("=5\r\ntxt:abc", .malformedTerminator, at: 9),
        Broken("$?\r\n;2\r\nabcd", .malformedTerminator, at: 10),
        Broken("$20000\r\n" + String(repeating: "x", count: 20_000) + "X\n", .malformedTerminator, at: 20_008),
        Broken("$20000\r\n" + String(repeating: "x", count: 20_000) + "\rX", .malformedTerminator, at: 20_009),
        Broken("=0\r\n\r\n", .malformedVerbatim, at: 4),
        Broken("=3\r\ntxt\r\n", .malformedVerbatim, at: 4),
        Broken("=4\r\ntxtx\r\n", .malformedVerbatim, at: 4),
        Broken("=6\r\nté:ab\r\n", .malformedVerbatim, at: 4),
        Broken("=20000\r\n" + String(repeating: "x", count: 20_000) + "\r\n", .malformedVerbatim, at: 8),
    ]

    static let streams: [Broken] = [
        Broken(";1\r\na\r\n", .malformedStream, at: 0),
        Broken(";0\r\n", .malformedStream, at: 0),
        Broken("*1\r\n;0\r\n", .malformedStream, at: 4),
        Broken("*?\r\n;1\r\n", .malformedStream, at: 4),
        Broken(".\r\n", .malformedStream, at: 0),
        Broken("*1\r\n.\r\n", .malformedStream, at: 4),
        Broken("*?\r\n.x\r\n", .malformedTerminator, at: 5),
        Broken("*?\r\n.\rX", .malformedTerminator, at: 6),
        Broken("*?\r\n*1\r\n.\r\n", .malformedStream, at: 8),
        Broken("%?\r\n+k\r\n.\r\n", .malformedStream, at: 8),
        Broken("%?\r\n+k\r\n+v\r\n+k\r\n.\r\n", .malformedStream, at: 16),
        Broken("*?\r\n|1\r\n+k\r\n+v\r\n.\r\n", .malformedStream, at: 16),
        Broken("|1\r\n+k\r\n.\r\n", .malformedStream, at: 8),
        Broken("|0\r\n.\r\n", .malformedStream, at: 4),
        Broken("$?\r\n;?\r\n", .malformedLength, at: 5),
        Broken("$?\r\n;-1\r\n", .malformedLength, at: 5),
        Broken("$?\r\n;1\r\na\r\nX", .unknownType, at: 11),
    ]

    /// What does not belong into a streamed string.
    static let strangers: [Broken] = [
        "+a\r\n", "-a\r\n", ":1\r\n", "$1\r\na\r\n", "$-1\r\n", "$?\r\n", "!1\r\na\r\n", "=4\r\ntxt:\r\n",
        "_\r\n", "#t\r\n", ",1\r\n", "(1\r\n", "*0\r\n", "*-1\r\n", "*?\r\n", "~0\r\n", "%0\r\n", ">0\r\n", "|0\r\n",
        ".\r\n",
    ].map { Broken("$?\r\n\($0)", .malformedStream, at: 4) }
}

@Suite struct DecoderViolationTests {
    @Test(arguments: Broken.all)
    func `a violation names its rule and its byte`(broken: Broken) {
        let violation = decode(broken.wire).violation
        #expect(violation?.kind == broken.kind)
        #expect(violation?.offset == broken.offset)
    }

    @Test(arguments: Broken.all)
    func `a violation is the same however the bytes were split`(broken: Broken) {
        let wire = Array(broken.wire.utf8)
        let whole = decode(wire)
        for size in wire.count < 100 ? Array(1...wire.count) : [1, 2, 3, 4_095, 16_384, wire.count - 1] {
            #expect(decode(wire) { size } == whole, "pieces of \(size)")
        }
    }

    @Test(arguments: Broken.all)
    func `replies before a violation are delivered`(broken: Broken) {
        let good = "+OK\r\n$2\r\nhi\r\n"
        let wire = Array((good + broken.wire).utf8)
        for size in wire.count < 100 ? Array(1...wire.count) : [1_000, wire.count] {
            let outcome = decode(wire) { size }
            #expect(outcome.values.prefix(2) == [.simple("OK"), .bulk("hi")])
            #expect(outcome.violation?.kind == broken.kind)
            #expect(outcome.violation?.offset == broken.offset + good.utf8.count)
        }
    }

    @Test(arguments: Broken.all)
    func `a decoder stays in error`(broken: Broken) {
        var decoder = RESPDecoder()
        decoder.feed(broken.wire.utf8)
        var first: RESPViolation?
        do { while try decoder.next() != nil {} } catch { first = error }
        #expect(first != nil)
        let offset = decoder.offset
        for _ in 0..<3 {
            decoder.feed("\r\n+OK\r\n:1\r\n".utf8)
            var again: RESPViolation?
            do { _ = try decoder.next() } catch { again = error }
            #expect(again == first)
            let now = decoder.offset
            #expect(now == offset, "the offset stands still")
            let isBetween = decoder.isBetweenReplies
            #expect(!isBetween)
        }
    }

    @Test func `a violation describes itself without the bytes`() {
        let violation = decode("*1\r\n:secret\r\n").violation
        #expect(violation?.description == "expected a digit of an integer (malformed-integer at byte 5)")
        #expect(decode("s").violation?.description.contains("0x73") == true)
    }
}
