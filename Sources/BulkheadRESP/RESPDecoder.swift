/// Turns received bytes into values: feed bytes in any split, take values, repeat.
///
/// ```swift
/// var decoder = RESPDecoder()
/// decoder.feed("*2\r\n:1\r\n:".utf8)
/// try decoder.next()            // nil: the reply is not whole yet
/// decoder.feed("2\r\n".utf8)
/// try decoder.next()            // .array([.integer(1), .integer(2)])
/// ```
///
/// The decoder resumes where it stopped and reads a byte of a finished part a bounded number of times, so its cost is
/// linear in the bytes however they are split. Nesting lives on an explicit stack. Declared lengths allocate nothing:
/// memory follows what has arrived, plus at most `reservedBulkBytes`.
/// Replies that have arrived whole, of the types that most commands answer with, take a shorter way to the same
/// values: see `decodeFrequent()`.
///
/// It does no I/O and is not copyable, because two decoders must not write behind the same bytes.
/// Format: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
public struct RESPDecoder: ~Copyable, Sendable {
    /// What a reply may be; past it the stream is a violation.
    public let limits: RESPLimits

    /// A bulk string up to this size gets its own block when its header has arrived; a longer one grows with its bytes.
    static let reservedBulkBytes = 1 << 20
    /// Strings above this leave the receive buffer, so that a value never pins more than one buffer.
    static let ownBlockBytes = 16 << 10

    // The receive buffer: bytes at position..<end are not decoded yet. `base` is the stream offset of its first byte.
    nonisolated(unsafe) var buffer = ByteStorage.empty
    var bufferSize = BufferSize()
    /// Earlier receive buffers of the present size, most of them with values that still point into them.
    nonisolated(unsafe) var spares: [ByteStorage] = []
    var position = 0
    var end = 0
    var base = 0
    /// Bytes of the current line already searched for their CR, relative to `position`.
    var searched = 0

    var state = State.header
    var stack: [Frame] = []
    /// Attributes that wait for the value they describe, each with the depth of that value.
    var attributes: [(depth: Int, map: RESPMap)] = []
    /// Stream offset where the top-level reply began.
    var replyStart = 0
    /// What the values of the open reply cost so far, declared ones included: see `RESPLimits.memoryBytes`.
    var replyMemory = 0
    var violation: RESPViolation?
    /// The next byte is the first of a reply, and there is no violation: what the short way asks before each reply.
    var isAtStart = true
    /// What `+OK` points at, so that this reply neither allocates nor holds on to the receive buffer. Each decoder
    /// has its own, because cores would contend for the reference count of a common one.
    nonisolated(unsafe) let okay = ByteStorage.holding("OK")

    /// What the next byte belongs to.
    enum State {
        /// A type byte and its line.
        case header
        /// `length` bytes and CR LF inside the receive buffer.
        case body(BodyKind, length: Int)
        /// The same in blocks of its own.
        case largeBody(BodyKind, LargeBody)
    }

    enum BodyKind {
        case bulkString, bulkError, verbatim, streamPart
    }

    /// An open aggregate or streamed string.
    struct Frame {
        enum Kind { case array, set, push, map, attribute, streamedString }
        let kind: Kind
        /// Values still to come; nil in a stream, which ends by a mark.
        var remaining: Int?
        var elements: ElementBuilder
        /// Bytes so far of a streamed string.
        var streamedBytes = 0
    }

    /// A decoder at the beginning of a stream.
    public init(limits: RESPLimits = RESPLimits()) {
        self.limits = limits
    }

    /// Bytes of the stream consumed by whole replies and by the finished parts of an open one.
    public var offset: Int { base + position }

    /// True between replies: no byte of an unfinished reply, and no violation, has been received.
    public var isBetweenReplies: Bool {
        violation == nil && isAtHeader && position == end && stack.isEmpty && attributes.isEmpty
    }

    /// Bytes received of a reply that is not whole yet; for who decodes all there is before asking.
    package var bytesOfOpenReply: Int { isBetweenReplies ? 0 : base + end - replyStart }

