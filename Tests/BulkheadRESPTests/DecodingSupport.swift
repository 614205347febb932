import BulkheadRESP
import BulkheadRESPComparison

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
