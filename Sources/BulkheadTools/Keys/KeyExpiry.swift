import Bulkhead
import BulkheadRESP

/// When a key expires.
enum KeyExpiry: Sendable, Hashable {
    /// There is no key.
    case missing
    case never
    /// Milliseconds since 1970.
    case at(Int64)

    /// Whether both are the same time; `tolerance` milliseconds apart at most.
    func isSame(as other: KeyExpiry, tolerance: Int64 = 0) -> Bool {
        if case .at(let mine) = self, case .at(let others) = other { return (mine - others).magnitude <= tolerance }
        return self == other
    }

    /// What RESTORE with ABSTTL takes; 0 is none.
    var absolute: Int64 {
        if case .at(let time) = self { max(1, time) } else { 0 }
    }
}

/// Asks when a key expires, without touching it.
///
/// From Redis 7.0 on by PEXPIRETIME. Before, by PTTL between two TIMEs: if both fall into one millisecond the sum is
/// exact; if not it may be off by one, and is asked for again.
struct KeyExpiryQuery: Sendable {
    let tellsExpiry: Bool

    init(_ server: ServerFacts) { tellsExpiry = server.tellsExpiry }

    /// Milliseconds by which two answers to the same expiry may differ: two where a server tells only the time left.
    func tolerance(beside other: KeyExpiryQuery? = nil) -> Int64 {
        tellsExpiry && other?.tellsExpiry ?? true ? 0 : 2
    }

    /// Replies that a query takes.
    var replies: Int { tellsExpiry ? 1 : 3 }

    func append(_ key: RESPBytes, to batch: inout RedisBatch) {
        if tellsExpiry { return batch.append(raw("PEXPIRETIME", key)) }
        batch.append(raw("TIME"))
        batch.append(raw("PTTL", key))
        batch.append(raw("TIME"))
    }

    /// The answer, and whether it is exact; nil where a reply is an error.
    func read(_ replies: ArraySlice<RESPValue>) -> (expiry: KeyExpiry, isExact: Bool)? {
        guard replies.count == self.replies else { return nil }
        let place = replies.startIndex + (tellsExpiry ? 0 : 1)
        guard case .integer(let number) = replies[place] else { return nil }
        if number == -2 { return (.missing, true) }
        if number < 0 { return (.never, true) }
        if tellsExpiry { return (.at(number), true) }
        guard let before = Self.milliseconds(replies[place - 1]), let after = Self.milliseconds(replies[place + 1])
        else { return nil }
        return (.at(before &+ number), before == after)
    }

    /// Asks for each key, again where an answer was not exact. Throws if no reply comes, or the server's error.
    func ask(_ keys: [RESPBytes], _ connection: some RedisExecutor) async throws(RedisError) -> [KeyExpiry] {
        var answers: [KeyExpiry?] = Array(repeating: nil, count: keys.count)
        for attempt in 1...Self.attempts {
            let open = answers.indices.filter { answers[$0] == nil }
            if open.isEmpty { break }
            var batch = RedisBatch()
            for index in open { append(keys[index], to: &batch) }
            var replies = try await connection.pipeline(batch)[...]
            for index in open {
                let own = replies.prefix(self.replies)
                replies = replies.dropFirst(self.replies)
                guard let answer = read(own) else { throw own.lazy.compactMap(\.failure).first ?? .strangeReply }
                if answer.isExact || attempt == Self.attempts { answers[index] = answer.expiry }
            }
        }
        return answers.map { $0 ?? .missing }
    }

    private static let attempts = 8

    private static func milliseconds(_ time: RESPValue) -> Int64? {
        guard let parts = time.elements, parts.count == 2 else { return nil }
        let numbers = parts.compactMap { $0.bytes.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } }
        return numbers.count == 2 ? numbers[0] * 1_000 + numbers[1] / 1_000 : nil
    }
}
