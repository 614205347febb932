/// What a decoder accepts before it calls its input a violation, so that no peer can exhaust memory or stack.
///
/// | Limit | Default | Reason |
/// |---|---|---|
/// | ``depth`` | 128 levels | real replies stay below 10 |
/// | ``lineBytes`` | 1 MiB | error and status lines; servers cap theirs lower |
/// | ``bulkBytes`` | 512 MiB | the servers' own `proto-max-bulk-len` |
/// | ``elements`` | 33,554,432 | an aggregate's declared count, pairs for maps |
/// | ``replyBytes`` | 1 GiB | one whole reply on the wire |
/// | ``memoryBytes`` | 1 GiB | the values of one whole reply in memory, beside the bytes of the wire |
///
/// A reply costs at most ``replyBytes`` and ``memoryBytes`` together, 2 GiB by default. While its largest aggregate
/// grows, the half of it that is being moved counts twice. Small aggregates inside another share blocks of up to 3 KB,
/// of which a half may be free.
public struct RESPLimits: Sendable, Hashable {
    /// Levels of nesting, attributes included. At most 1,024: a larger setting counts as that.
    public var depth: Int {
        didSet { depth = max(0, min(depth, Self.mostLevels)) }
    }
    /// Bytes of a line, its type byte included and its CR LF not.
    public var lineBytes: Int {
        didSet { lineBytes = max(0, lineBytes) }
    }
    /// Bytes of one bulk string, verbatim string or bulk error, and of a streamed string's parts together.
    /// At most 4 GiB − 1: a larger setting counts as that.
    public var bulkBytes: Int {
        didSet { bulkBytes = max(0, min(bulkBytes, Self.largestBulkBytes)) }
    }
    /// Elements of one aggregate, declared or streamed; pairs of one map or attribute.
    /// At most 2³¹ − 1: a larger setting counts as that.
    public var elements: Int {
        didSet { elements = max(0, min(elements, Self.mostElements)) }
    }
    /// Bytes of one top-level reply, headers included.
    public var replyBytes: Int {
        didSet { replyBytes = max(0, replyBytes) }
    }
    /// Bytes of memory for the values of one top-level reply, at all depths: 24 for each value in an aggregate, twice
    /// that where it is streamed, and 48 for each aggregate. Three bytes of the wire can make a value of 24.
    public var memoryBytes: Int {
        didSet { memoryBytes = max(0, memoryBytes) }
    }

    /// Limits for a decoder; the defaults let pass what servers send by theirs.
    public init(
        depth: Int = 128,
        lineBytes: Int = 1 << 20,
        bulkBytes: Int = 512 << 20,
        elements: Int = 1 << 25,
        replyBytes: Int = 1 << 30,
        memoryBytes: Int = 1 << 30
    ) {
        self.depth = max(0, min(depth, Self.mostLevels))
        self.lineBytes = max(0, lineBytes)
        self.bulkBytes = max(0, min(bulkBytes, Self.largestBulkBytes))
        self.elements = max(0, min(elements, Self.mostElements))
        self.replyBytes = max(0, replyBytes)
        self.memoryBytes = max(0, memoryBytes)
    }

    /// Whatever is configured: nothing here takes stack with depth, but a program's own code may go through a value
    /// by recursion.
    static let mostLevels = 1_024
    /// RESPBytes counts in 32 bits; its block also holds the CR LF.
    static let largestBulkBytes = Int(UInt32.max) - 2
    /// RESPArray counts in 32 bits, and an element of a map is two values.
    static let mostElements = Int(UInt32.max) / 2

    /// What an aggregate of so many values costs.
    static func memory(of values: Int) -> Int { ElementStorage.overhead + MemoryLayout<RESPValue>.stride * values }

    /// A streamed aggregate grows without knowing how far: half of its memory may be free.
    static var streamedValueBytes: Int { 2 * MemoryLayout<RESPValue>.stride }
}
