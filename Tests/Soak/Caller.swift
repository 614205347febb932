import Bulkhead
import BulkheadBenchmarkSupport

/// A task that calls, and cancels most of what it calls.
struct Caller {
    private let databases: RedisDatabases
    private let board: Scoreboard
    private let shared: SharedCounters
    private let queue: Queue
    private let number: Int
    private var random: SeededGenerator
    private var tally = Tally()
    private var ledgers: [Ledger]
    private var turn = 0
    /// A call failed for want of a server: the next turn waits a little.
    private var isUnreachable = false

    /// How many calls are started at once, to be cancelled.
    private static let volley = 16
    private static let mostYields = 12
    private static let turnsBetweenReports = 64

    init(
        number: Int, seed: UInt64, databases: RedisDatabases, board: Scoreboard, shared: SharedCounters,
        background: Background
    ) {
        self.number = number
        self.databases = databases
        self.board = board
        self.shared = shared
        queue = background.queue
        random = SeededGenerator(seed: seed &+ UInt64(number) &* 0x1_0000_0001)
        ledgers = Naming.names.map { Ledger($0, caller: "caller:\(number)", background.cached) }
    }

    /// Calls until the end is called, and returns what the server acknowledged.
    mutating func run() async throws -> [Ledger] {
        while !board.isOver {
            turn += 1
            try await oneTurn()
            if turn % Self.turnsBetweenReports == 0 { board.take(&tally) }
            if isUnreachable {
                isUnreachable = false
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        board.take(&tally)
        return ledgers
    }

    private mutating func oneTurn() async throws {
        let index = Int.random(in: 0..<ledgers.count, using: &random)
        let database = try databases[ledgers[index].name]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60: await volley(database)
        case 60..<68: await late(database)
        case 68..<75: await echo(database)
        case 75..<82: await increment(database, index, isCancelled: Bool.random(using: &random))
        case 82..<88: await write(database, index)
        case 88..<92: await pipeline(database)
        case 92..<95: await lease(database)
        case 95..<96: await pop(database)
        case 96: await transact(database, index)
        case 97: Bool.random(using: &random) ? await watch(database) : await enqueue()
        case 98: await hash(database)
        default: await get(database, Naming.largeKey, isCancelled: Bool.random(using: &random))
        }
    }

    // MARK: Calls

    /// Many GETs at once, cancelled wherever they are by then.
    private mutating func volley(_ database: RedisDatabase) async {
        let calls = (0..<Self.volley).map { _ in
            let key = Naming.fixedKey(Int.random(in: 0..<Naming.fixedKeys, using: &random))
            return (key, start { () throws(RedisError) in try await database.get(key) })
        }
        for _ in 0..<Int.random(in: 0...Self.mostYields, using: &random) { await Task.yield() }
        for (_, call) in calls { call.cancel() }
        for (key, call) in calls {
            if let value = await outcome(call) { check(value, database.name, key) }
        }
    }

    private mutating func get(_ database: RedisDatabase, _ key: String, isCancelled: Bool) async {
        let call = start { () throws(RedisError) in try await database.get(key) }
        if let value = await outcome(call, isCancelled: isCancelled) { check(value, database.name, key) }
    }

    /// A deadline that passes at any stage.
    private mutating func late(_ database: RedisDatabase) async {
        let limit = Duration.microseconds(Int.random(in: 20...4_000, using: &random))
        let key = Naming.fixedKey(Int.random(in: 0..<Naming.fixedKeys, using: &random))
        let call = start { () throws(RedisError) in try await database.within(limit).get(key) }
        if let value = await outcome(call) { check(value, database.name, key) }
    }

    private mutating func echo(_ database: RedisDatabase) async {
        let token = "\(database.name):\(random.next())"
        let call = start { () throws(RedisError) in try await database.echo(token) }
        if let reply = await outcome(call), reply != token { tally.cross("ECHO gave \(reply.prefix(60))") }
    }

    private mutating func increment(_ database: RedisDatabase, _ index: Int, isCancelled: Bool) async {
        let counter = ledgers[index].counter
        ledgers[index].attemptIncrement()
        let call = start { () throws(RedisError) in try await database.incr(counter) }
        if let count = await outcome(call, isCancelled: isCancelled) {
            ledgers[index].acknowledgeIncrement(count, &tally)
        }
    }

    /// A SET that is waited for, so that an old one never comes behind a newer one, and at times a look at it.
    private mutating func write(_ database: RedisDatabase, _ index: Int) async {
        let (key, value) = (ledgers[index].key, ledgers[index].nextValue())
        let call = start { () throws(RedisError) in try await database.set(key, value) }
        if await outcome(call) == true { ledgers[index].acknowledge() }
        if Int.random(in: 0..<4, using: &random) == 0 {
            let read = start { () throws(RedisError) in try await database.get(key) }
            if let found = await outcome(read) { ledgers[index].check(found, &tally) }
        }
    }

    private mutating func pipeline(_ database: RedisDatabase) async {
        let key = Naming.fixedKey(Int.random(in: 0..<Naming.fixedKeys, using: &random))
        let token = "\(database.name):\(random.next())"
        let call = start { () throws(RedisError) in
            let (value, echo, large) = try await database.pipeline(.get(key), .echo(token), .get(Naming.largeKey))
            return [value, echo, large]
        }
        guard let replies = await outcome(call, isCancelled: Bool.random(using: &random)) else { return }
        check(replies[0], database.name, key)
        if replies[1] != token { tally.cross("ECHO in a pipeline gave \(replies[1]?.prefix(60) ?? "nothing")") }
        check(replies[2], database.name, Naming.largeKey)
    }

    private mutating func lease(_ database: RedisDatabase) async {
        let key = Naming.fixedKey(Int.random(in: 0..<Naming.fixedKeys, using: &random))
        let call = start { () throws(RedisError) in
            do {
                return try await database.withConnection { connection in
                    try await connection.send("WATCH", key)
                    return try await connection.get(key)
                }
            } catch let error as RedisError {
                throw error
            } catch {
                return nil
            }
        }
        if let value = await outcome(call, isCancelled: Bool.random(using: &random)) {
            check(value, database.name, key)
        }
    }

    private mutating func transact(_ database: RedisDatabase, _ index: Int) async {
        let (first, second) = ledgers[index].pair
        ledgers[index].attemptPair()
        let call = start { () throws(RedisError) in try await database.transaction(.incr(first), .incr(second)) }
        if let (one, other) = await outcome(call, isCancelled: Bool.random(using: &random)) {
            ledgers[index].acknowledgePair(one, other, &tally)
        }
    }

    private mutating func watch(_ database: RedisDatabase) async {
        shared.attempt(database.name)
        let call = start { () throws(RedisError) in
            try await database.transaction(watching: [SharedCounters.key]) { reads throws(RedisError) in
                let count = try await reads.get(SharedCounters.key, as: Int.self) ?? 0
                return RedisTransaction(.set(SharedCounters.key, count + 1))
            } != nil
        }
        if await outcome(call, isCancelled: Bool.random(using: &random)) == true { shared.acknowledge(database.name) }
    }

    private mutating func enqueue() async {
        guard let database = try? databases[Queue.name] else { return }
        let token = "\(number):\(turn)"
        let call = start { () throws(RedisError) in try await database.xadd(Queue.stream, ["token": token]) }
        if await outcome(call, isCancelled: Bool.random(using: &random)) != nil { queue.add(token) }
    }

    /// A list that nobody fills: whatever comes is somebody else's.
    private mutating func pop(_ database: RedisDatabase) async {
        let time = Duration.milliseconds(Int.random(in: 2...40, using: &random))
        let call = start { () throws(RedisError) in try await database.blpop(["fixed:empty"], timeout: time) }
        if let popped = await outcome(call, isCancelled: Bool.random(using: &random)), popped != nil {
            tally.cross("BLPOP gave something")
        }
    }

    private mutating func hash(_ database: RedisDatabase) async {
        let call = start { () throws(RedisError) in try await database.hgetall("fixed:hash") }
        guard let fields = await outcome(call, isCancelled: Bool.random(using: &random)) else { return }
        if fields.isEmpty { return tally.lose("fixed:hash in \(database.name) is gone") }
        if fields.count != Naming.fieldCount { tally.cross("HGETALL gave \(fields.count) fields") }
        for (field, value) in fields { check(value, database.name, field.description) }
    }

    // MARK: Outcomes

    /// Starts a call that can be cancelled by itself.
    private func start<Reply: Sendable>(
        _ body: @escaping @Sendable () async throws(RedisError) -> Reply
    ) -> Task<Result<Reply, RedisError>, Never> {
        board.begin()
        return Task { [board] in
            defer { board.end() }
            do throws(RedisError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
    }

    /// The reply, or nil behind an error, which is counted.
    private mutating func outcome<Reply: Sendable>(
        _ call: Task<Result<Reply, RedisError>, Never>, isCancelled: Bool = false
    ) async -> Reply? {
        if isCancelled {
            for _ in 0..<Int.random(in: 0...Self.mostYields, using: &random) { await Task.yield() }
            call.cancel()
        }
        tally.operations += 1
        switch await call.value {
        case .success(let reply): return reply
        case .failure(let error):
            tally.count(error)
            if error.code == .connectFailed || error.code == .loading { isUnreachable = true }
            return nil
        }
    }

    private mutating func check(_ value: String?, _ name: DatabaseName, _ key: String) {
        guard let value else { return tally.lose("\(key) in \(name) is gone") }
        if Naming.sequence(of: value, name, key) == nil { tally.cross("\(key) in \(name) reads \(value.prefix(60))") }
    }
}
