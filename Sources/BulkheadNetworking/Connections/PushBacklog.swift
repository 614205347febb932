import BulkheadRESP

/// What was pushed to a connection and nobody has read yet, within bounds: a reader that stands still costs so much
/// memory, and no more.
struct PushBacklog: Sendable {
    /// Values.
    static let mostValues = 1_024
    /// Bytes of them, a single value apart, which may have any size that `RESPLimits` permit.
    static let mostBytes = 64 << 20

    private var sizes = RingQueue<Int>()
    private var bytes = 0

    /// Counts one more value, with which `unread` are kept; false if they are too many.
    mutating func takes(_ value: RESPValue, unread: Int) -> Bool {
        let size = value.sizeInMemory
        sizes.append(size)
        bytes += size
        while sizes.count > unread, let read = sizes.popFirst() { bytes -= read }
        return unread <= Self.mostValues && (bytes <= Self.mostBytes || unread == 1)
    }

    /// The same for a value that was yielded to a stream of ``mostValues``, which tells how many it keeps.
    mutating func takes(
        _ value: RESPValue, as outcome: AsyncThrowingStream<RESPValue, any Error>.Continuation.YieldResult
    ) -> Bool {
        switch outcome {
        case .enqueued(let remaining): takes(value, unread: Self.mostValues - remaining)
        case .dropped: false
        default: true
        }
    }
}

extension RESPValue {
    /// About the bytes it takes: its own, and those of all it holds.
    fileprivate var sizeInMemory: Int {
        var size = 0
        forEachValue { size += MemoryLayout<RESPValue>.stride + $0.sizeOfContent }
        return size
    }

    private var sizeOfContent: Int {
        switch self {
        case .simpleString(let bytes), .error(let bytes), .bulkString(let bytes), .bulkError(let bytes),
            .bigNumber(let bytes):
            bytes.count
        case .verbatimString(let verbatim): verbatim.content.count
        default: 0
        }
    }
}
