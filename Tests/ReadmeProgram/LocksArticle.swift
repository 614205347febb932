// swift-format-ignore-file
// The programs of the article Locks as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func bill(_ order: String, in databases: RedisDatabases) async throws {
    let main = try databases[.main]
    try await main.withLock(order, lease: .seconds(10)) { lock in
        let total = try await main.hvals("\(order):items", as: Int.self).reduce(0, +)
        try lock.check()
        try await main.run(.set("\(order):total", total), behind: RedisFence(order, number: lock.number))
    }
}

func schedule(_ main: RedisDatabase, runNextJob: @escaping @Sendable (Int64) async throws -> Void) async throws {
    try await main.lead("scheduler") { term in
        while !Task.isCancelled { try await runNextJob(term.number) }
    }
}

func pay(
    _ payment: String, _ main: RedisDatabase, charge: @escaping @Sendable (String) async throws -> Int
) async throws {
    let paid = try await main.once(payment, keptFor: .seconds(7 * 86_400)) { _ in try await charge(payment) }
    switch paid.state {
    case .ran: print("paid: \(paid.result ?? 0)")
    case .alreadyDone: print("paid before")
    default: print("somebody else is at it: come again later")
    }
}

func mayCall(_ user: String, _ main: RedisDatabase) async throws(RedisError) -> Bool {
    let answer = try await main.allow(user, RedisRateLimit(100, per: .seconds(60), burst: 20))
    if !answer.isAllowed { print("again in \(answer.retryAfter), \(answer.remaining) left") }
    return answer.isAllowed
}
