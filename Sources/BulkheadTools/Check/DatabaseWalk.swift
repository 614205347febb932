import Bulkhead

/// One walk over all keys of a database on a server.
///
/// ```
///  step 1   SCAN 0                        ──▶ page 1
///  step 2   SCAN c1                       ──▶ page 2     meanwhile page 1 is counted, and keys are drawn from it
///  step 3   SCAN c2, questions of page 1  ──▶ page 3     meanwhile page 2 …
/// ```
/// So the server and this side work at the same time. Names are read where they were received, and kept for two or
/// three steps. Of every key the size is asked, so that none is too rare to be found; of a sample all the rest; and
/// of keys that are drawn by their sizes what they are. The pace decides what a step may cost the server, and whether
/// there is a pause.
struct DatabaseWalk {
    /// How a walk ended.
    enum End: Hashable {
        case complete, interrupted
        /// The connection or the server failed, in words.
        case failed(String)
    }

    private(set) var tally: DatabaseTally
    private(set) var cost = WalkCost()
    private(set) var end = End.interrupted
    /// It failed by what another run would meet as well.
    private(set) var isRefused = false
    /// What the server refused about keys, by command.
    private(set) var refusals: [String: String] = [:]
    /// True if the server answers about keys only after READONLY, and with MOVED before.
    var isOnClusterReplica = false
    private var sampler: KeySampler
    private var sizes: SizeSampler
    private let pace: RedisPace
    /// Not asked yet.
    private var waiting: [WalkQuestion] = []
    /// Questions beyond which no further page is fetched.
    static let mostWaiting = 2_048
    /// The most that have waited.
    private(set) var longestQueue = 0

    init(_ placement: Placement, sampler: KeySampler, sizes: SizeSampler, pace: RedisPace) {
        tally = DatabaseTally(placement, sizeUnit: sizes.unit)
        self.sampler = sampler
        self.sizes = sizes
        self.pace = pace
    }

    private mutating func fail(_ error: RedisError) {
        if error.isOfInterruption {
            end = .interrupted
            return
        }
        end = .failed(error.explainedMessage)
        isRefused = error.isOfOneCommand || error.code == .databaseDenied || error.code == .authenticationFailed
    }

    /// Walks until the end, until `isStopped` says so, or until something fails; what was found until then stays.
    ///
    /// LRU and LFU do not see it: none of the commands touches a key, and CLIENT NO-TOUCH is sent to servers that know
    /// it (Redis 7.2). `progress` is called with how many keys were walked.
    mutating func run(
        on database: RedisDatabase, isStopped: @Sendable () -> Bool, progress: (Int) -> Void
    ) async {
        let start = ContinuousClock.now
        if database.isInCluster {
            do throws(RedisError) {
                for part in try await database.parts() {
                    await run(on: part, isStopped: isStopped, progress: progress)
                    if end != .complete { return }
                }
            } catch {
                fail(error)
            }
            return
        }
        do {
            end = try await database.withConnection { connection in
                _ = try? await connection.send("CLIENT", "NO-TOUCH", "ON")
                if isOnClusterReplica { _ = try? await connection.send("READONLY") }
                return try await walk(on: connection, isStopped, progress)
            }
        } catch let error as RedisError {
            fail(error)
        } catch {
            end = .failed("\(error)")
        }
        cost.elapsed += ContinuousClock.now - start
    }

