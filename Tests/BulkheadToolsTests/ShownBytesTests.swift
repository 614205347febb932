import Foundation
import Testing

@testable import BulkheadTools

@Suite("Keys as people read them") struct ShownBytesTests {
    @Test(arguments: [
        ("session:42", "session:42"), ("größe/数", "größe/数"), ("", "\"\""), ("a b", "\"a b\""),
        ("a\"b\\", #""a\"b\\""#), ("a\nb\r\t", #""a\nb\r\t""#), ("\u{1b}[31m", #""\x1b[31m""#),
        ("a\u{202e}b", #""a\xe2\x80\xaeb""#),
    ])
    func `nothing reaches a terminal that it would obey`(text: String, shown: String) {
        #expect(ShownBytes(text.utf8).description == shown)
    }

    @Test func `bytes that are no text are hexadecimal digits`() {
        #expect(ShownBytes([0x61, 0xff, 0x00, 0xc3]).description == #""a\xff\x00\xc3""#)
    }

    @Test func `in JSON they are a string, or digits where they are no text`() throws {
        func json(_ bytes: [UInt8]) throws -> String {
            String(decoding: try JSONEncoder().encode([ShownBytes(bytes)]), as: UTF8.self)
        }
        #expect(try json(Array("a\nb".utf8)) == #"["a\nb"]"#)
        #expect(try json([0, 255]) == #"[{"hex":"00ff"}]"#)
    }

    @Test func `what is shortened says so`() {
        #expect(ShownBytes("abcdef".utf8).shortened(to: 6) == "abcdef")
        #expect(ShownBytes("abcdef".utf8).shortened(to: 4) == "abc…")
    }
}
