// swift-format-ignore-file
// The programs of the article Transactions as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func ship(_ order: String, from main: RedisDatabase) async throws(RedisError) -> Int {
    let (left, _) = try await main.transaction(.decr("stock"), .rpush("orders", order))
    return left
}

func count(_ pages: [String], in main: RedisDatabase) async throws(RedisError) {
    let results = try await main.transaction(pages.map { RedisCommand<Int>.incr("visits:\($0)") })
    for (page, result) in zip(pages, results) {
        if case .failure(let error) = result { print("\(page) was not counted: \(error)") }
    }
}

func sell(_ order: String, from main: RedisDatabase) async throws -> Bool {
    let sold = try await main.transaction(watching: ["stock"], attempts: 16) { reads in
        let left = try await reads.get("stock", as: Int.self) ?? 0
        return left > 0 ? RedisTransaction(.set("stock", left - 1), .rpush("orders", order)) : nil
    }
    return sold != nil
}

func report(_ error: RedisError) -> String {
    switch error.code {
    case .transactionAborted: "nothing has run, because of \(error.command ?? "a command")"
    case .transactionConflict: "nothing has run, because others were faster each time"
    case _ where error.isAmbiguous: "nobody knows whether it has run: look before you repeat it"
    case _ where error.isSafeToRetry: "nothing was sent"
    default: "\(error.command ?? "a command") failed, and the others may have run: \(error)"
    }
}