    private mutating func walk(
        on connection: RedisConnection, _ isStopped: @Sendable () -> Bool, _ progress: (Int) -> Void
    ) async throws(RedisError) -> End {
        var walker = Walker(
            connection: connection, costOfName: Double(WalkQuestion.costOfSize) + 20 * sampler.share,
            pacer: Pacer(pace, most: WalkStep.mostCost))
        var hasNamedBiggest = false
        var cursor: RedisScanCursor? = .start
        var latest: WalkAnswer?
        while true {
            if isStopped() {
                if let latest { count(latest) }
                return .interrupted
            }
            guard cursor != nil || !waiting.isEmpty else {
                // Its page may have brought up further keys to ask about.
                if let last = latest {
                    count(last)
                    latest = nil
                } else if !hasNamedBiggest {
                    hasNamedBiggest = true
                    nameBiggest()
                } else {
                    return .complete
                }
                continue
            }
            // A page may bring more names than were asked for. Their questions are caught up with before the next one.
            let place = waiting.count > Self.mostWaiting ? nil : cursor
            longestQueue = max(longestQueue, waiting.count)
            let (now, asking) = (walker, waiting)
            async let next = now.step(place, asking: asking)
            if let latest { count(latest) }
            progress(tally.walked)
            let answer: WalkAnswer
            do {
                (answer, walker) = try await next
            } catch {
                throw error as? RedisError ?? RedisError(code: .cancelled, message: "\(error)", stage: .queued)
            }
            waiting.removeFirst(answer.step.asked.count)
            cost.add(answer)
            if place != nil { cursor = answer.cursor }
            latest = answer
        }
    }

    private mutating func count(_ answer: WalkAnswer) {
        for name in answer.names {
            name.bytes.withUnsafeBytes { tally.walk($0) }
            if sampler.draws() {
                waiting.append(WalkQuestion(key: name.bytes, kind: .look))
            } else if refusals["MEMORY USAGE"] == nil {
                waiting.append(WalkQuestion(key: name.bytes, kind: .size))
            }
        }
        answer.forEachReply { question, reply in
            add(reply, to: question)
        } refused: { command, message in
            if refusals[command] == nil { refusals[command] = RedisError(server: message).message }
        }
    }

    private mutating func add(_ reply: WalkReply, to question: WalkQuestion) {
        let key = question.key
        switch question.kind {
        case .size:
            key.withUnsafeBytes { tally.add(size: reply, of: $0) }
            guard case .known(let look) = reply, let bytes = look.bytes, sizes.draws(bytes) else { return }
            waiting.append(WalkQuestion(key: key, kind: .kind(bytes: bytes, isDrawn: true)))
        case .kind(let bytes, let isDrawn):
            guard case .known(let look) = reply else { return }
            key.withUnsafeBytes { tally.biggest.describe($0, look) }
            if isDrawn { tally.addDrawn(bytes, ofType: look.type) }
        case .look:
            key.withUnsafeBytes { tally.add(reply, of: $0) }
            guard case .known(let look) = reply, let bytes = look.bytes, sizes.draws(bytes) else { return }
            tally.addDrawn(bytes, ofType: look.type)
        }
    }

    /// Asks what the biggest keys are, where only their sizes are known.
    private mutating func nameBiggest() {
        waiting += tally.biggest.keys.filter { $0.type == nil }.map { key in
            WalkQuestion(key: RESPBytes(key.name), kind: .kind(bytes: key.bytes, isDrawn: false))
        }
    }
}

/// Makes the steps of a walk, each as large as the pace allows.
private struct Walker: Sendable {
    let connection: RedisConnection
    /// What each name brings up in questions, on average.
    let costOfName: Double
    var pacer: Pacer
    /// Steps of one key in a row: the pace probes the round trip by a few, and means it only if they go on.
    var singles = 0
    private static let mostProbes = 3

    init(connection: RedisConnection, costOfName: Double, pacer: Pacer) {
        self.connection = connection
        self.costOfName = costOfName
        self.pacer = pacer
    }

    /// Waits as the pace wants, makes one step, and returns what it brought and what the pace has learnt.
    func step(
        _ cursor: RedisScanCursor?, asking waiting: [WalkQuestion]
    ) async throws(RedisError) -> (WalkAnswer, Walker) {
        var next = self
        let cost = await next.pacer.begin()
        next.singles = cost == 1 ? singles + 1 : 0
        let isProbe = cost == 1 && next.singles <= Self.mostProbes
        let step = WalkStep(
            cursor, asking: waiting, costOfName: costOfName,
            cost: isProbe ? 1 : max(cost, WalkStep.leastCost), isProbe: isProbe)
        let start = ContinuousClock.now
        let replies = try await connection.pipeline(step.batch)
        let answer = try WalkAnswer(step, replies, time: ContinuousClock.now - start)
        next.pacer.end(keys: isProbe ? 1 : step.cost)
        return (answer, next)
    }
}
