import BulkheadRESP
import BulkheadTools
import Testing

@Suite struct JSONCommandEncoderTests {
    /// The wire bytes of `lines` and the error they end with, fed in pieces of `chunk`.
    func encode(
        _ lines: some Collection<UInt8>, chunk: Int = .max, longestLine: Int = 1 << 20
    ) -> (wire: [UInt8], error: JSONCommandEncoder.LineError?) {
        var encoder = JSONCommandEncoder(longestLine: longestLine)
        var wire: [UInt8] = []
        var rest = Array(lines)[...]
        do {
            while !rest.isEmpty {
                try encoder.feed(rest.prefix(chunk), to: &wire)
                rest = rest.dropFirst(chunk)
            }
            try encoder.finish(to: &wire)
            return (wire, nil)
        } catch {
            return (wire, error)
        }
    }

    func command(_ arguments: [UInt8]...) -> [UInt8] {
        arguments.reduce(Array("*\(arguments.count)\r\n".utf8)) { wire, argument in
            wire + Array("$\(argument.count)\r\n".utf8) + argument + [0x0d, 0x0a]
        }
    }

    @Test func `a line of strings and hexadecimal digits is one command`() {
        let (wire, error) = encode(#"["SET", "doc:1", {"hex":"00Ff0d0A"}, "", {"hex":""}]"#.utf8)
        #expect(error == nil)
        #expect(wire == command(Array("SET".utf8), Array("doc:1".utf8), [0x00, 0xff, 0x0d, 0x0a], [], []))
    }

    @Test func `escapes of JSON become the UTF-8 they stand for`() {
        let (wire, error) = encode(#"["\u00e9\ud83d\ude00", "\"\\\/\b\f\n\r\t", "\u0000", "é,]"]"#.utf8)
        #expect(error == nil)
        #expect(
            wire == command(Array("é😀".utf8), Array("\"\\/\u{8}\u{c}\n\r\t".utf8), [0], Array("é,]".utf8)))
    }

    @Test(arguments: [1, 2, 5, .max])
    func `lines do not depend on how the bytes were split, and the last needs no line feed`(chunk: Int) {
        let (wire, error) = encode("\n[\"PING\"]\r\n \t\r\n[\"GET\",\"é\"]".utf8, chunk: chunk)
        #expect(error == nil)
        #expect(wire == command(Array("PING".utf8)) + command(Array("GET".utf8), Array("é".utf8)))
    }

    @Test func `the decoder takes what was encoded`() throws {
        var decoder = RESPDecoder()
        decoder.feed(encode(#"["GET",{"hex":"ff"}]"#.utf8).wire)
        #expect(try decoder.next() == .array([.bulkString("GET"), .bulkString([0xff])]))
    }

    static let array = #"expected an array of arguments, such as ["GET","doc:1"]"#
    static let json = "not JSON; \(array)"
    static let comma = #"a stray comma; expected an array such as ["GET","doc:1"]"#
    static let argument = #"argument 2: expected a string or {"hex":"…"}"#
    static let hex = "argument 2: hex takes pairs of the digits 0-9 and a-f"

    @Test(arguments: [
        (#"[]"#, "a command needs at least its name"),
        (#"{"a":"b"}"#, array), (#"{"hex":"00"}"#, array), (#""PING""#, array), (#"1"#, array), (#"null"#, array),
        (#"PING"#, json), (#"["a""#, json), (#"["a"] "b""#, json), (#"['a']"#, json), (#"["\ud800"]"#, json),
        (#"["a","\x"]"#, json), ("[\"a\tb\"]", json), (#"["a",,"b"]"#, json), (#"["a" "b"]"#, json),
        (#"["a",]"#, comma), (#"["a\\",]"#, comma), (#"["a",{"hex":"00",}]"#, comma),
        (#"["a",{"hex":"00","hex":"01"}]"#, comma),
        (#"["a",1]"#, argument), (#"["a",null]"#, argument), (#"["a",true]"#, argument), (#"["a",["b"]]"#, argument),
        (#"["a",[["b"]]]"#, argument), (#"["a",{}]"#, argument), (#"["a",{"Hex":"00"}]"#, argument),
        (#"["a",{"hex":"00","b":""}]"#, argument), (#"["a",{"hex":0}]"#, argument), (#"["a",{"hex":null}]"#, argument),
        (#"["a",{"hex":["00"]}]"#, argument),
        (#"["a",{"hex":"0"}]"#, hex), (#"["a",{"hex":"0g"}]"#, hex), (#"["a",{"hex":"00 11"}]"#, hex),
        (#"["a",{"hex":"0x00"}]"#, hex), (#"["a",{"hex":"é"}]"#, hex), (#"["a",{"hex":"００"}]"#, hex),
        ("[\"a\0\"]", "not UTF-8 text"),
        (String(repeating: "[", count: 513), "nested too deep; \(array)"),
    ])
    func `a bad line is named with what is wrong, and what follows it is not encoded`(line: String, problem: String) {
        let (wire, error) = encode("[\"PING\"]\n\n\(line)\n[\"PING\"]\n".utf8)
        #expect(error?.line == 3)
        #expect(error?.problem == problem)
        #expect(wire == command(Array("PING".utf8)))
    }

    @Test func `bytes that are not UTF-8 are no line`() {
        let (_, error) = encode(Array("[\"".utf8) + [0xff] + Array("\"]".utf8))
        #expect(error?.problem == "not UTF-8 text")
    }

    @Test func `a message never holds text of the line`() {
        for line in [#"["AUTH","secret""#, #"["AUTH",{"hex":"secret"}]"#, #"{"secret":1}"#, #"["AUTH","secret",]"#] {
            let description = encode(line.utf8).error?.description
            #expect(description?.hasPrefix("line 1: ") == true)
            #expect(description?.contains("secret") == false)
        }
    }

    @Test(arguments: [1, .max]) func `a line may be as long as the limit and no longer`(chunk: Int) {
        #expect(encode("[\"PING\"]\n[\"PING\"]".utf8, chunk: chunk, longestLine: 8).error == nil)
        let (wire, error) = encode("[\"PING\"]\n[\"PINGS\"]\n".utf8, chunk: chunk, longestLine: 8)
        #expect(error?.description == "line 2: a line of more than 8 bytes")
        #expect(wire == command(Array("PING".utf8)))
    }

    @Test func `an encoder stays in error`() {
        var encoder = JSONCommandEncoder()
        var wire: [UInt8] = []
        #expect(throws: JSONCommandEncoder.LineError.self) { try encoder.feed("[]\n".utf8, to: &wire) }
        #expect(throws: JSONCommandEncoder.LineError.self) { try encoder.feed("[\"PING\"]\n".utf8, to: &wire) }
        #expect(throws: JSONCommandEncoder.LineError.self) { try encoder.finish(to: &wire) }
        #expect(wire.isEmpty)
    }
}
