import Bulkhead

/// One step of a walk: a pipeline of a SCAN and of questions about keys that were drawn before.
struct WalkStep: Sendable {
    /// What a walk asks about a key: TYPE, PTTL, OBJECT ENCODING, MEMORY USAGE.
    static let questions = 4
    /// What these cost the server, in names of SCAN: about 3 µs beside 0.15 µs (Redis 7.0).
    static let costOfLook = 20
    /// The most that one step may cost, in names of SCAN, whatever the pace. 0.5 ms of a server at full pace.
    static let mostCost = 4_096
    /// The least that one is worth: about 40 µs. What a name costs is known, whatever a busy machine makes of the time
    /// of small steps; without this, they would become ever smaller there.
    static let leastCost = 256

    /// Where the SCAN goes on; nil if there is none.
    let cursor: RedisScanCursor?
    let count: Int
    let asked: ArraySlice<RESPBytes>

    /// A step that costs about `cost`, of a walk that draws the `share` of all keys.
    init(_ cursor: RedisScanCursor?, asking waiting: [RESPBytes], share: Double, cost: Int, isProbe: Bool) {
        self.cursor = cursor
        guard cursor != nil else {
            count = 0
            asked = waiting.prefix(max(1, cost / Self.costOfLook))
            return
        }
        // As many names as bring up as many questions as there is room for.
        count = max(1, Int(Double(cost) / (1 + Double(Self.costOfLook) * share)))
        asked = isProbe ? [] : waiting.prefix(max(1, (cost - count) / Self.costOfLook))
    }

    /// In names of SCAN.
    var cost: Int { count + asked.count * Self.costOfLook }
    var commands: Int { (cursor == nil ? 0 : 1) + asked.count * Self.questions }

    var scan: RedisCommand<RedisScanPage<LentName>>? {
        cursor.map { .scanPage($0, count: count, as: LentName.self) }
    }

    var batch: RedisBatch {
        var batch = RedisBatch()
        if let scan { batch.append(scan) }
        for key in asked {
            batch.append(.type(key))
            batch.append(.ttl(key))
            batch.append(.raw("OBJECT", ["ENCODING", key]))
            batch.append(.raw("MEMORY", ["USAGE", key]))
        }
        return batch
    }
}

/// The name of a key where it was received: no copy, so it keeps its whole page in memory.
struct LentName: RedisDecodable {
    let bytes: RESPBytes

    init(redis value: RESPValue) throws(RedisConversionError) {
        guard let bytes = value.bytes else { throw RedisConversionError(expected: "a key", found: value) }
        self.bytes = bytes
    }
}

/// What a step brought.
struct WalkAnswer: Sendable {
    let step: WalkStep
    /// Of the next SCAN; nil after the last.
    let cursor: RedisScanCursor?
    let names: [LentName]
    /// Those of the questions, key by key.
    private let answers: ArraySlice<RESPValue>
    /// From before its writing to its last reply.
    let time: Duration

    /// Throws what the server said against the SCAN.
    init(_ step: WalkStep, _ replies: [RESPValue], time: Duration) throws(RedisError) {
        self.step = step
        self.time = time
        guard let scan = step.scan else {
            cursor = nil
            names = []
            answers = replies[...]
            return
        }
        if let message = replies[0].errorMessage { throw RedisError(server: message) }
        let page: RedisScanPage<LentName>
        do {
            page = try scan.decode(replies[0])
        } catch {
            throw RedisError(code: .unexpectedReply, message: "SCAN: \(error)", stage: .answered)
        }
        cursor = page.cursor
        names = page.elements
        answers = replies.dropFirst()
    }

    /// Calls `body` with each key that was asked about and what it is, nil if it is gone; and `refused` with each
    /// error of the server.
    func forEachLook(
        _ body: (RESPBytes, KeyLook?) -> Void, refused: (_ command: String, _ message: RESPBytes) -> Void
    ) {
        var rest = answers
        for key in step.asked {
            let parts = rest.prefix(WalkStep.questions)
            rest = rest.dropFirst(parts.count)
            guard parts.count == WalkStep.questions else { return }
            for (part, command) in zip(parts, ["TYPE", "PTTL", "OBJECT ENCODING", "MEMORY USAGE"]) {
                if let message = part.errorMessage { refused(command, message) }
            }
            body(key, KeyLook(Array(parts)))
        }
    }
}

extension KeyLook {
    /// Reads the answers to the questions; nil if one of them says that the key is gone.
    fileprivate init?(_ parts: [RESPValue]) {
        let type = parts[0].bytes.map { String(decoding: $0, as: UTF8.self) }
        let timeLeft = try? Int(redis: parts[1])
        if type == "none" || timeLeft == -2 || parts[2] == .null || parts[3] == .null { return nil }
        self.type = type
        self.timeLeft = timeLeft.flatMap { $0 < 0 ? nil : $0 }
        encoding = parts[2].bytes.map { String(decoding: $0, as: UTF8.self) }
        bytes = (try? Int(redis: parts[3])).map { max(0, $0) }
    }
}

/// What a walk asked of the server.
struct WalkCost: Sendable {
    var scans = 0
    var looks = 0
    var commands = 0
    /// Time in which the server owed an answer: it worked for no longer than that.
    var waited = Duration.zero
    var longestStep = Duration.zero
    /// From the first step to the last.
    var elapsed = Duration.zero

    mutating func add(_ answer: WalkAnswer) {
        if answer.step.cursor != nil { scans += 1 }
        looks += answer.step.asked.count
        commands += answer.step.commands
        waited += answer.time
        longestStep = max(longestStep, answer.time)
    }

    static func + (left: WalkCost, right: WalkCost) -> WalkCost {
        WalkCost(
            scans: left.scans + right.scans, looks: left.looks + right.looks,
            commands: left.commands + right.commands, waited: left.waited + right.waited,
            longestStep: max(left.longestStep, right.longestStep), elapsed: left.elapsed + right.elapsed)
    }
}
