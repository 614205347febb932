// Strings with a length: inside the receive buffer where they are small, in blocks of their own where they are not.

/// The bytes of one large string as they arrive, CR LF included, in one block.
///
/// A string up to `RESPDecoder.reservedBulkBytes` is received straight into its final block. The length of a longer
/// one is only a claim until its bytes are here: its block is at most eight times as large as what has arrived, and
/// moves to a larger one when it is full, so that a byte is copied 1/7 times on the average.
struct LargeBody: Sendable {
    let length: Int
    private(set) var filled = 0
    nonisolated(unsafe) private var storage = ByteStorage.empty

    private static let growth = 8

    init(length: Int) { self.length = length }

    private var total: Int { length + 2 }
    var missing: Int { total - filled }

    /// Lends space for at most `missing` bytes to `fill`, which answers how many it wrote.
    mutating func receive(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        if filled == storage.byteCapacity { grow() }
        let space = UnsafeMutableRawBufferPointer(
            start: storage.start + filled, count: storage.byteCapacity - filled)
        let count = fill(space)
        precondition(count <= space.count, RESPDecoder.overfilled)
        if count > 0 { filled += count }
        return count
    }

    private mutating func grow() {
        let grown = ByteStorage.allocate(min(total, max(RESPDecoder.reservedBulkBytes + 2, Self.growth * filled)))
        grown.start.update(from: storage.start, count: filled)
        storage = grown
    }

    /// The string with its CR LF; `missing` must be 0.
    var whole: ByteStorage { storage }
}

extension RESPDecoder {
    mutating func decodeBody(_ kind: BodyKind, length: Int) throws(RESPViolation) -> Step {
        guard end - position >= length + 2 else { return .starved }
        let content = position
        if let wrong = wrongTerminator(in: buffer, at: content + length) {
            throw violated(.malformedTerminator, at: wrong, "expected CR LF behind a string")
        }
        position = content + length + 2
        state = .header
        return try finish(kind, slice(from: content, count: length), bodyOffset: base + content)
    }

    mutating func finishLargeBody(_ kind: BodyKind) throws(RESPViolation) -> Step {
        guard case .largeBody(_, var body) = state else { return .opened }
        state = .header
        if body.missing > 0, position < end {
            let available = UnsafeRawBufferPointer(start: buffer.start + position, count: end - position)
            var copied = 0
            while body.missing > 0, copied < available.count {
                copied += body.receive { space in
                    let part = available[copied...].prefix(space.count)
                    space.copyBytes(from: part)
                    return part.count
                }
            }
            position += copied
        }
        guard body.missing == 0 else {
            state = .largeBody(kind, body)
            return .starved
        }
        let bodyOffset = offset - body.length - 2
        let whole = body.whole
        if let wrong = wrongTerminator(in: whole, at: body.length) {
            throw RESPViolation(
                kind: .malformedTerminator, offset: bodyOffset + wrong, message: "expected CR LF behind a string")
        }
        return try finish(kind, RESPBytes(storage: whole, offset: 0, count: body.length), bodyOffset: bodyOffset)
    }

    /// The first byte at `index` and behind it that is not the CR LF expected there.
    private func wrongTerminator(in storage: ByteStorage, at index: Int) -> Int? {
        if storage.start[index] != UInt8(ascii: "\r") { return index }
        return storage.start[index + 1] == UInt8(ascii: "\n") ? nil : index + 1
    }

    private mutating func finish(
        _ kind: BodyKind, _ bytes: RESPBytes, bodyOffset: Int
    ) throws(RESPViolation) -> Step {
        switch kind {
        case .bulkString: return .value(.bulkString(bytes))
        case .bulkError: return .value(.bulkError(bytes))
        case .verbatim:
            guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":"), bytes.prefix(3).allSatisfy({ $0 < 0x80 }) else {
                throw RESPViolation(
                    kind: .malformedVerbatim, offset: bodyOffset,
                    message: "expected three bytes of format and a colon")
            }
            return .value(.verbatimString(RESPVerbatim(whole: bytes)))
        case .streamPart:
            stack[stack.count - 1].streamedBytes += bytes.count
            stack[stack.count - 1].elements.append(.bulkString(bytes))
            replyMemory += RESPLimits.streamedValueBytes
            return .opened
        }
    }
}

extension RESPBytes {
    /// The parts of a streamed string in one block of `count` bytes.
    static func joining(_ parts: RESPArray, count: Int) -> RESPBytes {
        if parts.count == 1, case .bulkString(let whole) = parts[0] { return whole }
        let whole = ByteStorage.allocate(count)
        var offset = 0
        for case .bulkString(let part) in parts {
            part.withUnsafeBytes { bytes in
                let space = UnsafeMutableRawBufferPointer(start: whole.start + offset, count: count - offset)
                space.copyMemory(from: bytes)
            }
            offset += part.count
        }
        return RESPBytes(storage: whole, offset: 0, count: count)
    }
}
