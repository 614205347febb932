import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Testing

/// The short way against the state machine. An attribute in front of a reply keeps the short way from it: what
/// the decoder makes of `|0` and a reply is what the state machine makes of the reply.
@Suite struct DecoderFrequentTests {
    private static let attribute = Array("|0\r\n".utf8)
    /// What an empty attribute costs: two aggregates, and the map and the value in one of them.
    private static let attributeMemory = 2 * 48 + 2 * 24

    /// What one call makes of `wire`, which begins with one reply or a part of it.
    private func first(of wire: [UInt8], limits: RESPLimits) -> Outcome {
        var decoder = RESPDecoder(limits: limits)
        decoder.feed(wire)
        var outcome = Outcome()
        do {
            if let value = try decoder.next() { outcome.values = [value] }
        } catch {
            outcome.violation = error
        }
        outcome.offset = decoder.offset
        return outcome
    }

    /// The same without the short way.
    private func firstTheLongWay(of wire: [UInt8], limits: RESPLimits) -> Outcome {
        var wider = limits
        wider.depth += 1
        wider.replyBytes += Self.attribute.count
        wider.memoryBytes += Self.attributeMemory
        var outcome = first(of: Self.attribute + wire, limits: wider)
        outcome.values = outcome.values.map { value in
            if case .attribute(let it) = value, it.attributes.isEmpty { it.value } else { value }
        }
        outcome.offset -= Self.attribute.count
        return outcome
    }

    /// The message without numbers: three of the limits are wider by what the attribute takes.
    private func words(of violation: RESPViolation?) -> String? {
        violation.map { $0.message.filter { !$0.isNumber } }
    }

    @Test(arguments: UInt64(1)...4)
    func `the short way and the state machine agree on values and violations`(seed: UInt64) {
        var replies = Replies(seed: seed)
        var found = (values: 0, violations: 0, unfinished: 0)
        for _ in 0..<30_000 {
            let wire = replies.next()
            let limits = replies.limits()
            let short = first(of: wire, limits: limits)
            let long = firstTheLongWay(of: wire, limits: limits)
            let isSame =
                short.values.isSame(as: long.values) && short.offset == long.offset
                && short.violation?.kind == long.violation?.kind
                && words(of: short.violation) == words(of: long.violation)
                && short.violation?.offset == long.violation.map { $0.offset - Self.attribute.count }
            guard isSame else {
                Issue.record("\(RESPBytes(wire).description.debugDescription), \(limits): \(short) but \(long)")
                return
            }
            found.values += short.values.count
            found.violations += short.violation == nil ? 0 : 1
            found.unfinished += short.violation == nil && short.values.isEmpty ? 1 : 0
        }
        #expect(found.values > 5_000 && found.violations > 2_000 && found.unfinished > 2_000, "\(found)")
    }

    @Test(arguments: UInt64(1)...4)
    func `many replies at once are the same as byte by byte`(seed: UInt64) {
        var replies = Replies(seed: 100 + seed)
        for _ in 0..<300 {
            var wire: [UInt8] = []
            for _ in 0..<(1 + replies.generator.below(40)) { wire += replies.whole() }
            if replies.generator.below(3) == 0 { wire += replies.next() }
            let limits = replies.generator.below(2) == 0 ? RESPLimits() : replies.limits()
            let whole = decode(wire, limits: limits)
            #expect(decode(wire, limits: limits) { 1 } == whole)
            #expect(decode(wire, limits: limits) { 1 + replies.generator.below(30) } == whole)
        }
    }

