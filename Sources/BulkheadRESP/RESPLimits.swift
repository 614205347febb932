/// What a decoder accepts before it calls its input a violation, so that no peer can exhaust memory or stack.
///
/// | Limit | Default | Reason |
/// |---|---|---|
/// | ``depth`` | 1,024 levels | as hiredis; real replies stay below 10 |
/// | ``lineBytes`` | 1 MiB | error and status lines; servers cap theirs lower |
/// | ``bulkBytes`` | 512 MiB | the servers' own `proto-max-bulk-len` |
/// | ``elements`` | 134,217,728 | an aggregate's declared count, pairs for maps |
/// | ``replyBytes`` | 1 GiB | one whole reply on the wire |
public struct RESPLimits: Sendable, Hashable {
    /// Levels of nesting, attributes included.
    public var depth: Int
    /// Bytes of a line, its type byte included and its CR LF not.
    public var lineBytes: Int
    /// Bytes of one bulk string, verbatim string or bulk error, and of a streamed string's parts together.
    /// At most 4 GiB − 1: a larger setting counts as that.
    public var bulkBytes: Int
    /// Elements of one aggregate, declared or streamed; pairs of one map or attribute.
    public var elements: Int
    /// Bytes of one top-level reply, headers included.
    public var replyBytes: Int

    /// Limits for a decoder; the defaults let pass what servers send by theirs.
    public init(
        depth: Int = 1_024,
        lineBytes: Int = 1 << 20,
        bulkBytes: Int = 512 << 20,
        elements: Int = 1 << 27,
        replyBytes: Int = 1 << 30
    ) {
        self.depth = depth
        self.lineBytes = lineBytes
        self.bulkBytes = min(bulkBytes, Self.largestBulkBytes)
        self.elements = min(elements, Int.max / 4)
        self.replyBytes = replyBytes
    }

    /// RESPBytes counts in 32 bits; its block also holds the CR LF.
    static let largestBulkBytes = Int(UInt32.max) - 2
}
