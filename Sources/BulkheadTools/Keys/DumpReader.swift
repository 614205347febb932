import Bulkhead
import BulkheadRESP

/// What another server needs to make the same key.
struct KeyDump: Sendable {
    let value: DumpedValue
    let expiry: KeyExpiry
    /// `IDLETIME` and seconds, or `FREQ` and the counter; nil where the server does not say.
    let use: (word: String, number: Int64)?
}

/// A key of a slice on its way to another server.
struct DumpedKey: Sendable {
    /// Where it stands in its slice.
    let place: Int
    let value: DumpedValue
    let expiry: KeyExpiry
    private let use: (word: String, number: Int64)?
    private let payload: [UInt8]

    init(place: Int, _ dump: KeyDump, restored payload: [UInt8]) {
        self.place = place
        value = dump.value
        expiry = dump.expiry
        use = dump.use
        self.payload = payload
    }

    /// Bytes that the other server gets.
    var bytes: Int { payload.count }

    /// Expires at the same instant, and is as old for the server's eviction.
    func restore(as name: RESPBytes, replacing: Bool) -> RedisCommand<RESPValue> {
        .raw("RESTORE", [name] + restoreArguments(replacing: replacing))
    }

    /// What RESTORE takes behind the name.
    func restoreArguments(replacing: Bool) -> [any RedisArgument] {
        var arguments: [any RedisArgument] = [expiry.absolute, payload, "ABSTTL"]
        if replacing { arguments.append("REPLACE") }
        if let use { arguments += [use.word, use.number] }
        return arguments
    }

    /// What differs in the target, in words; nil if nothing does. A key, or fields of a hash, may be missing there that
    /// have expired by both servers' clocks: what has by the target's alone lives in the source yet.
    func difference(
        from found: KeyDump?, _ clocks: (source: Int64, target: Int64), _ mine: KeyExpiryQuery,
        _ theirs: KeyExpiryQuery
    ) -> String? {
        let both = min(clocks.source, clocks.target)
        guard let found else {
            if isOver(at: both) { return nil }
            if isOver(at: clocks.target) { return "it has expired by the target's clock, which is ahead" }
            return "the target does not have it, or not any more"
        }
        if let difference = value.difference(from: found.value, at: both) { return difference }
        return expiry.isSame(as: found.expiry, tolerance: mine.tolerance(beside: theirs))
            ? nil : "they expire at different times"
    }

    /// Whether it is gone at `now`, or all of its fields are.
    func isOver(at now: Int64) -> Bool {
        if case .at(let time) = expiry, time <= now { return true }
        return value.isOver(at: now)
    }
}

extension RedisExecutor {
    /// Bytes that the server holds for each key, about; nil for one that it has not, or does not tell.
    func memoryUsage(of keys: [RESPBytes]) async throws(RedisError) -> [Int?] {
        if keys.isEmpty { return [] }
        var batch = RedisBatch()
        for key in keys { batch.append(raw("MEMORY", "USAGE", key)) }
        return try await pipeline(batch).map { $0.integer.map { Int(clamping: min(max($0, 0), 1 << 56)) } }
    }

    /// The same with a guess of 64 KiB where the server does not say.
    func sizes(of keys: [RESPBytes]) async throws(RedisError) -> [Int] {
        try await memoryUsage(of: keys).map { $0 ?? 64 << 10 }
    }
}

/// Reads keys with all that DUMP leaves out, in an order that changes nothing: DUMP counts as a use.
struct DumpReader: Sendable {
    let expiry: KeyExpiryQuery
    private let countsUses: Bool
    /// Reads each key in a transaction of its own: for those who do not watch it.
    private let isAtomic: Bool
    /// Reads each key by a script, which is atomic as well: a transaction is of one slot, and a batch of many.
    private let usesScript: Bool

    init(of server: ServerFacts, isAtomic: Bool, usesScript: Bool? = nil) {
        expiry = KeyExpiryQuery(server)
        countsUses = server.countsUses
        self.isAtomic = isAtomic
        self.usesScript = usesScript ?? server.isWholeCluster
    }

    /// The keys as they are; nil for one that is not there. Throws the server's first error.
    func read(_ keys: [RESPBytes], _ connection: some RedisExecutor) async throws(RedisError) -> [KeyDump?] {
        if keys.isEmpty { return [] }
        if usesScript { return try await readByScript(keys, connection) }
        var batch = RedisBatch()
        for key in keys {
            if isAtomic { batch.append(raw("MULTI")) }
            batch.append(raw("OBJECT", countsUses ? "FREQ" : "IDLETIME", key))
            expiry.append(key, to: &batch)
            batch.append(raw("DUMP", key))
            if isAtomic { batch.append(raw("EXEC")) }
        }
        let own = expiry.replies + 2
        var replies = try await connection.pipeline(batch)[...]
        var dumps: [KeyDump?] = []
        for key in keys {
            var answers = replies.prefix(own)
            if isAtomic {
                let queued = replies.prefix(own + 2)
                guard let results = queued.last?.elements, results.count == own else {
                    throw queued.lazy.compactMap(\.failure).first ?? .strangeReply
                }
                answers = Array(results)[...]
            }
            replies = replies.dropFirst(isAtomic ? own + 2 : own)
            dumps.append(try await dump(of: key, Array(answers), connection))
        }
        return dumps
    }

    private func readByScript(
        _ keys: [RESPBytes], _ connection: some RedisExecutor
    ) async throws(RedisError) -> [KeyDump?] {
        let use = "OBJECT \(countsUses ? "FREQ" : "IDLETIME") @"
        let questions = [use] + (expiry.tellsExpiry ? ["PEXPIRETIME @"] : ["TIME", "PTTL @", "TIME"]) + ["DUMP @"]
        var batch = RedisBatch()
        for key in keys {
            batch.append(.raw("EVAL", [Self.script, 1, key] + questions.map { $0 as any RedisArgument }))
        }
        var dumps: [KeyDump?] = []
        for (key, reply) in zip(keys, try await connection.pipeline(batch)) {
            if let failure = reply.failure { throw failure }
            guard let answers = reply.elements, answers.count == questions.count else { throw .strangeReply }
            dumps.append(try await dump(of: key, Array(answers), connection))
        }
        return dumps
    }

    /// Runs the commands that it is given for its one key, which stands as @ in them.
    private static let script = """
        local replies = {}
        for i, line in ipairs(ARGV) do
          local words = {}
          for word in string.gmatch(line, '%S+') do
            words[#words + 1] = word == '@' and KEYS[1] or word
          end
          replies[i] = redis.pcall(unpack(words))
        end
        return replies
        """

    private func dump(
        of key: RESPBytes, _ answers: [RESPValue], _ connection: some RedisExecutor
    ) async throws(RedisError) -> KeyDump? {
        let last = answers.count - 1
        if let failure = answers[last].failure { throw failure }
        guard let payload = answers[last].bytes else { return nil }
        guard let answer = expiry.read(answers[1..<last]) else {
            throw answers[1..<last].lazy.compactMap(\.failure).first ?? .strangeReply
        }
        // What was read in one transaction belongs together, be it a millisecond off.
        let time = answer.isExact || isAtomic || usesScript ? answer.expiry : try await expiry.ask([key], connection)[0]
        // Between the two commands it expired: as good as gone.
        if time == .missing { return nil }
        let use = answers[0].integer.map { (word: countsUses ? "FREQ" : "IDLETIME", number: $0) }
        return KeyDump(value: DumpedValue(payload), expiry: time, use: use)
    }
}
