import BulkheadBenchmarkSupport
import BulkheadCommands
import BulkheadRESP

/// One measurement: so many replies, in one mode.
struct Round {
    let kind: Kind
    let wire: Wire
    /// How often a round goes over the wire.
    let repetitions: Int
    /// Bytes handed over at a time; 0 for all there is space for.
    let chunk: Int
    /// Replies kept alive behind the last.
    let keep: Int

    var replies: Int { wire.replies * repetitions }
    var bytes: Int { wire.bytes.count * repetitions }

    /// The seconds the round took, of this process's own time on a core.
    @inline(never)  // so that a profiler finds it by its name
    func run(_ mode: Mode) throws -> Double {
        let values = mode == .encode ? try values() : []
        let floor = try mode == .floor ? Floor(kind, of: self.values()[0]) : nil
        let start = ProcessorTime.now()
        switch mode {
        case .decode: try decode()
        case .copy: copy()
        case .convert: try convert()
        case .floor: for _ in 0..<replies { try floor?.run() }
        case .encode: encode(values)
        case .command: commands()
        }
        let spent = ProcessorTime.now().since(start)
        return spent.user + spent.system
    }

    private func decode() throws {
        var decoder = RESPDecoder()
        var kept = Kept(limit: keep)
        var count = 0
        var pieces = Pieces(of: self)
        while let piece = pieces.next() {
            pieces.took(Self.hand(piece, to: &decoder))
            while let value = try decoder.next() {
                count += 1
                kept.add(value)
            }
        }
        try check(count)
    }

    private func convert() throws {
        var decoder = RESPDecoder()
        var count = 0
        var pieces = Pieces(of: self)
        while let piece = pieces.next() {
            pieces.took(Self.hand(piece, to: &decoder))
            while let value = try decoder.next() {
                guard try Self.convert(value, of: kind) else { throw ProgramError("an element is missing") }
                count += 1
            }
        }
        try check(count)
    }

    /// What the command of that reply does with it; false if an element is missing.
    private static func convert(_ value: RESPValue, of kind: Kind) throws -> Bool {
        switch kind {
        case .floatVector:
            return try RedisCommand<[[Float]?]>.mget("key", as: [Float].self).decode(value).count == Kind.vectors
        case .hash:
            return try RedisCommand<[String: String]>.hgetall("key").decode(value).count == Kind.fields
        case .stream:
            let streams = try RedisCommand<[RedisKeyed<[RedisStreamEntry<String>]>]>.xread(["key": "0"]).decode(value)
            return streams.first?.value.count == Kind.entries
        case .scan:
            return try RedisCommand<RedisScanPage<String>>.scanPage(.start).decode(value).elements.count == Kind.keys
        default: return false
        }
    }

    /// As a socket's read writes them: into the space the decoder lends.
    private static func hand(_ piece: UnsafeRawBufferPointer, to decoder: inout RESPDecoder) -> Int {
        decoder.receive { space in
            let count = min(space.count, piece.count)
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[..<count]))
            return count
        }
    }

    private func copy() {
        let size = 64 << 10
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { space.deallocate() }
        var filled = 0
        var pieces = Pieces(of: self)
        while let piece = pieces.next() {
            if filled == size { filled = 0 }
            let count = min(size - filled, piece.count)
            let target = UnsafeMutableRawBufferPointer(rebasing: space[filled...])
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[..<count]))
            filled += count
            pieces.took(count)
        }
    }

    private func encode(_ values: [RESPValue]) {
        for _ in 0..<repetitions {
            var encoder = RESPEncoder(capacity: wire.bytes.count)
            for value in values { encoder.value(value) }
            precondition(encoder.bytes.count == wire.bytes.count)
        }
    }

    private func commands() {
        let key = "key:0123456789abcdef"
        var length = 0
        for _ in 0..<replies {
            var encoder = RESPEncoder(capacity: 64)
            encoder.command("GET", argumentCount: 2)
            encoder.argument(key)
            length = encoder.bytes.count
        }
        precondition(length == 40)
    }

    private func values() throws -> [RESPValue] {
        var decoder = RESPDecoder()
        decoder.feed(UnsafeRawBufferPointer(wire.bytes))
        var values: [RESPValue] = []
        while let value = try decoder.next() { values.append(value) }
        return values
    }

    private func check(_ count: Int) throws {
        guard count == replies else { throw ProgramError("decoded \(count) replies of \(replies)") }
    }
}

/// The bytes of a round, one piece after the other.
private struct Pieces {
    private let wire: UnsafeRawBufferPointer
    private let chunk: Int
    private var repetitions: Int
    private var sent = 0

    init(of round: Round) {
        wire = UnsafeRawBufferPointer(round.wire.bytes)
        chunk = round.chunk == 0 ? .max : round.chunk
        repetitions = round.repetitions
    }

    /// What can be taken now; nil at the end.
    mutating func next() -> UnsafeRawBufferPointer? {
        if sent == wire.count {
            sent = 0
            repetitions -= 1
        }
        guard repetitions > 0 else { return nil }
        return UnsafeRawBufferPointer(rebasing: wire[sent..<sent + min(chunk, wire.count - sent)])
    }

    mutating func took(_ count: Int) { sent += count }
}

/// The last few replies, as callers hold them that have not come to run.
private struct Kept {
    private let limit: Int
    private var values: [RESPValue] = []
    private var oldest = 0

    init(limit: Int) { self.limit = limit }

    mutating func add(_ value: RESPValue) {
        guard limit > 0 else { return }
        if values.count < limit { return values.append(value) }
        values[oldest] = value
        oldest = (oldest + 1) % limit
    }
}