    private var isAtHeader: Bool {
        if case .header = state { true } else { false }
    }

    /// The next whole reply, or nil until more bytes are fed.
    ///
    /// Throws the violation that the stream contains, again at every later call.
    public mutating func next() throws(RESPViolation) -> RESPValue? {
        if isAtStart {
            if position == end { return nil }
            if let reply = decodeFrequent() { return reply }
        }
        return try resume()
    }

    /// Appends every whole reply there is.
    ///
    /// Throws the violation that the stream contains, again at every later call; the replies before it have been
    /// appended then.
    package mutating func decode(into replies: inout [RESPValue]) throws(RESPViolation) {
        while let reply = try next() { replies.append(reply) }
    }

    /// The long way, which knows every type and every state.
    @inline(never)
    private mutating func resume() throws(RESPViolation) -> RESPValue? {
        if let violation { throw violation }
        do {
            let reply = try decodeReply()
            isAtStart = stack.isEmpty && attributes.isEmpty && isAtHeader
            return reply
        } catch {
            violation = error
            isAtStart = false
            stack = []
            attributes = []
            throw error
        }
    }

    private mutating func decodeReply() throws(RESPViolation) -> RESPValue? {
        while true {
            let step: Step
            switch state {
            case .header:
                if stack.isEmpty {
                    if attributes.isEmpty {
                        replyStart = offset
                        replyMemory = 0
                    }
                    step = try decodeHeader()
                } else if let filled = fillAggregate() {
                    step = filled
                } else {
                    try checkStreamedElement()
                    step = try decodeHeader()
                }
            case .body(let kind, let length):
                step = try decodeBody(kind, length: length)
            case .largeBody(let kind, _):
                step = try finishLargeBody(kind)
            }
            switch step {
            case .starved: return nil
            case .opened: continue
            case .value(let value):
                if let reply = try place(value) { return reply }
            }
        }
    }

    /// What one header or body came to.
    enum Step {
        /// More bytes are needed.
        case starved
        /// A body or an aggregate follows, or a part was stored.
        case opened
        case value(RESPValue)
    }

    /// Puts a finished value where it belongs: into the open aggregates it may complete, or out as a reply.
    mutating func place(_ finished: consuming RESPValue) throws(RESPViolation) -> RESPValue? {
        var value = finished
        while true {
            while let attribute = attributes.last, attribute.depth == stack.count {
                attributes.removeLast()
                value = .attribute(attribute.map, value)
            }
            guard let top = stack.indices.last else { return value }
            guard let remaining = stack[top].remaining else {
                stack[top].elements.append(value)
                replyMemory += RESPLimits.streamedValueBytes
                return nil
            }
            stack[top].elements.append(value, of: stack[top].elements.count + remaining)
            stack[top].remaining = remaining - 1
            guard remaining == 1 else { return nil }
            guard let completed = close() else { return nil }
            value = completed
        }
    }

    /// Pops the finished frame; nil if it was an attribute, which is kept for the value behind it.
    mutating func close() -> RESPValue? {
        let frame = stack.removeLast()
        let elements = frame.elements.finish()
        switch frame.kind {
        case .array, .set, .push, .map: return Self.aggregate(frame.kind, elements)
        case .attribute:
            attributes.append((stack.count, RESPMap(flat: elements)))
            return nil
        case .streamedString:
            return .bulkString(RESPBytes.joining(elements, count: frame.streamedBytes))
        }
    }

    /// The value of an aggregate that is no attribute and no string.
    static func aggregate(_ kind: Frame.Kind, _ elements: RESPArray) -> RESPValue {
        switch kind {
        case .set: .set(elements)
        case .push: .push(elements)
        case .map: .map(RESPMap(flat: elements))
        default: .array(elements)
        }
    }

    func violated(_ kind: RESPViolation.Kind, at index: Int, _ message: String) -> RESPViolation {
        RESPViolation(kind: kind, offset: base + index, message: message)
    }
}
