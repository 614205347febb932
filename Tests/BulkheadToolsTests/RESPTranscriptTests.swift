import BulkheadRESP
import BulkheadTools
import Foundation
import Testing

/// What a transcript prints about `input`, and how it ends.
func transcribe(
    _ input: some Collection<UInt8>, chunk: Int? = nil, blocksOf limit: Int = 64 << 10,
    limits: RESPLimits = RESPLimits(depth: 1_024)
) -> (lines: [String], ending: RESPTranscript.Ending) {
    var transcript = RESPTranscript(limits: limits)
    var output: [UInt8] = []
    var block: [UInt8] = []
    var rest = Array(input)[...]
    while true {
        switch transcript.writeLines(to: &block, upTo: limit) {
        case .outputFull:
            output += block
            block = []
        case .needsInput where rest.isEmpty:
            transcript.finish()
        case .needsInput:
            transcript.feed(rest.prefix(chunk ?? rest.count))
            rest = rest.dropFirst(chunk ?? rest.count)
        case .ended(let ending):
            let lines = String(decoding: output + block, as: UTF8.self).split(separator: "\n").map(String.init)
            return (lines, ending)
        }
    }
}

@Suite struct RESPTranscriptTests {
    static let types: [(wire: [UInt8], line: String)] = [
        (Array("+OK\r\n".utf8), #"{"t":"simple","v":"OK"}"#),
        (Array("+\r\n".utf8), #"{"t":"simple","v":""}"#),
        (Array("-ERR no such key\r\n".utf8), #"{"t":"error","v":"ERR no such key"}"#),
        (Array("+é \"\\\t\u{1}\u{7f}\r\n".utf8), #"{"t":"simple","v":"é \"\\\t\u0001"# + "\u{7f}\"}"),
        (Array("+a".utf8) + [0xff, 0x0d, 0x0a], #"{"t":"simple","v_hex":"61ff"}"#),
        (Array("-".utf8) + [0xc3, 0x0d, 0x0a], #"{"t":"error","v_hex":"c3"}"#),
        (Array(":123\r\n".utf8), #"{"t":"int","v":"123"}"#),
        (Array(":-9223372036854775808\r\n".utf8), #"{"t":"int","v":"-9223372036854775808"}"#),
        (Array(":9223372036854775807\r\n".utf8), #"{"t":"int","v":"9223372036854775807"}"#),
        (Array("$5\r\nhello\r\n".utf8), #"{"t":"bulk","v_hex":"68656c6c6f"}"#),
        (Array("$4\r\n".utf8) + [0x00, 0xff, 0x0d, 0x0a, 0x0d, 0x0a], #"{"t":"bulk","v_hex":"00ff0d0a"}"#),
        (Array("$0\r\n\r\n".utf8), #"{"t":"bulk","v_hex":""}"#),
        (Array("$?\r\n;3\r\nabc\r\n;1\r\nd\r\n;0\r\n".utf8), #"{"t":"bulk","v_hex":"61626364"}"#),
        (Array("_\r\n".utf8), #"{"t":"null"}"#),
        (Array("$-1\r\n".utf8), #"{"t":"null"}"#),
        (Array("*-1\r\n".utf8), #"{"t":"null"}"#),
        (Array("*0\r\n".utf8), #"{"t":"array","v":[]}"#),
        (
            Array("*2\r\n:1\r\n*1\r\n_\r\n".utf8),
            #"{"t":"array","v":[{"t":"int","v":"1"},{"t":"array","v":[{"t":"null"}]}]}"#
        ),
        (Array("*?\r\n:1\r\n.\r\n".utf8), #"{"t":"array","v":[{"t":"int","v":"1"}]}"#),
        (Array("~2\r\n:1\r\n:2\r\n".utf8), #"{"t":"set","v":[{"t":"int","v":"1"},{"t":"int","v":"2"}]}"#),
        (Array(">1\r\n+message\r\n".utf8), #"{"t":"push","v":[{"t":"simple","v":"message"}]}"#),
        (Array("%0\r\n".utf8), #"{"t":"map","v":[]}"#),
        (
            Array("%2\r\n+a\r\n%1\r\n+b\r\n#t\r\n*1\r\n_\r\n:2\r\n".utf8),
            #"{"t":"map","v":[[{"t":"simple","v":"a"},{"t":"map","v":[[{"t":"simple","v":"b"},"#
                + #"{"t":"bool","v":true}]]}],"#
                + #"[{"t":"array","v":[{"t":"null"}]},{"t":"int","v":"2"}]]}"#
        ),
        (Array(",3.14\r\n".utf8), #"{"t":"double","v":"3.14"}"#),
        (Array(",10\r\n".utf8), #"{"t":"double","v":"10"}"#),
        (Array(",inf\r\n".utf8), #"{"t":"double","v":"inf"}"#),
        (Array(",-inf\r\n".utf8), #"{"t":"double","v":"-inf"}"#),
        (Array(",nan\r\n".utf8), #"{"t":"double","v":"nan"}"#),
        (Array("#t\r\n".utf8), #"{"t":"bool","v":true}"#),
        (Array("#f\r\n".utf8), #"{"t":"bool","v":false}"#),
        (
            Array("(-3492890328409238509324850943850943825024385\r\n".utf8),
            #"{"t":"bignum","v":"-3492890328409238509324850943850943825024385"}"#
        ),
        (Array("=8\r\nmkd:# hi\r\n".utf8), #"{"t":"verbatim","fmt":"mkd","v_hex":"23206869"}"#),
        (Array("=5\r\n\"\\\n:".utf8) + [0xff, 0x0d, 0x0a], #"{"t":"verbatim","fmt":"\"\\\n","v_hex":"ff"}"#),
        (Array("!5\r\nERR x\r\n".utf8), #"{"t":"blob_error","v_hex":"4552522078"}"#),
        (
            Array("|1\r\n+ttl\r\n:9\r\n+v\r\n".utf8),
            #"{"t":"attribute","attrs":[[{"t":"simple","v":"ttl"},{"t":"int","v":"9"}]],"#
                + #""value":{"t":"simple","v":"v"}}"#
        ),
        (
            Array("*2\r\n|1\r\n*1\r\n_\r\n|1\r\n:1\r\n:2\r\n:3\r\n*0\r\n:4\r\n".utf8),
            #"{"t":"array","v":[{"t":"attribute","attrs":[[{"t":"array","v":[{"t":"null"}]},{"t":"attribute","#
                + #""attrs":[[{"t":"int","v":"1"},{"t":"int","v":"2"}]],"value":{"t":"int","v":"3"}}]],"#
                + #""value":{"t":"array","v":[]}},{"t":"int","v":"4"}]}"#
        ),
        (
            Array("|1\r\n:1\r\n:2\r\n|0\r\n_\r\n".utf8),
            #"{"t":"attribute","attrs":[[{"t":"int","v":"1"},{"t":"int","v":"2"}]],"#
                + #""value":{"t":"attribute","attrs":[],"value":{"t":"null"}}}"#
        ),
    ]

    @Test(arguments: types)
    func `every type has its tagged form`(wire: [UInt8], line: String) throws {
        let (lines, ending) = transcribe(wire)
        #expect(lines == [line])
        #expect(ending == .complete)
        _ = try JSONSerialization.jsonObject(with: Data(lines[0].utf8))
    }

    @Test(arguments: [1, 2, 3, 7, 64]) func `lines do not depend on how the bytes were split`(chunk: Int) {
        let corpus = Self.types.flatMap(\.wire)
        let whole = transcribe(corpus)
        #expect(whole.lines == Self.types.map(\.line))
        #expect(transcribe(corpus, chunk: chunk) == whole)
        #expect(transcribe(corpus, chunk: chunk, blocksOf: 1) == whole)
    }

    @Test func `a prefix of a reply is incomplete, and no bytes at all are not`() {
        #expect(transcribe([]) == ([], .complete))
        for (wire, line) in Self.types {
            for length in 1..<wire.count {
                #expect(transcribe(wire.prefix(length)) == ([#"{"t":"incomplete"}"#], .incomplete))
            }
            #expect(transcribe(wire + wire.prefix(1)) == ([line, #"{"t":"incomplete"}"#], .incomplete))
        }
    }

    @Test(arguments: [nil, 1]) func `a violation follows the good replies and ends the transcript`(chunk: Int?) {
        let (lines, ending) = transcribe("+OK\r\n:1\r\n#x\r\n+never\r\n".utf8, chunk: chunk)
        #expect(
            lines == [
                #"{"t":"simple","v":"OK"}"#, #"{"t":"int","v":"1"}"#,
                #"{"t":"violation","kind":"malformed-boolean","offset":10,"message":"expected t or f"}"#,
            ])
        guard case .violation(let violation) = ending else { return #expect(Bool(false), "\(ending)") }
        #expect(violation.kind == .malformedBoolean)
        #expect(violation.offset == 10)
    }

    @Test func `a violation inside an open aggregate prints nothing of the aggregate`() {
        let (lines, _) = transcribe("*2\r\n:1\r\n?\r\n".utf8)
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix(#"{"t":"violation","kind":"unknown-type","offset":8,"#))
    }

    @Test func `a reply of the greatest depth is written, and one level more is a violation`() {
        func nested(_ levels: Int) -> [UInt8] {
            Array((String(repeating: "*1\r\n", count: levels) + "_\r\n").utf8)
        }
        let (lines, ending) = transcribe(nested(1_024))
        #expect(ending == .complete)
        let begin = String(repeating: #"{"t":"array","v":["#, count: 1_024)
        let end = String(repeating: "]}", count: 1_024)
        #expect(lines == [begin + #"{"t":"null"}"# + end])
        guard case .violation(let violation) = transcribe(nested(1_025)).ending else {
            return #expect(Bool(false), "1,025 levels were taken")
        }
        #expect(violation.kind == .tooDeep)
    }

    @Test func `a long line is written in blocks of about the limit`() {
        var transcript = RESPTranscript()
        let count = 40_000
        transcript.feed("*\(count)\r\n".utf8)
        for number in 0..<count { transcript.feed(":\(number)\r\n".utf8) }
        transcript.feed("$\(count)\r\n".utf8)
        transcript.feed(repeatElement(0xab, count: count))
        transcript.feed("\r\n".utf8)
        var blocks: [[UInt8]] = [[]]
        while transcript.writeLines(to: &blocks[blocks.count - 1], upTo: 1_000) == .outputFull { blocks.append([]) }
        // A piece of a string is 4 KiB of bytes, so twice that in digits, on top of what was there.
        #expect(blocks.allSatisfy { $0.count < 1_000 + (8 << 10) + 100 })
        let lines = String(decoding: blocks.joined(), as: UTF8.self).split(separator: "\n")
        let numbers = (0..<count).map { #"{"t":"int","v":"\#($0)"}"# }.joined(separator: ",")
        #expect(lines.count == 2)
        #expect(lines.first.map(String.init) == #"{"t":"array","v":[\#(numbers)]}"#)
        #expect(lines.last.map(String.init) == #"{"t":"bulk","v_hex":"\#(String(repeating: "ab", count: count))"}"#)
    }

    @Test func `limits of the caller hold`() {
        let (lines, _) = transcribe("$5\r\nhello\r\n".utf8, limits: RESPLimits(bulkBytes: 4))
        #expect(lines.count == 1)
        #expect(lines[0].contains(#""kind":"bulk-too-long","offset":1"#))
    }
}
