import BulkheadRESP
import BulkheadRESPComparison
import BulkheadTestSupport
import Testing

/// Broken and half-broken input, the same in every run. To make a finding a test, decode the wire it prints.
@Suite struct DecoderFuzzTests {
    static let inputsPerSeed = 50_000

    @Test(.timeLimit(.minutes(10)), arguments: UInt64(1)...6)
    func `mutated replies never trap and never depend on how they are split`(seed: UInt64) {
        var mutator = Mutator(seed: seed)
        var chunks = SeededGenerator(seed: seed &* 1_000_003)
        for _ in 0..<Self.inputsPerSeed {
            let wire = mutator.next()
            let limits = Self.limits[mutator.generator.below(Self.limits.count)]
            let whole = decode(wire, limits: limits)
            let longest = 1 + chunks.below(20)
            let split = decode(wire, limits: limits) { 1 + chunks.below(longest) }
            guard whole == split else {
                Issue.record("\(RESPBytes(wire).description.debugDescription), \(limits): \(whole) but \(split)")
                return
            }
            if let violation = whole.violation, !(0..<wire.count).contains(violation.offset) {
                Issue.record("\(RESPBytes(wire).description.debugDescription): \(violation)")
                return
            }
        }
    }

    @Test func `what was decoded from mutated replies encodes to itself`() {
        var mutator = Mutator(seed: 99)
        for _ in 0..<5_000 {
            for value in decode(mutator.next()).values {
                var encoder = RESPEncoder()
                encoder.value(value)
                #expect(decode(encoder.bytes).values.isSame(as: [value]))
            }
        }
    }

    private static let limits: [RESPLimits] = [
        RESPLimits(), RESPLimits(), RESPLimits(), RESPLimits(depth: 2), RESPLimits(lineBytes: 6),
        RESPLimits(bulkBytes: 4), RESPLimits(elements: 2), RESPLimits(replyBytes: 16),
        RESPLimits(depth: 3, lineBytes: 9, bulkBytes: 9, elements: 3, replyBytes: 40),
        RESPLimits(depth: .max, lineBytes: .max, bulkBytes: .max, elements: .max, replyBytes: .max),
    ]
}

/// Makes inputs out of the corpus.
private struct Mutator {
    var generator: SeededGenerator
    private let seeds = Corpus.all.map(\.wire) + Broken.all.map { Array($0.wire.utf8) }.filter { $0.count < 100 }
    private let alphabet: [UInt8] = Array("$*%~>|!=;.?:,(+-_#\r\n0123456789tfeinax \0\u{7f}".utf8) + [0xff]
    private let numbers = [
        "0", "1", "-1", "2", "3", "-2", "?", "16385", "65537", "1048577", "536870912", "536870913", "134217728",
        "134217729", "4294967296", "9223372036854775807", "4611686018427387904", "999999999999999999",
        "-9223372036854775809", "18446744073709551616", "123456789012345678901234567890", "00", "",
    ].map { Array($0.utf8) }

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> [UInt8] {
        var wire = pick()
        for _ in 0..<(1 + generator.below(3)) { mutate(&wire) }
        return wire
    }

    private mutating func pick() -> [UInt8] { seeds[generator.below(seeds.count)] }

    private mutating func range(in wire: [UInt8]) -> Range<Int> {
        let lower = generator.below(wire.count + 1)
        return lower..<min(wire.count, lower + 1 + generator.below(8))
    }

    private mutating func mutate(_ wire: inout [UInt8]) {
        guard !wire.isEmpty else {
            wire = pick()
            return
        }
        let place = generator.below(wire.count)
        switch generator.below(9) {
        case 0: wire[place] ^= 1 << UInt8(generator.below(8))
        case 1: wire[place] = alphabet[generator.below(alphabet.count)]
        case 2: wire.insert(alphabet[generator.below(alphabet.count)], at: place)
        case 3: wire.removeSubrange(range(in: wire))
        case 4:
            let part = range(in: wire)
            wire.insert(contentsOf: Array(wire[part]), at: part.lowerBound)
        case 5:
            let other = pick()
            wire = Array(wire[..<place]) + other[generator.below(other.count)...]
        case 6: wire += pick()
        case 7: wire.insert(contentsOf: pick(), at: place)
        default: replaceNumber(in: &wire, from: place)
        }
    }

    /// Puts an extreme number in the place of the next one.
    private mutating func replaceNumber(in wire: inout [UInt8], from place: Int) {
        let isDigit: (UInt8) -> Bool = { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard let lower = wire[place...].firstIndex(where: isDigit) else { return }
        let upper = wire[lower...].firstIndex { !isDigit($0) } ?? wire.count
        wire.replaceSubrange(lower..<upper, with: numbers[generator.below(numbers.count)])
    }
}
