// The short way, for what nearly all replies are made of: bulk strings, numbers, booleans, status lines and nulls,
// alone or as elements of one aggregate, whole in the receive buffer; and small aggregates of them inside a larger one,
// such as the entries of a stream.
//
// It only ever succeeds. What is unfinished, rare, long or wrong it leaves untouched to the state machine, which reads
// it from its first byte: so there is one place that resumes and one that tells what is wrong, and the two ways cannot
// disagree but in what they accept. It reads through a pointer kept in a register and writes to the decoder once a
// reply: taking a bulk string of 100 bytes costs about 130 instructions, and cost 800 by the state machine.

extension RESPDecoder {
    /// The next reply, if it is whole and of the frequent kinds; else nil, with nothing consumed but elements that are
    /// then in the open aggregate on the stack.
    ///
    /// Only where `isAtStart`.
    @inline(__always)
    mutating func decodeFrequent() -> RESPValue? {
        var bytes = FrequentBytes(of: self, limit: limits.replyBytes)
        if let value = bytes.takeValue() {
            consume(bytes)
            return value
        }
        return decodeFrequentAggregate()
    }

    /// An array, map, set or push of frequent elements.
    @inline(never)
    private mutating func decodeFrequentAggregate() -> RESPValue? {
        var bytes = FrequentBytes(of: self, limit: limits.replyBytes)
        guard let kind = bytes.takeKind(), let count = bytes.takeNumber(), count <= limits.elements, limits.depth > 0
        else { return nil }
        let values = kind == .map ? 2 * count : count
        let memory = RESPLimits.memory(of: values)
        guard memory <= limits.memoryBytes else { return nil }
        var elements = ElementBuilder(capacity: reservation(for: values, arrived: bytes.count, depth: 1))
        var nests = FrequentNests(limits, depth: 1, memory: memory)
        bytes.fill(&elements, upTo: values, &nests)
        replyStart = offset
        consume(bytes)
        let missing = values - elements.count
        guard missing == 0 else {
            replyMemory = nests.memory
            stack.append(Frame(kind: kind, remaining: missing, elements: elements))
            isAtStart = false
            return nil
        }
        return Self.aggregate(kind, elements.finish())
    }

    /// Goes on with the open aggregate as far as frequent elements have arrived, and closes it if it is whole; nil if
    /// the next element needs the state machine.
    @inline(never)
    mutating func fillAggregate() -> Step? {
        let top = stack.count - 1
        guard attributes.isEmpty, var remaining = stack[top].remaining else { return nil }
        var bytes = FrequentBytes(of: self, limit: limits.replyBytes - (offset - replyStart))
        let before = stack[top].elements.count
        var nests = FrequentNests(limits, depth: stack.count, memory: replyMemory)
        bytes.fill(&stack[top].elements, upTo: before + remaining, &nests)
        replyMemory = nests.memory
        let taken = stack[top].elements.count - before
        guard taken > 0 else { return nil }
        remaining -= taken
        stack[top].remaining = remaining
        consume(bytes)
        guard remaining == 0 else { return nil }
        return close().map { .value($0) } ?? .opened
    }

    private mutating func consume(_ bytes: FrequentBytes) {
        position = bytes.position
        searched = 0
    }

    /// For how many values of a declared count to reserve memory.
    ///
    /// A value takes three bytes on the wire at least: what has arrived bounds what is reserved. Every open level
    /// counts on the same bytes, so the deeper the less.
    func reservation(for values: Int, arrived: Int, depth: Int) -> Int {
        min(values, 8 + arrived / (3 * depth))
    }
}

/// What the aggregates may be that lie inside an open one and are taken whole.
struct FrequentNests {
    private let elements: Int
    private let memoryBytes: Int
    /// How many levels may be opened.
    private let levels: Int
    /// How many are.
    fileprivate var level = 0
    /// The elements of each level. The aggregates of one level share blocks, as one block for each of two strings would
    /// cost more than the strings. A block holds those of deeper levels, so that it never holds itself.
    fileprivate var blocks: [ElementBuilder] = []
    /// What the values of the reply cost so far.
    fileprivate(set) var memory: Int
    /// Levels of the aggregate that was taken last.
    fileprivate var height = 1

    /// Replies have hardly more below each other. The state machine reads a nest again that was not whole, each level
    /// once.
    private static let mostLevels = 4
    /// A longer one is left to the state machine, which keeps what has arrived of it.
    fileprivate static let mostValues = 64
    /// Values of a block, where so many bytes have arrived that it will be full.
    private static let blockValues = 128
    private static let bytesOfAValue = 16

    init(_ limits: RESPLimits, depth: Int, memory: Int) {
        elements = limits.elements
        memoryBytes = limits.memoryBytes
        levels = max(0, min(Self.mostLevels, limits.depth - depth))
        self.memory = memory
    }

