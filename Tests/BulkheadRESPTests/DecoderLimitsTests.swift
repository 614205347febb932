import BulkheadRESP
import BulkheadRESPComparison
import Testing

@Suite struct DecoderLimitsTests {
    /// At the limit the replies come; one past it the violation does, the same however the bytes are split.
    private func check(
        _ limits: RESPLimits, allows wires: [String], refuses refused: [(wire: String, offset: Int)],
        as kind: RESPViolation.Kind, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for wire in wires {
            let outcome = decode(wire, limits: limits)
            #expect(outcome.violation == nil, "\(wire.debugDescription)", sourceLocation: sourceLocation)
            #expect(outcome.values.count == 1, "\(wire.debugDescription)", sourceLocation: sourceLocation)
        }
        for (wire, offset) in refused {
            let bytes = Array(wire.utf8)
            for size in bytes.count < 200 ? Array(1...bytes.count) : [1, 7, bytes.count] {
                let outcome = decode(bytes, limits: limits) { size }
                let name: Comment = "\(wire.prefix(80).debugDescription) in pieces of \(size)"
                #expect(outcome.values.isEmpty, name, sourceLocation: sourceLocation)
                #expect(outcome.violation?.kind == kind, name, sourceLocation: sourceLocation)
                #expect(outcome.violation?.offset == offset, name, sourceLocation: sourceLocation)
            }
        }
    }

    @Test func `depth counts aggregates, attributes and streamed strings`() {
        let attribute = "|1\r\n+k\r\n+v\r\n"
        check(
            RESPLimits(depth: 3),
            allows: [
                "*1\r\n*1\r\n*1\r\n:1\r\n", "*1\r\n~1\r\n%1\r\n:1\r\n:2\r\n", "*?\r\n*?\r\n*?\r\n.\r\n.\r\n.\r\n",
                "*1\r\n*1\r\n$?\r\n;0\r\n", attribute + attribute + attribute + ":1\r\n",
                "*1\r\n" + attribute + "*1\r\n:1\r\n", "*2\r\n*1\r\n*0\r\n*1\r\n*0\r\n",
            ],
            refuses: [
                ("*1\r\n*1\r\n*1\r\n*0\r\n", 12), ("*?\r\n*?\r\n*?\r\n*?\r\n", 12), ("*1\r\n*1\r\n*1\r\n$?\r\n", 12),
                (attribute + attribute + attribute + "*0\r\n", 36), (attribute + attribute + attribute + "|0\r\n", 36),
                ("*1\r\n" + attribute + "*1\r\n*0\r\n", 20), ("|1\r\n|1\r\n|1\r\n|1\r\n", 12),
            ],
            as: .tooDeep)
        check(
            RESPLimits(depth: 0), allows: [":1\r\n", "$1\r\na\r\n"],
            refuses: [("*0\r\n", 0), ("$?\r\n", 0)], as: .tooDeep)
    }

    @Test func `a limit below zero is zero, however far below`() {
        let none = RESPLimits(depth: 0, lineBytes: 0, bulkBytes: 0, elements: 0, replyBytes: 0, memoryBytes: 0)
        let least = RESPLimits(
            depth: .min, lineBytes: .min, bulkBytes: .min, elements: .min, replyBytes: .min, memoryBytes: .min)
        #expect(least == none)
        var limits = RESPLimits()
        limits.depth = .min
        limits.lineBytes = .min
        limits.bulkBytes = .min
        limits.elements = .min
        limits.replyBytes = .min
        limits.memoryBytes = .min
        #expect(limits == none)
        for wire in ["*?\r\n:1\r\n.\r\n", "%1\r\n+a\r\n+b\r\n", "$1\r\na\r\n", ":1\r\n"] {
            #expect(decode(wire, limits: least).violation != nil, "\(wire.debugDescription)")
        }
    }

    @Test func `the default depth is 128 levels, and no setting allows more than 1024`() {
        func check(_ limits: RESPLimits, is depth: Int) {
            let levels = String(repeating: "*1\r\n", count: depth - 1)
            self.check(
                limits, allows: [levels + "*0\r\n"], refuses: [(levels + "*1\r\n*0\r\n", 4 * depth)], as: .tooDeep)
        }
        check(RESPLimits(), is: 128)
        check(RESPLimits(depth: .max), is: 1_024)
        var limits = RESPLimits()
        limits.depth = 100_000
        check(limits, is: 1_024)
    }

