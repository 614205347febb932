// Stepping over a body: the instructions of its shape, one after the other, with the place in them as all there is to
// remember. What a block ends in the middle of goes on in the next one.

extension RDBReader {
    /// How far a body has been read.
    struct Body: ~Copyable {
        /// The next instruction.
        var step = 0
        /// Bytes of the current string or number that are still to come.
        var skipping = 0
        /// The innermost loop, and those around it; no shape has more than three.
        var loop = Loop(remaining: 0, start: 0)
        var outerLoops: [Loop] = []
        /// The first bytes of a length or of the head of a string whose rest is in the next block.
        var unfinished = HeldBytes()
        /// What was remembered for the next `times`.
        var counted: UInt64 = 0
        /// The listpack that is being gathered to count its elements.
        var gathered: (head: RDBCursor.StringHead, bytes: [UInt8])?
        var isWhole = true

        struct Loop {
            var remaining: Int
            let start: Int
        }

        init() { outerLoops.reserveCapacity(4) }

        mutating func begin(at step: Int) {
            self.step = step
            isWhole = false
        }
    }

    /// Passes the bytes of the body that are here, up to its end; returns where that is. `offset` is where
    /// `start` stands in the snapshot.
    mutating func passValue(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, offset: Int
    ) throws(RDBViolation) -> UnsafeRawPointer {
        var cursor = RDBCursor(start, end, offset: offset)
        while true {
            if body.skipping > 0 {
                body.skipping -= cursor.skip(body.skipping)
                if body.skipping > 0 { return end }
            }
            switch program.instructions[body.step] {
            case .string:
                guard let head = try stringHead(&cursor) else { return end }
                body.skipping = head.count
            case .bytes(let count):
                body.skipping = count
            case .length:
                guard try length(&cursor) != nil else { return end }
            case .score:
                guard let count = cursor.byte() else { return end }
                if count < 253 { body.skipping = Int(count) }
            case .each(let behind):
                let offset = cursor.offset - body.unfinished.count
                guard let count = try length(&cursor) else { return end }
                if try !beginLoop(count, behind: behind, at: offset) { continue }
            case .times(let behind):
                if try !beginLoop(body.counted, behind: behind, at: cursor.offset) { continue }
            case .count:
                guard let count = try length(&cursor) else { return end }
                body.counted = count
            case .templateCount:
                let offset = cursor.offset - body.unfinished.count
                guard let number = try length(&cursor) else { return end }
                guard let fields = templates[number] else {
                    throw RDBViolation(
                        .malformed, at: offset, "a hash refers to a template that the file does not have")
                }
                body.counted = UInt64(fields)
            case .listpackCount:
                guard let count = try listpackCount(&cursor) else { return end }
                body.counted = count
            case .choice(let ways):
                let offset = cursor.offset - body.unfinished.count
                guard let way = try length(&cursor) else { return end }
                guard way < UInt64(ways.count) else {
                    throw RDBViolation(.malformed, at: offset, "a part of a value has the unknown encoding \(way)")
                }
                body.step = ways[Int(way)]
                continue
            case .again:
                body.loop.remaining -= 1
                if body.loop.remaining > 0 {
                    body.step = body.loop.start
                    continue
                }
                body.loop = body.outerLoops.removeLast()
            case .moduleOpcode:
                let offset = cursor.offset - body.unfinished.count
                guard let opcode = try length(&cursor) else { return end }
                guard opcode <= RDBProgram.lastModuleOpcode else {
                    throw RDBViolation(.malformed, at: offset, "expected an opcode of a module, found \(opcode)")
                }
                body.step = RDBProgram.step(after: body.step, opcode: Int(opcode))
                continue
            case .jump(let step):
                body.step = step
                continue
            case .done:
                body.isWhole = true
                return cursor.place
            }
            body.step += 1
        }
    }

    /// False if there is nothing to repeat.
    @inline(__always)
    private mutating func beginLoop(_ count: UInt64, behind: Int, at offset: Int) throws(RDBViolation) -> Bool {
        guard count <= UInt64(limits.elements) else {
            throw RDBViolation(.tooLong, at: offset, "a collection of more than \(limits.elements) elements")
        }
        if count == 0 {
            body.step = behind
            return false
        }
        body.outerLoops.append(body.loop)
        body.loop = Body.Loop(remaining: Int(count), start: body.step + 1)
        return true
    }

    /// Names of fields in a listpack: the server's own bound of one is far lower.
    private static let longestListpack = 1 << 20

    /// Passes a string with a listpack; how many elements that has.
    @inline(never)
    private mutating func listpackCount(_ cursor: inout RDBCursor) throws(RDBViolation) -> UInt64? {
        let offset = cursor.offset - body.unfinished.count
        if body.gathered == nil {
            guard let head = try stringHead(&cursor) else { return nil }
            body.gathered = (head, [])
        }
        guard case (let head, var bytes)? = body.gathered else { return nil }
        body.gathered = nil
        var count = head.count
        if case .compressed(let whole) = head.encoding { count = max(count, whole) }
        guard count <= Self.longestListpack else {
            throw RDBViolation(.tooLong, at: offset, "names of fields of more than \(Self.longestListpack) bytes")
        }
        let missing = head.count - bytes.count
        if let part = cursor.bytes(min(missing, cursor.end - cursor.place)) { bytes.append(contentsOf: part) }
        guard bytes.count == head.count else {
            body.gathered = (head, bytes)
            return nil
        }
        // Its place is that of its end, whichever blocks it came in.
        let place = cursor.offset
        if case .compressed(let whole) = head.encoding {
            bytes = try LZF.decompress(bytes[...], count: whole, at: place - head.count)
        }
        var elements = try Listpack(ByteReader(decompressed: bytes, at: place))
        var found: UInt64 = 0
        while try elements.next() != nil { found += 1 }
        return found
    }

    // MARK: Numbers that two blocks share

    @inline(__always)
    private mutating func length(_ cursor: inout RDBCursor) throws(RDBViolation) -> UInt64? {
        if body.unfinished.count == 0, let length = try cursor.length() { return length }
        return try goOn(&cursor) { cursor throws(RDBViolation) in try cursor.length() }
    }

    @inline(__always)
    private mutating func stringHead(_ cursor: inout RDBCursor) throws(RDBViolation) -> RDBCursor.StringHead? {
        let limit = limits.stringBytes
        if body.unfinished.count == 0, let head = try cursor.stringHead(limit: limit) { return head }
        return try goOn(&cursor) { cursor throws(RDBViolation) in try cursor.stringHead(limit: limit) }
    }

    /// Keeps the few bytes there are, or takes those that lack to the ones that were kept.
    @inline(never)
    private mutating func goOn<Part>(
        _ cursor: inout RDBCursor, _ read: (inout RDBCursor) throws(RDBViolation) -> Part?
    ) throws(RDBViolation) -> Part? {
        while let byte = cursor.bytes(1) {
            body.unfinished.append(byte)
            let start = body.unfinished.start
            var whole = RDBCursor(
                start, start + body.unfinished.count, offset: cursor.offset - body.unfinished.count)
            if let part = try read(&whole) {
                body.unfinished.removeAll()
                return part
            }
        }
        return nil
    }
}