    @Test func `an array cut anywhere keeps the elements it has`() {
        let wire = Array("*6\r\n$3\r\nabc\r\n:12\r\n*2\r\n+OK\r\n$-1\r\n_\r\n%1\r\n+k\r\n$1\r\nv\r\n+OK\r\n:1\r\n".utf8)
        let whole = decode(wire)
        #expect(
            whole.values.isSame(as: [
                .array([
                    .bulk("abc"), .integer(12), .array([.simple("OK"), .null]), .null,
                    .map(RESPMap([(.simple("k"), .bulk("v"))])), .simple("OK"),
                ]), .integer(1),
            ]))
        for cut in 1..<wire.count {
            var sizes = [cut, wire.count - cut][...]
            #expect(decode(wire) { sizes.removeFirst() } == whole, "cut at \(cut)")
        }
    }

    @Test func `small aggregates beside each other are told apart, and outlive each other`() throws {
        let pairs = (0..<300).map { "*2\r\n:\($0 % 7)\r\n*1\r\n+\($0)\r\n" }
        var decoder = RESPDecoder()
        decoder.feed("*300\r\n\(pairs.joined())".utf8)
        var reply = try decoder.next()
        let elements = try #require(reply?.elements)
        reply = nil
        let (first, last) = (elements[3], elements[10])
        #expect(first.elements?[0] == last.elements?[0])
        #expect(first != last)
        #expect(Set(elements).count == 300)
        let words = elements.map { $0.elements?[1].elements?.first?.bytes?.text ?? "" }
        #expect(words == (0..<300).map { "\($0)" })
        let expected: [RESPValue] = [.integer(3), .array([.simple("10")])]
        #expect(last.detached() == .array(expected))
        #expect(last.elements.map { Array($0) } == expected)
        let count = last.elements?.withContiguousStorageIfAvailable { $0.count }
        #expect(count == 2)
    }

    @Test func `all whole replies come in one call`() throws {
        var decoder = RESPDecoder()
        var replies: [RESPValue] = [.null]
        decoder.feed("+OK\r\n*1\r\n:1\r\n$2\r\nab\r\n:4".utf8)
        try decoder.decode(into: &replies)
        #expect(replies == [.null, .simple("OK"), .array([.integer(1)]), .bulk("ab")])
        decoder.feed("2\r\n:7\r\nX".utf8)
        let violation = #expect(throws: RESPViolation.self) { try Self.takeAll(&decoder, into: &replies) }
        #expect(violation?.kind == .unknownType)
        #expect(replies.suffix(2) == [.integer(42), .integer(7)])
        #expect(throws: RESPViolation.self) { try Self.takeAll(&decoder, into: &replies) }
        #expect(replies.count == 6)
    }

    private static func takeAll(_ decoder: inout RESPDecoder, into replies: inout [RESPValue]) throws {
        try decoder.decode(into: &replies)
    }
}

/// Makes replies of the frequent kinds, sound and broken, and limits about as large as they are.
private struct Replies {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A reply; often cut short, changed in a byte, or both.
    mutating func next() -> [UInt8] {
        var wire = whole()
        if generator.below(3) == 0 { wire.removeLast(generator.below(wire.count)) }
        if !wire.isEmpty, generator.below(2) == 0 {
            let alphabet = Array("$:*+_%~>-0129\r\n #,.tf".utf8)
            wire[generator.below(wire.count)] = alphabet[generator.below(alphabet.count)]
        }
        return wire
    }

    mutating func whole(depth: Int = 0) -> [UInt8] {
        switch generator.below(depth < 6 ? 13 : 9) {
        case 0, 1: return bulk(pattern(generator.below(12), seed: generator.below(1_000)))
        case 2: return bulk(pattern(generator.below(200), seed: generator.below(1_000)))
        case 3: return number()
        case 4: return Array(["+OK\r\n", "+\r\n", "+QUEUED\r\n", "+OKAY\r\n", "+\tOK\r\n"][generator.below(5)].utf8)
        case 5:
            return Array(["$-1\r\n", "_\r\n", "*-1\r\n", "$0\r\n\r\n", "*0\r\n", "%0\r\n"][generator.below(6)].utf8)
        case 6:
            let rare = ["-ERR no\r\n", "#t\r\n", ",1.5\r\n", "(12\r\n", "=5\r\ntxt:a\r\n"]
            return Array(rare[generator.below(rare.count)].utf8)
        case 7:
            let numbers = ["1.5", "-0", "inf", "-inf", "nan", "1e400", "1e", "", String(repeating: "1", count: 33)]
            let rest = [",\(numbers[generator.below(numbers.count)])", "#t", "#f", "#x"][generator.below(4)]
            return Array("\(rest)\r\n".utf8)
        case 8: return Array("+\(String(repeating: "s", count: generator.below(40)))\r\n".utf8)
        default: return aggregate(depth: depth)
        }
    }

    private mutating func number() -> [UInt8] {
        let digits = String((0..<(1 + generator.below(20))).map { _ in Character("\(generator.below(10))") })
        return Array(":\(["", "-", "+"][generator.below(3)])\(digits)\r\n".utf8)
    }

    private mutating func aggregate(depth: Int) -> [UInt8] {
        let type = ["*", "%", "~", ">"][generator.below(4)]
        let count = generator.below(5)
        var wire = Array("\(type)\(count)\r\n".utf8)
        for _ in 0..<(type == "%" ? 2 * count : count) { wire += whole(depth: depth + 1) }
        return wire
    }

    mutating func limits() -> RESPLimits {
        var limits = RESPLimits()
        switch generator.below(9) {
        case 0: limits.depth = generator.below(4)
        case 1: limits.lineBytes = generator.below(24)
        case 2: limits.bulkBytes = generator.below(24)
        case 3: limits.elements = generator.below(5)
        case 4: limits.replyBytes = generator.below(80)
        case 5: limits.memoryBytes = generator.below(400)
        default: break
        }
        return limits
    }
}