    @Test func `memory bytes bound the values of one reply at all depths`() {
        // An aggregate is 48 bytes, a value in one 24, in a streamed one 48.
        check(
            RESPLimits(memoryBytes: 168),
            allows: [
                "*5\r\n:1\r\n:2\r\n_\r\n_\r\n_\r\n", "*1\r\n*2\r\n:1\r\n:2\r\n", "%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n",
                "*?\r\n_\r\n_\r\n.\r\n", "|0\r\n:1\r\n", "$?\r\n;1\r\na\r\n;1\r\nb\r\n;1\r\nc\r\n;0\r\n",
                "*3\r\n*0\r\n_\r\n_\r\n",
            ],
            refuses: [
                ("*6\r\n", 1), ("~6\r\n", 1), (">6\r\n", 1), ("%3\r\n", 1), ("|1\r\n", 1), ("*1\r\n*3\r\n", 5),
                ("*3\r\n*0\r\n*0\r\n", 9), ("*?\r\n_\r\n_\r\n_\r\n", 10), ("*?\r\n*4\r\n", 5),
                ("$?\r\n;1\r\na\r\n;1\r\nb\r\n;1\r\nc\r\n;1\r\n", 26),
            ],
            as: .tooMuchMemory)
    }

    @Test func `memory bytes start anew with each reply`() {
        let wire = Array(repeatElement(Array("*2\r\n*1\r\n_\r\n:2\r\n".utf8), count: 50).joined())
        for size in [1, 3, 20, wire.count] {
            let outcome = decode(wire, limits: RESPLimits(memoryBytes: 168)) { size }
            #expect(outcome.violation == nil && outcome.values.count == 50)
        }
    }

    @Test func `by default a gibibyte of the smallest values is refused at its header`() {
        // It would be 8 GiB of values.
        let limits = RESPLimits(elements: .max)
        #expect(decode("*357913940\r\n_\r\n", limits: limits).violation?.kind == .tooMuchMemory)
        #expect(decode("*44739240\r\n_\r\n", limits: limits).violation == nil)
        #expect(decode("*44739241\r\n_\r\n", limits: limits).violation?.kind == .tooMuchMemory)
    }

    @Test func `a line counts its type byte and not its end`() {
        check(
            RESPLimits(lineBytes: 5),
            allows: ["+1234\r\n", "-1234\r\n", ":1234\r\n", ":-123\r\n", ",1234\r\n", "(1234\r\n"],
            refuses: [("+12345\n", 5), ("+123456789\nabc", 5), (":-1234\r\n", 5), (":12345x", 5)],
            as: .lineTooLong)
        for type in ["+", "-", ":", ",", "("] {
            check(
                RESPLimits(lineBytes: 5), allows: ["\(type)1\r\n"],
                refuses: [
                    ("\(type)12345\r\n", 5), ("\(type)12345", 5), ("\(type)1234567890123456789012345\r\n", 5),
                ],
                as: .lineTooLong)
        }
    }

    @Test func `the default line is a mebibyte`() {
        let line = "+" + String(repeating: "a", count: (1 << 20) - 1)
        #expect(decode(line + "\r\n").values.count == 1)
        let violation = decode(line + "a\r\n").violation
        #expect(violation?.kind == .lineTooLong)
        #expect(violation?.offset == 1 << 20)
    }

    @Test func `bulk bytes bound every string with a length`() {
        let ten = "0123456789"
        check(
            RESPLimits(bulkBytes: 10),
            allows: [
                "$10\r\n\(ten)\r\n", "!10\r\n\(ten)\r\n", "=10\r\ntxt:012345\r\n",
                "$?\r\n;10\r\n\(ten)\r\n;0\r\n",
            ],
            refuses: [
                ("$11\r\n", 1), ("!11\r\n", 1), ("=11\r\n", 1), ("*1\r\n$11\r\n", 5), ("$?\r\n;11\r\n", 5),
                ("$536870912\r\n", 1), ("$999999999999999999\r\n", 1),
            ],
            as: .bulkTooLong)
        check(
            RESPLimits(bulkBytes: 20_000),
            allows: ["$20000\r\n" + String(repeating: "x", count: 20_000) + "\r\n"], refuses: [("$20001\r\n", 1)],
            as: .bulkTooLong)
        check(
            RESPLimits(bulkBytes: 0), allows: ["$0\r\n\r\n", "$?\r\n;0\r\n"],
            refuses: [("$1\r\n", 1)], as: .bulkTooLong)
    }

    @Test func `the parts of a streamed string count together`() {
        check(
            RESPLimits(bulkBytes: 10),
            allows: ["$?\r\n;6\r\n012345\r\n;4\r\n6789\r\n;0\r\n"],
            refuses: [
                ("$?\r\n;6\r\n012345\r\n;5\r\n", 17), ("$?\r\n;6\r\n012345\r\n;4\r\n6789\r\n;1\r\n", 27),
                ("$?\r\n;6\r\n012345\r\n;999999999999999999\r\n", 17),
            ],
            as: .bulkTooLong)
        // A new string starts from nothing.
        let one = "$?\r\n;6\r\n012345\r\n;0\r\n"
        #expect(decode("*2\r\n" + one + one, limits: RESPLimits(bulkBytes: 10)).values.count == 1)
    }

    @Test func `the default string is 512 mebibytes`() {
        #expect(decode("$536870912\r\n").violation == nil)
        #expect(decode("$536870913\r\n").violation?.kind == .bulkTooLong)
    }

