@testable import BulkheadConformance
import Testing

/// How replies are compared, and the files of forms and of known differences.
@Suite struct DifferentialFormatTests {
    static let replies: [(rule: String, left: String, right: String, differences: [String])] = [
        ("any", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\nb\r\n$1\r\na\r\n", []),
        ("any", "*2\r\n$1\r\na\r\n$1\r\na\r\n", "*2\r\n$1\r\nb\r\n$1\r\na\r\n", ["string / another string"]),
        ("no-noise", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*2\r\n$1\r\nb\r\n$1\r\na\r\n", ["string / another string"]),
        ("pairs", "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "*4\r\n+b\r\n:2\r\n+a\r\n:1\r\n", []),
        ("pairs", "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "*2\r\n+a\r\n:1\r\n", ["b / nothing"]),
        ("pairs without b", "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "*2\r\n+a\r\n:1\r\n", []),
        ("rows", "*1\r\n%1\r\n+a\r\n:1\r\n", "*1\r\n%1\r\n+a\r\n:2\r\n", ["a: integer / a: another integer"]),
        ("scan", "*2\r\n$1\r\n0\r\n*2\r\n+a\r\n+b\r\n", "*2\r\n$1\r\n0\r\n*2\r\n+b\r\n+a\r\n", []),
        ("scan", "*2\r\n$1\r\n0\r\n*0\r\n", "*2\r\n$1\r\n5\r\n*0\r\n", ["string / another string"]),
        ("near 100", ":1000\r\n", ":1090\r\n", []),
        ("near 100", ":1000\r\n", ":1101\r\n", ["integer / another integer"]),
        ("near 100", ":-1\r\n", ":5\r\n", ["integer / another integer"]),
        ("numbers", "$3\r\n3.1\r\n", "$18\r\n3.1000000000000001\r\n", ["a number / the number in other digits"]),
        ("numbers", ",3.1\r\n", ",3.2\r\n", ["double / another double"]),
        ("type", "$1\r\na\r\n", "$1\r\nb\r\n", []), ("type", "$1\r\na\r\n", "$-1\r\n", ["string / nil"]),
        ("skip", ":1\r\n", "-ERR x\r\n", []),
        ("idle", "*1\r\n*4\r\n+a\r\n+b\r\n:5\r\n:1\r\n", "*1\r\n*4\r\n+a\r\n+b\r\n:9\r\n:1\r\n", []),
        ("no-noise", "-ERR a\r\n", "-WRONGTYPE b\r\n", ["-ERR a / -WRONGTYPE b"]),
        ("no-noise", "~2\r\n+a\r\n+b\r\n", "~2\r\n+b\r\n+a\r\n", []),
        ("no-noise", "~1\r\n+a\r\n", "~2\r\n+b\r\n+a\r\n", ["set / another set"]),
        ("any", "*1\r\n+a\r\n", "*2\r\n+b\r\n+a\r\n", ["array / another array"]),
        ("any", "*1\r\n+a\r\n", "*-1\r\n", ["array / nil*"]),
        (
            "numbers", ",-0.00099994749735544\r\n", ",-9.999474973554356e-4\r\n",
            ["a number / the number in other digits"]
        ),
    ]

    @Test(arguments: replies)
    func `replies are compared by the rule of their command`(
        rule: String, left: String, right: String, differences: [String]
    ) throws {
        var reader = FormReader("GET {string} => \(rule)", isOpen: { _ in true })
        let form = try reader.form()
        let comparison = ReplyComparison(try Self.value(left), try Self.value(right), by: form.rule)
        #expect(comparison.differences.map { "\($0.left) / \($0.right)" } == differences)
    }

    @Test func `errors of one code are told from errors of two`() throws {
        let same = ReplyComparison(try Self.value("-ERR a\r\n"), try Self.value("-ERR b\r\n"), by: ReplyRule())
        #expect(same.differences == [LeafDifference(left: "-ERR a", right: "-ERR b", isWording: true)])
        let other = ReplyComparison(try Self.value("-ERR a\r\n"), try Self.value("-NOAUTH a\r\n"), by: ReplyRule())
        #expect(other.differences.map(\.isWording) == [false])
    }

    @Test func `every form is of a command that the table knows, and is sent to a server that has it`() throws {
        let newest = [
            ServerIdentity(product: "redis", version: [99]), ServerIdentity(product: "redis", version: [99]),
        ]
        let all = try FormSelection(ChapterTexts.forms, for: newest, has: { _ in true })
        #expect(all.forms.count > 230)
        for form in all.forms where form.name != "NOSUCHCOMMAND" {
            #expect(CommandVersions.gate(of: form.name) != nil, "\(form.text)")
        }
        // None that is for Valkey alone.
        #expect(Set(all.leftOut) == ["SET: SET {string} {value} IFEQ {value} (since valkey-8.1)", "DELIFEQ"])
        var generator = SequenceGenerator(all.forms, WordPools(prefix: "", databases: [13, 14, 15]), seed: 1)
        let sequence = generator.sequence(of: 50_000)
        #expect(Set(sequence.forms).count == all.forms.count)
        var reader = WireReader(sequence.bytes)
        for index in 0..<sequence.count {
            let command = try #require(try reader.next())
            #expect(reader.position == sequence.ends[index])
            #expect(command.elements.allSatisfy { $0.type == UInt8(ascii: "$") })
        }
    }

    @Test func `what one of two servers does not have is left out and said`() throws {
        let servers = [
            ServerIdentity(product: "redis", version: [6, 2, 5]),
            ServerIdentity(product: "valkey", version: [9, 1, 2], compatibility: [7, 2, 4]),
        ]
        let text = "GET {string}\nLCS {string} {string}\nEXPIRE {any} 5 [@7.0 NX]\nHTTL {hash}\nNONE\nPING"
        let selection = try FormSelection(text, for: servers, has: { $0 != "PING" })
        #expect(selection.forms.map(\.name) == ["GET", "EXPIRE", "NONE"])
        #expect(selection.leftOut == ["LCS", "EXPIRE: NX (since 7.0)", "HTTL", "PING"])
    }

    @Test(arguments: [
        ("GET {nonsense}", "'{nonsense}' is no kind of word"), ("GET [a", "']' is missing"),
        ("GET a]", "a bracket is closed that none opens"), ("{string}", "a command begins with its name"),
        ("GET @x", "'@x' is no version such as @7.0 or @redis-7.4,valkey-9.0"),
        ("GET => often", "'often' is no way to compare replies"), ("GET {a", "'{' is not closed"),
    ])
    func `a form that cannot be read is refused with its line`(line: String, problem: String) {
        #expect(throws: CaseSyntaxError(file: "Commands.forms", line: 2, problem: problem)) {
            _ = try FormSelection("PING\n" + line, for: [], has: { _ in true })
        }
    }

    @Test func `every known difference has a reason and the servers it is between`() throws {
        for difference in try KnownDifference.own() {
            #expect(difference.reason.last == ".", "\(difference.name)")
            #expect(!difference.left.isEmpty || !difference.right.isEmpty, "\(difference.name)")
            #expect(!difference.commands.isEmpty || !difference.after.isEmpty, "\(difference.name)")
        }
    }

    @Test func `a known difference is for its servers, its command and its replies`() throws {
        let text = """
            difference sample: The older one answers nil.
              left 6.2-6.2
              right 7.0
              commands LPOP, RPOP
              words COUNT
              replies nil / empty *
            """
        let known = try KnownDifference.all(in: text, file: "x")[0]
        let old = ServerIdentity(product: "redis", version: [6, 2, 5])
        let new = ServerIdentity(product: "valkey", version: [9, 0, 0], compatibility: [7, 2, 4])
        #expect(known.direction(old, new) == true)
        #expect(known.direction(new, old) == false)
        #expect(known.direction(new, new) == nil)
        let leaf = LeafDifference(left: "nil", right: "empty array")
        #expect(known.explains(leaf, of: "LPOP", words: ["LPOP", "COUNT"], direction: true))
        #expect(!known.explains(leaf, of: "LPOP", words: ["LPOP", "COUNT"], direction: false))
        #expect(!known.explains(leaf, of: "LPOP", words: ["LPOP"], direction: true))
        #expect(!known.explains(leaf, of: "SPOP", words: ["SPOP", "COUNT"], direction: true))
    }

    @Test(arguments: [
        ("source x", "'source' stands before the first difference"),
        ("difference a", "a difference is 'difference NAME: why it is there, in a sentence'"),
        ("difference a: b\nreplies x", "'replies' is LEFT / RIGHT"),
        ("difference a: b\ncolour red", "'colour' is nothing that a difference has"),
        ("difference a: b\ndifference a: c", "a second difference is named a"),
    ])
    func `a file of differences that cannot be read is refused with its line`(text: String, problem: String) {
        let line = text.split(separator: "\n").count
        #expect(throws: CaseSyntaxError(file: "x", line: line, problem: problem)) {
            _ = try KnownDifference.all(in: text, file: "x")
        }
    }

    static let stars: [(text: String, pattern: String, fits: Bool)] = [
        ("abc", "abc", true), ("abc", "a*c", true), ("abc", "*", true), ("abc", "a*b", false), ("ac", "a*c", true),
        ("abcbd", "a*b*d", true), ("aXc", "a*Y*c", false), ("a", "a*a", false),
    ]

    @Test(arguments: stars)
    func `a star stands for any words`(text: String, pattern: String, fits: Bool) {
        #expect(KnownDifference.fits(text, pattern) == fits)
    }

    private static func value(_ text: String) throws -> WireValue {
        var reader = WireReader(Array(text.utf8))
        return try #require(try reader.next())
    }
}