    /// Counts an aggregate of so many elements; false if it must be left to the state machine.
    fileprivate mutating func open(count: Int, values: Int, arrived: Int) -> Bool {
        let cost = RESPLimits.memory(of: values)
        // A value takes three bytes on the wire at least: what is longer than what has arrived is not whole.
        guard level < levels, count <= elements, values <= Self.mostValues, 3 * values <= arrived,
            memory <= memoryBytes - cost
        else { return false }
        memory += cost
        return true
    }

    /// Takes the block of this level out, with room for so many values; `swap` gives it back.
    fileprivate mutating func takeBlock(room values: Int, arrived: Int) -> ElementBuilder {
        if level == blocks.count { blocks.append(ElementBuilder()) }
        var block = ElementBuilder()
        swap(&block, &blocks[level])
        if block.room >= values { return block }
        // Each is twice the last: what is not used costs no more than what is.
        let larger = min(Self.blockValues, 2 * block.capacity, arrived / Self.bytesOfAValue)
        return ElementBuilder(capacity: max(values, larger))
    }
}

/// The received bytes that are not decoded yet, as far as the reply may go. Takes a value whole or not at all.
///
/// It holds no reference, which would be counted for each reply: the decoder holds the storage.
struct FrequentBytes {
    private var cursor: UnsafePointer<UInt8>
    /// Behind the last byte: a value must end here or before.
    private let end: UnsafePointer<UInt8>
    private let start: UnsafePointer<UInt8>
    private let storage: Unmanaged<ByteStorage>
    private let okay: Unmanaged<ByteStorage>
    private let longestLine: Int
    private let longestString: Int

    @inline(__always)
    init(of decoder: borrowing RESPDecoder, limit: Int) {
        start = UnsafePointer(decoder.buffer.start)
        cursor = start + decoder.position
        end = cursor + max(0, min(decoder.end - decoder.position, limit))
        storage = Unmanaged.passUnretained(decoder.buffer)
        okay = Unmanaged.passUnretained(decoder.okay)
        longestLine = decoder.limits.lineBytes
        // None of an oversized buffer: those are copied.
        longestString =
            decoder.buffer.byteCapacity > BufferSize.largest
            ? -1 : min(decoder.limits.bulkBytes, RESPDecoder.ownBlockBytes)
    }

    /// Where the next value begins in the buffer.
    var position: Int { cursor - start }
    var count: Int { end - cursor }

    /// The value that comes next; nil, and nothing taken, if it is not whole or not frequent.
    @inline(__always)
    mutating func takeValue() -> RESPValue? {
        // `_` CR LF and `:1` CR: what is shorter is not whole.
        guard end - cursor >= 3 else { return nil }
        switch cursor.pointee {
        case UInt8(ascii: "$"): return takeBulkString()
        case UInt8(ascii: ":"): return takeInteger()
        case UInt8(ascii: "+"): return takeStatusLine()
        case UInt8(ascii: "_"):
            guard Self.isLineEnd(cursor + 1) else { return nil }
            cursor += 3
            return .null
        case UInt8(ascii: ","): return takeDouble()
        case UInt8(ascii: "#"): return takeBoolean()
        default: return nil
        }
    }

    /// The type byte of an aggregate; nil, and nothing taken, if it is another or has not arrived.
    @inline(__always)
    mutating func takeKind() -> RESPDecoder.Frame.Kind? {
        guard cursor < end else { return nil }
        let kind: RESPDecoder.Frame.Kind
        switch cursor.pointee {
        case UInt8(ascii: "*"): kind = .array
        case UInt8(ascii: "%"): kind = .map
        case UInt8(ascii: "~"): kind = .set
        case UInt8(ascii: ">"): kind = .push
        default: return nil
        }
        cursor += 1
        return kind
    }

    /// Appends values as far as they are whole and frequent, up to `total` elements.
    @inline(__always)
    mutating func fill(_ elements: inout ElementBuilder, upTo total: Int, _ nests: inout FrequentNests) {
        while true {
            // A copy that nobody else sees lies in registers.
            var leaves = self
            elements.appendLeaves(upTo: total) { leaves.takeValue() }
            self = leaves
            guard elements.count < total, let nested = takeNested(&nests) else { return }
            elements.append(nested, of: total, height: nests.height)
        }
    }

    /// A small aggregate of frequent values; nil, and nothing taken or counted, if it is not whole.
    @inline(never)
    private mutating func takeNested(_ nests: inout FrequentNests) -> RESPValue? {
        let (start, memory) = (self, nests.memory)
        if let kind = takeKind(), let count = takeNumber() {
            let values = kind == .map ? 2 * count : count
            if nests.open(count: count, values: values, arrived: self.count) {
                var block = nests.takeBlock(room: values, arrived: self.count)
                let first = block.count
                nests.level += 1
                fill(&block, upTo: first + values, &nests)
                nests.level -= 1
                let isWhole = block.count == first + values
                let elements = isWhole ? block.slice(from: first) : RESPArray()
                if !isWhole { block.cut(to: first) }
                nests.height = block.height
                swap(&block, &nests.blocks[nests.level])
                if isWhole { return RESPDecoder.aggregate(kind, elements) }
            }
        }
        (self, nests.memory) = (start, memory)
        return nil
    }

