import BulkheadConformance
import Testing

/// Files of cases, and what patterns accept.
@Suite struct ConformanceFormatTests {
    @Test func `the kit's own chapters can be read, and their cases have names of their own`() throws {
        let cases = try ConformanceChapter.own().flatMap(\.cases)
        #expect(cases.count >= 600)
        #expect(Set(cases.map(\.id)).count == cases.count)
        for test in cases {
            #expect(test.sentence.last == ".", "\(test.id) has no sentence")
            #expect(test.source.hasPrefix("https://"), "\(test.id) has no source")
        }
    }

    @Test(arguments: [
        (
            "title x\nsource y\ncase A: Upper case.\n > PING => +PONG", 3,
            "a name has lower-case letters, digits and dashes"
        ),
        ("title x\nsource y\ncase a\n > PING => +PONG", 3, "a case is 'case NAME: what is checked, in a sentence'"),
        ("title x\nsource y\ncase a:\n > PING => +PONG", 3, "a case needs a sentence"),
        ("title x\nsource y\ncase a: b\n > PING", 3, "the case expects nothing"),
        ("title x\ncase a: b\n > PING => +PONG", 2, "neither the case nor its chapter has a source"),
        ("source y\ncase a: b\n > PING => +PONG", 3, "the chapter has no title"),
        ("title x\nsource y\n> PING => +PONG", 3, "a step stands before the first case"),
        ("title x\ncolour red", 2, "'colour' is nothing that stands before the first case"),
        ("title x\nsource y\ncase a: b\n sometimes\n > PING => +PONG", 4, "'sometimes' is nothing that a case has"),
        (
            "title x\nsource y\ncase a: b\n on tomorrow\n", 4,
            "'tomorrow' is no version such as '7.0' or 'valkey 9.0-9.1'"
        ),
        ("title x\nsource y\ncase a: b\n resp 4\n", 4, "'resp' takes 2, 3 or both"),
        ("title x\nsource y\ncase a: b\n > PING => PONG", 4, "no pattern begins with 'P'"),
        ("title x\nsource y\ncase a: b\n > PING => +PONG more", 4, "'more' stands behind the end of the step"),
        ("title x\nsource y\ncase a: b\n > GET => \"x", 4, "a quote is not closed"),
        ("title x\nsource y\ncase a: b\n > GET => [:1", 4, "a list is not closed"),
        ("title x\nsource y\ncase a: b\n > GET => %[:1]", 4, "a map has keys and values in turn"),
        ("title x\nsource y\ncase a: b\n > GET => \"\\q\"", 4, "\\q is no escape: \\r \\n \\t \\xHH \\\" \\\\ \\{ are"),
        ("title x\nsource y\ncase a: b\n > => +PONG", 4, "no command to send"),
        ("title x\nsource y\ncase a: b\n x0> PING => +PONG", 4, "'x0>' is no step: > >> ~> cut> xN> < are"),
        ("title x\nsource y\ncase a: b\n b sleeps", 4, "a connection alone takes 'blocked' or 'close'"),
    ])
    func `what is not of the format is refused with its line`(text: String, line: Int, problem: String) {
        #expect(throws: CaseSyntaxError(file: "X.cases", line: line, problem: problem)) {
            try ConformanceChapter(named: "X", text)
        }
    }

    @Test(arguments: [
        ("+OK\r\n", true), ("-ERR a\nb\r\n", false), (":01\r\n", false), (":+1\r\n", false), ("$2\r\nabc\r\n", false),
        ("$-2\r\n", false), ("_x\r\n", false), ("#y\r\n", false), ("=3\r\ntxt\r\n", false), ("(12a\r\n", false),
        ("?1\r\n", false), ("*2\r\n:1\r\n:2\r\n", true), ("%1\r\n+a\r\n+b\r\n", true), ("$-1\r\n", true),
        ("*-1\r\n", true),
        ("%-1\r\n", false), ("|1\r\n+a\r\n+b\r\n:1\r\n", true), (",inf\r\n", true), (":-0\r\n", false),
    ])
    func `bytes are RESP or they are not`(bytes: String, isRESP: Bool) throws {
        var reader = WireReader(Array(bytes.utf8))
        if isRESP {
            #expect(try reader.next() != nil)
        } else {
            #expect(throws: WireViolation.self) { try reader.next() }
        }
    }

    @Test func `a value that is not whole is none yet`() throws {
        let bytes = Array("*2\r\n%1\r\n$1\r\na\r\n,1.5\r\n=7\r\ntxt:abc\r\n".utf8)
        for end in 0..<bytes.count {
            var reader = WireReader(Array(bytes[..<end]))
            #expect(try reader.next() == nil)
            #expect(reader.position == 0)
        }
        var reader = WireReader(bytes)
        #expect(try reader.next()?.description == #"[%["a" ,1.5] ="txt:abc"]"#)
    }

    @Test(arguments: [
        "*2\r\n%1\r\n$1\r\na\r\n,1.5\r\n=7\r\ntxt:abc\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n", "*0\r\n", "*-1\r\n",
        "$0\r\n\r\n",
        "*3\r\n*2\r\n:1\r\n$-1\r\n~0\r\n>1\r\n_\r\n", "$4\r\n\r\n\r\n\r\n",
    ])
    func `the end of a value is found where it is, in whatever pieces it comes`(text: String) {
        let bytes = Array(text.utf8)
        func isWhole(_ end: Int) -> Bool {
            var fresh = WireSkim(from: 0)
            return fresh.isWhole(in: Array(bytes[..<end]))
        }
        var skim = WireSkim(from: 0)
        let ends = (1...bytes.count).filter { skim.isWhole(in: Array(bytes[..<$0])) }
        #expect(ends == [bytes.count])
        #expect((1...bytes.count).filter(isWhole) == [bytes.count])
    }

    @Test(arguments: ["?1", "*x\r\n", "$1x\r\n", "*1\r\n?", "$1073741825\r\n"])
    func `what is no RESP is not waited for`(text: String) {
        var skim = WireSkim(from: 0)
        let isWhole = skim.isWhole(in: Array(text.utf8))
        #expect(isWhole)
    }

    @Test func `versions are compared number by number`() throws {
        func servers(_ text: String) throws -> [ServerRange] {
            let text = "title x\nsource y\ncase a: b\n on \(text)\n > PING => +PONG"
            return try ConformanceChapter(named: "x", text).cases[0].servers
        }
        let redis7 = ServerIdentity(product: "redis", version: [7, 0, 15])
        let redis8 = ServerIdentity(product: "redis", version: [8, 2, 3])
        let valkey9 = ServerIdentity(product: "valkey", version: [9, 1, 2], compatibility: [7, 2, 4])
        for (text, isFor7, isFor8, isFor9) in [
            ("7.0", true, true, true), ("7.2", false, true, true), ("redis 6.2-7.0", true, false, false),
            ("6.2-7.0", true, false, false), ("valkey 9.0", false, false, true),
            ("redis 8.0, valkey 9.1", false, true, true),
            ("8.0", false, true, false), ("valkey 7.2-8.1", false, false, false), ("7.0.16", false, true, true),
        ] {
            let ranges = try servers(text)
            #expect(ranges.contains { $0.contains(redis7) } == isFor7, "\(text) and 7.0.15")
            #expect(ranges.contains { $0.contains(redis8) } == isFor8, "\(text) and 8.2.3")
            #expect(ranges.contains { $0.contains(valkey9) } == isFor9, "\(text) and Valkey 9.1.2")
        }
    }
}
