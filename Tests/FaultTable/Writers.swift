import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// Nothing went on for a minute.
struct NothingGoesOn: Error, CustomStringConvertible {
    let description: String
}

/// Two tasks and two threads that increment keys while a fault comes and goes.
struct Writers: Sendable {
    /// All keys are in one slot of a cluster, so that the fault hits all of them: of {bar}, 5,061, which the first of
    /// three primaries has.
    static let slot = 5_061
    private static func key(_ number: Int) -> String { "{bar}:\(number)" }

    /// An INCR that says who ran it: role, port, value.
    private static let script = """
        local info = redis.call('INFO', 'server') .. redis.call('INFO', 'replication')
        return string.match(info, 'role:(%a+)') .. ' ' .. string.match(info, 'tcp_port:(%d+)') .. ' '
            .. redis.call('INCR', KEYS[1])
        """

    let ledger = Ledger()
    /// Of each name. They take turns.
    private let databases: [RedisDatabase]
    private let blocking: [BlockingRedisDatabase]
    /// Whether each write asks who ran it.
    private let asks: Bool

    private static func command(_ number: Int, asks: Bool) -> RedisCommand<String> {
        asks ? command(of: key(number)) : .raw("INCR", [key(number)], as: String.self)
    }

    /// An INCR of a key whose reply says who ran it.
    static func command(of key: String) -> RedisCommand<String> {
        .raw("EVAL", [script, "1", key], as: String.self)
    }

    private func runTask() async {
        while !ledger.isOver {
            let number = ledger.begin()
            do throws(RedisError) {
                let database = databases[number % databases.count]
                ledger.ended(number, .success(try await database.run(Self.command(number, asks: asks))))
            } catch {
                ledger.ended(number, .failure(error))
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    private func runThread() {
        while !ledger.isOver {
            let number = ledger.begin()
            do throws(RedisError) {
                let database = blocking[number % blocking.count]
                ledger.ended(number, .success(try database.run(Self.command(number, asks: asks))))
            } catch {
                ledger.ended(number, .failure(error))
            }
            MonotonicClock.sleep(until: MonotonicClock.now() + 1_000_000)
        }
    }

    /// Runs the body while others write, and says what that cost them. They write before it begins, and go on behind
    /// its end. With several names the writes go to each
    /// of them in turn. What the primary had by then, if one is named, its replicas have too.
    static func measure(
        _ databases: RedisDatabases, names: [DatabaseName] = [.main], asks: Bool = false,
        primary: RedisTestServer? = nil,
        _ body: (Writers) async throws -> Void
    ) async throws -> Cost {
        let writers = Writers(
            databases: try names.map { try databases[$0] }, blocking: try names.map { try databases.blocking($0) },
            asks: asks)
        let threads = (0..<2).map { _ in DedicatedThread { writers.runThread() } }
        var start: Int64 = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { await writers.runTask() } }
            // Also where it throws: the others go on until then.
            defer { writers.ledger.end() }
            try await writers.waitForWrites(200)
            if let primary { try await writers.waitForReplicas(of: primary) }
            start = MonotonicClock.now()
            try await body(writers)
            try await writers.waitForWrites(200)
        }
        for thread in threads { thread?.join() }
        var counts: [Int?] = Array(repeating: nil, count: writers.ledger.fates.count)
        for (index, database) in writers.databases.enumerated() {
            let numbers = Array(stride(from: index, to: counts.count, by: names.count))
            for first in stride(from: 0, to: numbers.count, by: 1_000) {
                let some = numbers[first..<min(first + 1_000, numbers.count)]
                for (number, count) in zip(some, try await database.mget(some.map(key), as: Int.self)) {
                    counts[number] = count
                }
            }
        }
        return Cost(writers.ledger, counts, since: start)
    }

    /// Waits until so many more were acknowledged.
    func waitForWrites(_ count: Int) async throws {
        let before = ledger.acknowledged
        try await wait("\(count) more writes") { ledger.acknowledged >= before + count }
    }

    /// Waits until the replicas have what was written so far: a fault loses what is under way, and not the beginning.
    func waitForReplicas(of server: RedisTestServer) async throws {
        let databases = RedisDatabases(RedisConfiguration(unixSocket: server.socketPath).patient)
        try await with(databases) { databases in
            let main = try databases.blocking(.main)
            let written = try main.info("replication")["master_repl_offset"].flatMap { Int($0) } ?? 0
            try await wait("what was written at the replicas") {
                let info = try main.info("replication")
                let replicas = (0..<8).compactMap { info["slave\($0)"] }
                return !replicas.isEmpty
                    && replicas.allSatisfy { replica in
                        let field = replica.split(separator: ",").first { $0.hasPrefix("offset=") }
                        return Int(field?.dropFirst(7) ?? "") ?? 0 >= written
                    }
            }
        }
    }

    func wait(_ what: @autoclosure () -> String, _ isTrue: () throws -> Bool) async throws {
        let deadline = MonotonicClock.now() + 120_000_000_000
        while try !isTrue() {
            guard MonotonicClock.now() < deadline else {
                let errors = ledger.latestErrors.joined(separator: "; ")
                throw NothingGoesOn(
                    description: "waited in vain for \(what()); errors: \(ledger.codes), such as: \(errors)")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
