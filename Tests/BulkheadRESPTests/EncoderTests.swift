import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Testing

@Suite struct EncoderTests {
    private func encoded(_ value: RESPValue, _ version: RESPVersion = .resp3) -> String {
        var encoder = RESPEncoder()
        encoder.value(value, version: version)
        return String(decoding: encoder.bytes, as: UTF8.self)
    }

    @Test func `a command is an array of bulk strings`() {
        var encoder = RESPEncoder(capacity: 100)
        encoder.command(argumentCount: 5)
        encoder.argument("SET")
        encoder.argument("schlüssel")
        encoder.argument("")
        encoder.argument(-12)
        [UInt8(0), 13, 10, 255].withUnsafeBytes { encoder.argument($0) }
        let text = "*5\r\n$3\r\nSET\r\n$10\r\nschlüssel\r\n$0\r\n\r\n$3\r\n-12\r\n$4\r\n"
        let expected: [UInt8] = Array(text.utf8) + [0, 13, 10, 255, 13, 10]
        #expect(encoder.bytes == expected)
    }

    @Test(arguments: [3, 255, 256, 257, 5_000])
    func `a command may begin with its name`(length: Int) {
        let name = String(repeating: "N", count: length)
        for count in [1, 9, 10, 123] {
            var encoder = RESPEncoder()
            encoder.append(encoded: "+".utf8)
            encoder.command(name, argumentCount: count)
            #expect(encoder.bytes == Array("+*\(count)\r\n$\(length)\r\n\(name)\r\n".utf8))
        }
    }

    @Test func `strings are written in full round the size up to which they are put together`() {
        for size in [0, 1, 9, 10, 99, 100, 254, 255, 256, 257, 999, 1_000, 70_000] {
            let content = pattern(size, seed: size)
            var encoder = RESPEncoder()
            content.withUnsafeBytes { encoder.argument($0) }
            encoder.value(.bulkError(RESPBytes(content)))
            #expect(encoder.bytes == bulk(content) + bulk(content, type: "!"))
        }
    }

    @Test func `every count of digits is written`() {
        var number: Int64 = 1
        for _ in 0..<18 {
            for near in [number - 1, number, number + 1, -number] {
                #expect(encoded(.integer(near)) == ":\(near)\r\n")
            }
            number *= 10
        }
    }

    @Test func `a command may have no argument, ten or many`() {
        for count in [0, 9, 10, 1_234] {
            var encoder = RESPEncoder()
            encoder.command(argumentCount: count)
            #expect(encoder.bytes == Array("*\(count)\r\n".utf8))
        }
    }