    @Test func `bulk bytes beyond four gibibytes count as that`() {
        var limits = RESPLimits(bulkBytes: .max, replyBytes: .max)
        #expect(decode("$4294967296\r\n", limits: limits).violation?.kind == .bulkTooLong)
        limits.bulkBytes = .max
        #expect(decode("$4294967296\r\n", limits: limits).violation?.kind == .bulkTooLong)
        #expect(decode("$4294967293\r\n", limits: limits).violation == nil)
    }

    @Test func `elements bound every declared count`() {
        check(
            RESPLimits(elements: 2),
            allows: [
                "*2\r\n:1\r\n:2\r\n", "~2\r\n:1\r\n:2\r\n", ">2\r\n:1\r\n:2\r\n", "%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n",
                "|2\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n",
            ],
            refuses: [
                ("*3\r\n", 1), ("~3\r\n", 1), (">3\r\n", 1), ("%3\r\n", 1), ("|3\r\n", 1), ("*1\r\n*3\r\n", 5),
                ("*999999999999999999\r\n", 1), ("%999999999999999999\r\n", 1),
            ],
            as: .tooManyElements)
        check(RESPLimits(elements: 0), allows: ["*0\r\n", "%0\r\n"], refuses: [("*1\r\n", 1)], as: .tooManyElements)
    }

    @Test func `elements bound a streamed aggregate too`() {
        check(
            RESPLimits(elements: 2),
            allows: [
                "*?\r\n:1\r\n:2\r\n.\r\n", "~?\r\n:1\r\n:2\r\n.\r\n", "%?\r\n:1\r\n:2\r\n:3\r\n:4\r\n.\r\n",
                "*?\r\n*?\r\n:1\r\n:2\r\n.\r\n*?\r\n:1\r\n:2\r\n.\r\n.\r\n",
                "$?\r\n;1\r\na\r\n;1\r\nb\r\n;1\r\nc\r\n;0\r\n",
            ],
            refuses: [
                ("*?\r\n:1\r\n:2\r\n:3\r\n", 12), ("~?\r\n:1\r\n:2\r\n:3\r\n", 12),
                ("%?\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n", 20), ("*?\r\n:1\r\n:2\r\n*0\r\n", 12),
                ("*?\r\n:1\r\n:2\r\n|0\r\n:3\r\n", 12), ("*?\r\n*?\r\n:1\r\n.\r\n:2\r\n:3\r\n", 19),
                ("*?\r\n:1\r\n:2\r\n$5\r\n", 12),
            ],
            as: .tooManyElements)
    }

    @Test func `numbers near the end of an integer never trap`() {
        let limits = RESPLimits(depth: .max, lineBytes: .max, bulkBytes: .max, elements: .max, replyBytes: .max)
        for number in [
            "999999999999999999", "9223372036854775807", "9223372036854775808", "4611686018427387904",
            "4611686018427387903", "2305843009213693952", "18446744073709551615", "4294967295", "4294967296",
            "2147483648", String(repeating: "9", count: 30),
        ] {
            for type in ["$", "*", "%", "~", ">", "|", "!", "=", "$?\r\n;", ":", "(", ",", "+", "-"] {
                let line = "\(type)\(number)\r\n"
                for wire in [line, "\(type)-\(number)\r\n", "*\(number)\r\n\(line):1\r\n"] {
                    let whole = decode(wire, limits: limits)
                    #expect(decode(Array(wire.utf8), limits: limits) { 1 } == whole)
                    _ = decode(wire)
                }
            }
        }
    }

    @Test func `reply bytes count headers and all parts`() {
        check(
            RESPLimits(replyBytes: 20),
            allows: [
                "$13\r\n0123456789abc\r\n", "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "+01234567890123456\r\n",
                "*?\r\n:1\r\n:2\r\n:34\r\n.\r\n", "|1\r\n:1\r\n:2\r\n:30000\r\n",
            ],
            refuses: [
                ("$14\r\n", 1), ("!14\r\n", 1), ("$536870912\r\n", 1), ("*1\r\n$10\r\n0123", 5),
                ("*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n", 22), ("+012345678901234567\r\n", 19),
                ("$?\r\n;1\r\na\r\n;4\r\n", 12), ("*?\r\n:1\r\n:2\r\n:345\r\n.\r\n", 19),
                ("|1\r\n:1\r\n:2\r\n:300000\r\n", 19),
            ],
            as: .replyTooLong)
    }

    @Test func `reply bytes start anew with each reply`() {
        let one = "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n"
        let wire = Array(String(repeating: one, count: 50).utf8)
        for size in [1, 3, 20, wire.count] {
            let outcome = decode(wire, limits: RESPLimits(replyBytes: 20)) { size }
            #expect(outcome.violation == nil && outcome.values.count == 50)
        }
    }

    @Test func `a declared length counts before its bytes come`() {
        let limits = RESPLimits(replyBytes: (512 << 20) + 14)
        #expect(decode("$536870912\r\n", limits: limits).violation == nil)
        #expect(
            decode("$536870912\r\n", limits: RESPLimits(replyBytes: (512 << 20) + 13)).violation?.kind == .replyTooLong)
    }
}