    /// A count and its CR LF.
    @inline(__always)
    mutating func takeNumber() -> Int? {
        guard let (number, next) = number(at: cursor) else { return nil }
        cursor = next
        return number
    }

    /// A count or a length of up to six digits, in the one way to write it, and what stands behind its CR LF.
    @inline(__always)
    private func number(at first: UnsafePointer<UInt8>) -> (Int, next: UnsafePointer<UInt8>)? {
        guard end - first >= 3 else { return nil }
        var number = Int(first.pointee &- UInt8(ascii: "0"))
        guard number <= 9 else { return nil }
        var next = first + 1
        // Zero is one digit; others have more only in front of the CR LF that must follow.
        let limit = number == 0 ? next : min(end - 2, first + 6)
        while next < limit {
            let digit = Int(next.pointee &- UInt8(ascii: "0"))
            guard digit <= 9 else { break }
            number = number &* 10 &+ digit
            next += 1
        }
        return Self.isLineEnd(next) ? (number, next + 2) : nil
    }

    @inline(__always)
    private mutating func takeBulkString() -> RESPValue? {
        guard let (length, content) = number(at: cursor + 1) else { return takeNullString() }
        guard length <= longestString, end - content >= length &+ 2, Self.isLineEnd(content + length) else {
            return nil
        }
        cursor = content + length + 2
        return .bulkString(slice(at: content, count: length))
    }

    /// `$-1`
    private mutating func takeNullString() -> RESPValue? {
        guard end - cursor >= 5, cursor[1] == UInt8(ascii: "-"), cursor[2] == UInt8(ascii: "1"),
            Self.isLineEnd(cursor + 3)
        else { return nil }
        cursor += 5
        return .null
    }

    /// An integer of up to 18 digits, which 64 bits always hold.
    @inline(__always)
    private mutating func takeInteger() -> RESPValue? {
        let isNegative = cursor[1] == UInt8(ascii: "-")
        let first = cursor + (isNegative ? 2 : 1)
        let limit = min(end - 2, first + 18)
        var next = first
        var number: Int64 = 0
        while next < limit {
            let digit = Int64(next.pointee &- UInt8(ascii: "0"))
            guard digit <= 9 else { break }
            number = number &* 10 &+ digit
            next += 1
        }
        guard next > first, next <= end - 2, next - cursor <= longestLine, Self.isLineEnd(next) else { return nil }
        cursor = next + 2
        return .integer(isNegative ? 0 &- number : number)
    }

    /// `+OK`, and other words of up to 32 bytes.
    @inline(__always)
    private mutating func takeStatusLine() -> RESPValue? {
        let content = cursor + 1
        let limit = min(end - 2, content + 32)
        var next = content
        // Below the space there are CR and LF, and what no status line holds.
        while next < limit, next.pointee >= UInt8(ascii: " ") { next += 1 }
        guard next <= end - 2, next - cursor <= longestLine, Self.isLineEnd(next) else { return nil }
        let count = next - content
        let isOkay = count == 2 && content[0] == UInt8(ascii: "O") && content[1] == UInt8(ascii: "K")
        guard isOkay || count <= longestString else { return nil }
        cursor = next + 2
        guard isOkay else { return .simpleString(slice(at: content, count: count)) }
        return .simpleString(RESPBytes(storage: okay.takeUnretainedValue(), offset: 0, count: 2))
    }

    /// A double of up to 32 bytes.
    @inline(never)
    private mutating func takeDouble() -> RESPValue? {
        let content = cursor + 1
        let limit = min(end - 2, content + 32)
        var next = content
        while next < limit, next.pointee > UInt8(ascii: " ") { next += 1 }
        guard next <= end - 2, next - cursor <= longestLine, Self.isLineEnd(next),
            let number = Double(resp: slice(at: content, count: next - content))
        else { return nil }
        cursor = next + 2
        return .double(number)
    }

    @inline(never)
    private mutating func takeBoolean() -> RESPValue? {
        guard end - cursor >= 4, Self.isLineEnd(cursor + 2) else { return nil }
        let letter = cursor[1]
        guard letter == UInt8(ascii: "t") || letter == UInt8(ascii: "f") else { return nil }
        cursor += 4
        return .boolean(letter == UInt8(ascii: "t"))
    }

    @inline(__always)
    private func slice(at content: UnsafePointer<UInt8>, count: Int) -> RESPBytes {
        RESPBytes(storage: storage.takeUnretainedValue(), offset: content - start, count: count)
    }

    /// CR LF; both bytes must have arrived.
    @inline(__always)
    private static func isLineEnd(_ place: UnsafePointer<UInt8>) -> Bool {
        UInt16(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt16.self)) == 0x0a0d
    }
}
