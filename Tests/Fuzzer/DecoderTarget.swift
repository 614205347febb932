import BulkheadBenchmarkSupport
import BulkheadRESP
import BulkheadRESPComparison

/// The decoder promises: it never traps; how bytes are split changes nothing; what it accepts is what the grammar and
/// the limits allow, and encodes to itself; a violation stays.
enum DecoderTarget {
    /// The first half is the default, which the reference decoder knows too.
    private static let limits: [RESPLimits] =
        Array(repeating: RESPLimits(), count: 8) + [
            RESPLimits(depth: 2), RESPLimits(lineBytes: 6), RESPLimits(bulkBytes: 4), RESPLimits(elements: 2),
            RESPLimits(replyBytes: 16), RESPLimits(depth: 0, lineBytes: 0, bulkBytes: 0, elements: 0, replyBytes: 0),
            RESPLimits(depth: 3, lineBytes: 9, bulkBytes: 9, elements: 3, replyBytes: 40, memoryBytes: 200),
            RESPLimits(
                depth: 4_096, lineBytes: .max, bulkBytes: .max, elements: .max, replyBytes: .max, memoryBytes: .max),
        ]

    static func check(_ input: Input) -> Verdict {
        var random = SeededGenerator(seed: input.variant)
        let place = random.below(limits.count)
        let limits = limits[place]
        let wire = input.bytes
        let whole = decode(wire, limits: limits) { wire.count }
        if let complaint = whole.complaint { return .broken(complaint) }
        let longest = 1 + random.below(40)
        let chunked = decode(wire, limits: limits) { 1 + random.below(longest) }
        if let complaint = chunked.complaint ?? whole.differs(from: chunked) {
            return .broken("fed whole or in chunks: \(complaint)")
        }
        // One at a time is dear where there are many.
        if wire.count < 1_000 || random.once(in: 8) {
            let bytewise = decode(wire, limits: limits) { 1 }
            if let complaint = bytewise.complaint ?? whole.differs(from: bytewise) {
                return .broken("fed whole or byte by byte: \(complaint)")
            }
        }
        if let violation = whole.violation, !(0...wire.count).contains(violation.offset) {
            return .broken("a violation at byte \(violation.offset) of \(wire.count)")
        }
        for value in whole.values {
            if let limit = value.passes(limits) { return .broken("a value passes the limit \(limit)") }
        }
        if let complaint = encodesToItself(whole.values) { return .broken(complaint) }
        if limits == RESPLimits(), let complaint = compare(whole, wire) { return .broken(complaint) }
        return .held(whole.violation?.kind.name ?? (whole.isBetweenReplies ? "whole" : "unfinished"))
    }

    private static func compare(_ outcome: Outcome, _ wire: [UInt8]) -> String? {
        let (values, ending) = ReferenceDecoder.decode(wire)
        guard outcome.values.isSame(as: values) else {
            return "\(outcome.values.count) values, and \(values.count) by the grammar, or others"
        }
        let isRight =
            switch ending {
            case .whole: outcome.violation == nil && outcome.isBetweenReplies
            case .unfinished: !outcome.isBetweenReplies
            case .violated: outcome.violation != nil
            }
        let found = outcome.violation.map(\.description) ?? (outcome.isBetweenReplies ? "whole" : "unfinished")
        return isRight ? nil : "by the grammar it is \(ending), by the decoder \(found)"
    }

    private static func encodesToItself(_ values: [RESPValue]) -> String? {
        var encoder = RESPEncoder()
        for value in values { encoder.value(value) }
        let limits = RESPLimits(depth: .max, lineBytes: .max, bulkBytes: .max, elements: .max, replyBytes: .max)
        let again = decode(encoder.bytes, limits: limits) { encoder.bytes.count }
        return again.violation == nil && again.isBetweenReplies && again.values.isSame(as: values)
            ? nil : "what was decoded does not encode to itself"
    }
}
