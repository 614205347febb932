import BulkheadRESP
import BulkheadRESPComparison

/// All that a decoder made of one input.
struct Outcome: Equatable {
    var values: [RESPValue] = []
    var violation: RESPViolation?
    var offset = 0
    var isBetweenReplies = true

    static func == (left: Outcome, right: Outcome) -> Bool {
        left.violation == right.violation && left.offset == right.offset
            && left.isBetweenReplies == right.isBetweenReplies && left.values.isSame(as: right.values)
    }
}

/// Decodes `wire` in pieces whose sizes `chunk` answers, up to its end or its first violation.
func decode(_ wire: [UInt8], limits: RESPLimits = RESPLimits(), chunk: () -> Int) -> Outcome {
    var decoder = RESPDecoder(limits: limits)
    var outcome = Outcome()
    var fed = 0
    while fed < wire.count && outcome.violation == nil {
        let upper = min(wire.count, fed + max(1, chunk()))
        wire.withUnsafeBytes { decoder.feed(UnsafeRawBufferPointer(rebasing: $0[fed..<upper])) }
        fed = upper
        do {
            while let value = try decoder.next() { outcome.values.append(value) }
        } catch {
            outcome.violation = error
        }
    }
    outcome.offset = decoder.offset
    outcome.isBetweenReplies = decoder.isBetweenReplies
    return outcome
}

func decode(_ wire: [UInt8], limits: RESPLimits = RESPLimits()) -> Outcome {
    decode(wire, limits: limits) { wire.count }
}

func decode(_ wire: String, limits: RESPLimits = RESPLimits()) -> Outcome {
    decode(Array(wire.utf8), limits: limits)
}

/// The one value of `wire`; throws if there is a violation or anything but one whole reply.
func decodeOne(_ wire: String) throws -> RESPValue {
    let outcome = decode(wire)
    if let violation = outcome.violation { throw violation }
    guard outcome.values.count == 1, outcome.isBetweenReplies else { throw NotOneReply(count: outcome.values.count) }
    return outcome.values[0]
}

struct NotOneReply: Error {
    let count: Int
}

/// `count` bytes in which every place looks different, CR and LF among them.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { space, initialized in
        var state = UInt32(truncatingIfNeeded: seed &* 2_654_435_761 &+ 1)
        var index = 0
        while index < count {
            state = state &* 1_664_525 &+ 1_013_904_223
            space[index] = UInt8(truncatingIfNeeded: state >> 24)
            index += 1
        }
        initialized = count
    }
}

func bulk(_ content: [UInt8], type: String = "$") -> [UInt8] {
    Array("\(type)\(content.count)\r\n".utf8) + content + Array("\r\n".utf8)
}
