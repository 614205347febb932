// swift-format-ignore-file
// The programs of the article Messages as they stand there, so that the compiler reads them; ReadmeTests compares.

import Bulkhead

func followOrders(_ databases: RedisDatabases) async throws {
    let main = try databases[.main]
    let orders = try await main.subscribe(to: .channels("orders"), as: Int.self)
    var open = try await main.smembers("orders:open", as: Int.self)              // behind `subscribe`: none is missed
    for try await event in orders {
        switch event {
        case .message(let order): open.insert(order.content)
        case .gap: open = try await main.smembers("orders:open", as: Int.self)       // look for yourself
        }
        print("\(open.count) orders are open")
    }
}

func printNews(_ main: RedisDatabase) async throws {
    for try await case .message(let news) in try await main.subscribe(to: .patterns("news.*")) {
        print(news.channel, news.content)
    }
}

func waitForOrders(_ databases: RedisDatabases) throws {
    let orders = try databases.blocking(.main).subscribe(to: .channels("orders"), as: Int.self)
    while let event = try orders.next(timeout: .seconds(60)) {                  // nil: a minute without an order
        if case .message(let order) = event { print("order \(order.content)") }
    }
}

func followDocuments(_ knowledge: RedisDatabase, reindex: (String) async -> Void) async throws {
    for try await event in try await knowledge.keyEvents(matching: "doc:*") {
        switch event {
        case .message(let change): await reindex(change.key)
        case .gap: for try await key in knowledge.scan(match: "doc:*", pace: .considerate) { await reindex(key) }
        }
    }
}

func endSessions(_ main: RedisDatabase, logOut: (String) async -> Void) async throws {
    for try await case .message(let session) in try await main.keyEvents(.expired) { await logOut(session.key) }
}
