import BulkheadRESP

/// A reply on the wire and the value it means.
struct Canned: Sendable, CustomStringConvertible {
    let wire: [UInt8]
    let value: RESPValue

    init(_ wire: String, _ value: RESPValue) { self.init(Array(wire.utf8), value) }

    init(_ wire: [UInt8], _ value: RESPValue) {
        self.wire = wire
        self.value = value
    }

    var description: String { RESPBytes(wire).description.debugDescription }
}

enum Corpus {
    static let all: [Canned] = [lines, strings, aggregates, attributes, streams, replies].flatMap { $0 }

    static let lines: [Canned] = [
        Canned("+OK\r\n", .simple("OK")),
        Canned("+\r\n", .simple("")),
        Canned("+with: $5 *3 signs\r\n", .simple("with: $5 *3 signs")),
        Canned([0x2b, 0xff, 0x00, 0x0d, 0x0a], .simpleString([0xff, 0x00])),
        Canned("-ERR unknown command\r\n", .error("ERR unknown command")),
        Canned("-\r\n", .error("")),
        Canned(":0\r\n", .integer(0)),
        Canned(":42\r\n", .integer(42)),
        Canned(":+42\r\n", .integer(42)),
        Canned(":-42\r\n", .integer(-42)),
        Canned(":-0\r\n", .integer(0)),
        Canned(":007\r\n", .integer(7)),
        Canned(":9223372036854775807\r\n", .integer(.max)),
        Canned(":-9223372036854775808\r\n", .integer(.min)),
        Canned("_\r\n", .null),
        Canned("$-1\r\n", .null),
        Canned("*-1\r\n", .null),
        Canned("#t\r\n", .boolean(true)),
        Canned("#f\r\n", .boolean(false)),
        Canned(",3.14\r\n", .double(3.14)),
        Canned(",10\r\n", .double(10)),
        Canned(",-0\r\n", .double(-0.0)),
        Canned(",+1.5\r\n", .double(1.5)),
        Canned(",1e10\r\n", .double(1e10)),
        Canned(",1.5E-7\r\n", .double(1.5e-7)),
        Canned(",-2.5e+300\r\n", .double(-2.5e300)),
        Canned(",4.9406564584124654e-324\r\n", .double(.leastNonzeroMagnitude)),
        Canned(",inf\r\n", .double(.infinity)),
        Canned(",-inf\r\n", .double(-.infinity)),
        Canned(",nan\r\n", .double(.nan)),
        Canned(",-nan\r\n", .double(.nan)),
        Canned("(0\r\n", .bigNumber("0")),
        Canned(
            "(3492890328409238509324850943850943825024385\r\n",
            .bigNumber("3492890328409238509324850943850943825024385")),
        Canned("(-123456789012345678901234567890\r\n", .bigNumber("-123456789012345678901234567890")),
        Canned("(+1\r\n", .bigNumber("+1")),
    ]

    static let strings: [Canned] = [
        Canned("$0\r\n\r\n", .bulk("")),
        Canned("$5\r\nhello\r\n", .bulk("hello")),
        Canned("$2\r\n\r\n\r\n", .bulk("\r\n")),
        Canned("$11\r\n$3\r\nfoo\r\n:1\r\n", .bulk("$3\r\nfoo\r\n:1")),
        Canned(bulk([0, 0xff, 0x0d, 0x80, 0x0a, 0]), .bulkString([0, 0xff, 0x0d, 0x80, 0x0a, 0])),
        Canned("!21\r\nSYNTAX invalid syntax\r\n", .bulkError("SYNTAX invalid syntax")),
        Canned("!4\r\nA\r\nB\r\n", .bulkError("A\r\nB")),
        Canned("!0\r\n\r\n", .bulkError("")),
        Canned("=15\r\ntxt:Some string\r\n", .verbatim("txt", "Some string")),
        Canned("=4\r\nmkd:\r\n", .verbatim("mkd", "")),
        Canned("=8\r\ntxt:a\r\nb\r\n", .verbatim("txt", "a\r\nb")),
    ]

