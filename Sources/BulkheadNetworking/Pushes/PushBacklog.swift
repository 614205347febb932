import BulkheadRESP

/// What was pushed to a connection and nobody has read yet, within bounds: a reader that stands still costs so much
/// memory, and no more.
///
/// Values are kept detached: a message of a few bytes would hold on to the 16 to 64 KiB that it was received in.
struct PushBacklog: Sendable {
    /// Values.
    static let mostValues = 1_024
    /// Bytes of memory they take, a single value apart, which may have any size that `RESPLimits` permit.
    static let mostBytes = 64 << 20

    private var values = RingQueue<Kept>()
    private(set) var bytes = 0

    private struct Kept: Sendable {
        let value: RESPValue
        let bytes: Int
    }

    var isEmpty: Bool { values.isEmpty }
    var count: Int { values.count }

    /// Keeps a detached copy of one more value; false if there are too many, and nothing is kept.
    mutating func append(_ value: RESPValue) -> Bool {
        let value = value.detached()
        let size = value.bytesInMemory
        guard values.count < Self.mostValues, values.isEmpty || bytes + size <= Self.mostBytes else { return false }
        values.append(Kept(value: value, bytes: size))
        bytes += size
        return true
    }

    mutating func popFirst() -> RESPValue? {
        guard let kept = values.popFirst() else { return nil }
        bytes -= kept.bytes
        return kept.value
    }
}

extension RESPValue {
    /// What a block costs on top of its content: the allocator's header and rounding, the object's, its counts.
    private static let bytesOfBlock = 64

    /// Bytes of memory a detached value takes: its own, its strings' and its aggregates' blocks.
    var bytesInMemory: Int {
        var bytes = 0
        forEachValue { value in
            bytes += MemoryLayout<RESPValue>.stride
            switch value {
            case .integer, .null, .boolean, .double: break
            case .simpleString(let text), .error(let text), .bulkString(let text), .bulkError(let text),
                .bigNumber(let text):
                bytes += Self.bytesOfBlock + text.count
            case .verbatimString(let verbatim): bytes += Self.bytesOfBlock + verbatim.content.count
            case .array, .set, .push, .map: bytes += Self.bytesOfBlock
            case .attribute: bytes += 2 * Self.bytesOfBlock
            }
        }
        return bytes
    }
}
