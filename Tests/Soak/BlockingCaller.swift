import Bulkhead
import BulkheadBenchmarkSupport

/// A thread that calls and blocks.
struct BlockingCaller {
    private let databases: RedisDatabases
    private let board: Scoreboard
    private var random: SeededGenerator
    private var tally = Tally()
    private var ledgers: [Ledger]
    private var isUnreachable = false

    init(number: Int, seed: UInt64, databases: RedisDatabases, board: Scoreboard, cached: CachedReads) {
        self.databases = databases
        self.board = board
        random = SeededGenerator(seed: ~seed &+ UInt64(number) &* 0x1_0000_0001)
        ledgers = Naming.names.map { Ledger($0, caller: "thread:\(number)", cached) }
    }

    /// Calls until the end is called, and returns what the server acknowledged.
    mutating func run() -> [Ledger] {
        var turn = 0
        while !board.isOver {
            turn += 1
            do throws(RedisError) { try oneTurn() } catch { count(error) }
            if turn % 256 == 0 { board.take(&tally) }
            if isUnreachable {
                isUnreachable = false
                _ = MonotonicClock.sleep(until: MonotonicClock.now() + 5_000_000)
            }
        }
        board.take(&tally)
        return ledgers
    }

    private mutating func oneTurn() throws(RedisError) {
        let index = Int.random(in: 0..<ledgers.count, using: &random)
        let name = ledgers[index].name
        let database = try databases.blocking(name)
        tally.operations += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
            let key = Naming.fixedKey(Int.random(in: 0..<Naming.fixedKeys, using: &random))
            let limit = Duration.microseconds(Int.random(in: 20...4_000, using: &random))
            let hurried = Bool.random(using: &random) ? database.within(limit) : database
            guard let value = try hurried.get(key) else { return tally.lose("\(key) in \(name) is gone") }
            if Naming.sequence(of: value, name, key) == nil {
                tally.cross("\(key) in \(name) reads \(value.prefix(60))")
            }
        case 4..<6:
            let token = "\(name):\(random.next())"
            let reply = try database.echo(token)
            if reply != token { tally.cross("ECHO gave \(reply.prefix(60))") }
        case 6..<8:
            ledgers[index].attemptIncrement()
            ledgers[index].acknowledgeIncrement(try database.incr(ledgers[index].counter), &tally)
        default:
            let value = ledgers[index].nextValue()
            if try database.set(ledgers[index].key, value) { ledgers[index].acknowledge() }
            ledgers[index].check(try database.get(ledgers[index].key), &tally)
        }
    }

    private mutating func count(_ error: RedisError) {
        tally.count(error)
        if error.code == .connectFailed || error.code == .loading { isUnreachable = true }
    }
}