    static let aggregates: [Canned] = [
        Canned("*0\r\n", .array([])),
        Canned("*1\r\n*0\r\n", .array([.array([])])),
        Canned("*3\r\n:1\r\n$1\r\na\r\n+b\r\n", .array([.integer(1), .bulk("a"), .simple("b")])),
        Canned("*3\r\n$-1\r\n*-1\r\n_\r\n", .array([.null, .null, .null])),
        Canned(
            "*2\r\n*2\r\n:1\r\n*1\r\n:2\r\n*0\r\n",
            .array([.array([.integer(1), .array([.integer(2)])]), .array([])])),
        Canned("*2\r\n-ERR a\r\n!3\r\nb b\r\n", .array([.error("ERR a"), .bulkError("b b")])),
        Canned("~0\r\n", .set([])),
        Canned("~3\r\n+a\r\n:1\r\n#t\r\n", .set([.simple("a"), .integer(1), .boolean(true)])),
        Canned("%0\r\n", .map(RESPMap([]))),
        Canned(
            "%2\r\n+first\r\n:1\r\n$6\r\nsecond\r\n,2.5\r\n",
            .map(RESPMap([(.simple("first"), .integer(1)), (.bulk("second"), .double(2.5))]))),
        Canned(
            "%1\r\n*1\r\n:1\r\n%1\r\n~1\r\n:2\r\n_\r\n",
            .map(RESPMap([(.array([.integer(1)]), .map(RESPMap([(.set([.integer(2)]), .null)])))]))),
        Canned(
            "%2\r\n:1\r\n:2\r\n:1\r\n:3\r\n",
            .map(RESPMap([(.integer(1), .integer(2)), (.integer(1), .integer(3))]))),
        Canned(
            ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n", .push([.bulk("message"), .bulk("ch"), .bulk("hi")])),
        Canned(">0\r\n", .push([])),
        Canned("*2\r\n>1\r\n+x\r\n:1\r\n", .array([.push([.simple("x")]), .integer(1)])),
        Canned(
            "*5\r\n(12\r\n=5\r\ntxt:x\r\n,nan\r\n#f\r\n,inf\r\n",
            .array([
                .bigNumber("12"), .verbatim("txt", "x"), .double(.nan), .boolean(false), .double(.infinity),
            ])),
    ]

    private static let ttl = RESPMap([(.simple("ttl"), .integer(3600))])

    static let attributes: [Canned] = [
        Canned("|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n", .attribute(ttl, .bulk("v"))),
        Canned("|0\r\n:1\r\n", .attribute(RESPMap([]), .integer(1))),
        Canned("|1\r\n+ttl\r\n:3600\r\n*0\r\n", .attribute(ttl, .array([]))),
        Canned("|1\r\n+ttl\r\n:3600\r\n$-1\r\n", .attribute(ttl, .null)),
        Canned(
            "*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n",
            .array([.integer(1), .integer(2), .attribute(ttl, .integer(3))])),
        Canned(
            "%1\r\n|1\r\n+ttl\r\n:3600\r\n+k\r\n+v\r\n",
            .map(RESPMap([(.attribute(ttl, .simple("k")), .simple("v"))]))),
        Canned(
            "%1\r\n+k\r\n|1\r\n+ttl\r\n:3600\r\n+v\r\n",
            .map(RESPMap([(.simple("k"), .attribute(ttl, .simple("v")))]))),
        Canned(
            "|1\r\n+ttl\r\n:3600\r\n|0\r\n|1\r\n+ttl\r\n:3600\r\n+v\r\n",
            .attribute(ttl, .attribute(RESPMap([]), .attribute(ttl, .simple("v"))))),
        // An attribute on a key of an attribute, and one on the value of an attribute.
        Canned(
            "|1\r\n|1\r\n+ttl\r\n:3600\r\n+k\r\n|0\r\n+v\r\n:1\r\n",
            .attribute(
                RESPMap([(.attribute(ttl, .simple("k")), .attribute(RESPMap([]), .simple("v")))]), .integer(1))),
        Canned(
            "*1\r\n|1\r\n+ttl\r\n:3600\r\n*1\r\n|0\r\n*1\r\n:1\r\n",
            .array([.attribute(ttl, .array([.attribute(RESPMap([]), .array([.integer(1)]))]))])),
        Canned("|1\r\n+ttl\r\n:3600\r\n>1\r\n+p\r\n", .attribute(ttl, .push([.simple("p")]))),
        Canned(
            "|1\r\n*1\r\n:1\r\n%1\r\n:2\r\n:3\r\n~1\r\n:4\r\n",
            .attribute(
                RESPMap([(.array([.integer(1)]), .map(RESPMap([(.integer(2), .integer(3))])))]), .set([.integer(4)]))),
    ]

    static let streams: [Canned] = [
        Canned("$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;2\r\nld\r\n;0\r\n", .bulk("Hello world")),
        Canned("$?\r\n;0\r\n", .bulk("")),
        Canned("$?\r\n;1\r\na\r\n;0\r\n", .bulk("a")),
        Canned("$?\r\n;2\r\n\r\n\r\n;4\r\n;0\r\n\r\n;0\r\n", .bulk("\r\n;0\r\n")),
        Canned("*?\r\n.\r\n", .array([])),
        Canned("~?\r\n.\r\n", .set([])),
        Canned("%?\r\n.\r\n", .map(RESPMap([]))),
        Canned("*?\r\n:1\r\n:2\r\n.\r\n", .array([.integer(1), .integer(2)])),
        Canned("~?\r\n+a\r\n$1\r\nb\r\n.\r\n", .set([.simple("a"), .bulk("b")])),
        Canned(
            "%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n",
            .map(RESPMap([(.simple("a"), .integer(1)), (.simple("b"), .integer(2))]))),
        Canned(
            "*?\r\n*?\r\n:1\r\n.\r\n%?\r\n~?\r\n.\r\n*2\r\n:2\r\n$?\r\n;1\r\nx\r\n;0\r\n.\r\n.\r\n",
            .array([
                .array([.integer(1)]), .map(RESPMap([(.set([]), .array([.integer(2), .bulk("x")]))])),
            ])),
        Canned(
            "*2\r\n$?\r\n;1\r\na\r\n;1\r\nb\r\n;0\r\n*?\r\n.\r\n", .array([.bulk("ab"), .array([])])),
        Canned("|1\r\n+ttl\r\n:3600\r\n$?\r\n;1\r\nv\r\n;0\r\n", .attribute(ttl, .bulk("v"))),
        Canned("|1\r\n+ttl\r\n:3600\r\n*?\r\n:1\r\n.\r\n", .attribute(ttl, .array([.integer(1)]))),
        Canned("*?\r\n|1\r\n+ttl\r\n:3600\r\n:1\r\n.\r\n", .array([.attribute(ttl, .integer(1))])),
        Canned(
            "|1\r\n$?\r\n;1\r\nk\r\n;0\r\n*?\r\n.\r\n+v\r\n",
            .attribute(
                RESPMap([(.bulk("k"), .array([]))]), .simple("v"))),
        Canned("*1\r\n*?\r\n*1\r\n*?\r\n.\r\n.\r\n", .array([.array([.array([.array([])])])])),
    ]

    /// As servers send them.
    static let replies: [Canned] = [
        Canned(
            "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n",
            .map(
                RESPMap([
                    (.bulk("server"), .bulk("redis")), (.bulk("proto"), .integer(3)), (.bulk("modules"), .array([])),
                ]))),
        Canned(
            "*2\r\n$2\r\n17\r\n*2\r\n$5\r\ndoc:1\r\n$5\r\ndoc:2\r\n",
            .array([.bulk("17"), .array([.bulk("doc:1"), .bulk("doc:2")])])),
        Canned(
            "*1\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\ng\r\n$-1\r\n",
            .array([.array([.bulk("1-1"), .array([.bulk("f"), .bulk("v"), .bulk("g"), .null])])])),
        Canned(
            ">2\r\n$10\r\ninvalidate\r\n*1\r\n$5\r\ndoc:1\r\n",
            .push([.bulk("invalidate"), .array([.bulk("doc:1")])])),
    ]
}