    @Test func `an empty buffer is an empty argument`() {
        var encoder = RESPEncoder()
        encoder.argument(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(encoder.bytes == Array("$0\r\n\r\n".utf8))
    }

    @Test(arguments: [
        0, 1, 9, 10, 11, 99, 100, -1, -9, -10, 1_000_000_007, Int64.max, Int64.max - 1, Int64.min, Int64.min + 1,
    ])
    func `integers are written in full`(number: Int64) {
        #expect(encoded(.integer(number)) == ":\(number)\r\n")
        var encoder = RESPEncoder()
        encoder.argument(number)
        #expect(encoder.bytes == Array("$\("\(number)".utf8.count)\r\n\(number)\r\n".utf8))
    }

    @Test func `bytes that are RESP already pass`() {
        var encoder = RESPEncoder()
        encoder.append(encoded: "+OK\r\n".utf8)
        encoder.append(encoded: [UInt8(ascii: ":")])
        #expect(encoder.bytes == Array("+OK\r\n:".utf8))
    }

    @Test(arguments: Corpus.all)
    func `every value comes back from RESP3 as it was`(canned: Canned) {
        var encoder = RESPEncoder()
        encoder.value(canned.value)
        let outcome = decode(encoder.bytes)
        #expect(outcome.violation == nil)
        #expect(outcome.values.isSame(as: [canned.value]))
    }

    @Test(arguments: Corpus.all)
    func `every value is one whole reply in RESP2`(canned: Canned) {
        var encoder = RESPEncoder()
        encoder.value(canned.value, version: .resp2)
        let outcome = decode(encoder.bytes)
        #expect(outcome.violation == nil && outcome.values.count == 1 && outcome.isBetweenReplies)
        #expect(outcome.values.allSatisfy(isRESP2))
    }

    private func isRESP2(_ value: RESPValue) -> Bool {
        switch value {
        case .simpleString, .error, .integer, .bulkString, .null: true
        case .array(let elements): elements.allSatisfy(isRESP2)
        default: false
        }
    }

    @Test func `RESP2 says in its few types what RESP3 says in many`() {
        let map = RESPMap([(.simple("k"), .boolean(true))])
        let table: [(RESPValue, String)] = [
            (.simple("OK"), "+OK\r\n"),
            (.error("ERR no"), "-ERR no\r\n"),
            (.integer(-7), ":-7\r\n"),
            (.bulk("a\r\nb"), "$4\r\na\r\nb\r\n"),
            (.bulkError("ERR a\r\nb"), "-ERR a  b\r\n"),
            (.null, "$-1\r\n"),
            (.boolean(true), ":1\r\n"),
            (.boolean(false), ":0\r\n"),
            (.double(2.5), "$3\r\n2.5\r\n"),
            (.double(-.infinity), "$4\r\n-inf\r\n"),
            (.double(.nan), "$3\r\nnan\r\n"),
            (.bigNumber("123456789012345678901"), "$21\r\n123456789012345678901\r\n"),
            (.verbatim("txt", "hi"), "$2\r\nhi\r\n"),
            (.array([.null]), "*1\r\n$-1\r\n"),
            (.set([.integer(1)]), "*1\r\n:1\r\n"),
            (.push([.integer(1)]), "*1\r\n:1\r\n"),
            (.map(map), "*2\r\n+k\r\n:1\r\n"),
            (.map(RESPMap([])), "*0\r\n"),
            (.attribute(map, .map(map)), "*2\r\n+k\r\n:1\r\n"),
            (.array([.attribute(map, .null)]), "*1\r\n$-1\r\n"),
        ]
        for (value, wire) in table { #expect(encoded(value, .resp2) == wire) }
    }

    @Test func `RESP3 has a type for each`() {
        let map = RESPMap([(.simple("k"), .boolean(true))])
        let table: [(RESPValue, String)] = [
            (.null, "_\r\n"), (.boolean(false), "#f\r\n"), (.double(2.5), ",2.5\r\n"), (.bigNumber("-12"), "(-12\r\n"),
            (.verbatim("txt", "hi"), "=6\r\ntxt:hi\r\n"), (.bulkError("E a"), "!3\r\nE a\r\n"),
            (.set([.null]), "~1\r\n_\r\n"), (.push([.integer(1)]), ">1\r\n:1\r\n"), (.map(map), "%1\r\n+k\r\n#t\r\n"),
            (.attribute(map, .null), "|1\r\n+k\r\n#t\r\n_\r\n"),
        ]
        for (value, wire) in table { #expect(encoded(value) == wire) }
    }

    @Test func `CR and LF in a line become spaces`() {
        #expect(encoded(.simple("a\r\nb\nc\rd")) == "+a  b c d\r\n")
        #expect(encoded(.error("ERR\r\n+OK")) == "-ERR  +OK\r\n")
        #expect(encoded(.bigNumber("1\r\n2"), .resp3) == "(1  2\r\n")
    }

    @Test func `a double's text is short and reads back`() {
        let table: [(Double, String)] = [
            (0, "0"), (-0.0, "-0"), (10, "10"), (3.14, "3.14"), (-1.5, "-1.5"), (1e100, "1e+100"), (1e16, "1e+16"),
            (0.1, "0.1"), (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (-.nan, "nan"),
            (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        ]
        for (number, text) in table { #expect(number.respText == text) }
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<5_000 {
            let number = Double(bitPattern: generator.next())
            #expect(decode(",\(number.respText)\r\n").values.isSame(as: [.double(number)]), "\(number)")
        }
    }

    @Test func `a verbatim string needs three bytes of ASCII as its format`() {
        #expect(RESPVerbatim(format: "txt", content: [1, 2])?.content == [1, 2])
        for format in ["", "tx", "text", "té", "é:"] {
            #expect(RESPVerbatim(format: format, content: []) == nil)
        }
    }
}
