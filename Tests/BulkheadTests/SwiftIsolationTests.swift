import Bulkhead
import Testing

/// What is not `Sendable` anywhere.
private final class Basket {
    var items: [String] = []
}

/// What these functions can be called from, and throw, is said by their compiling.
@Suite(.timeLimit(.minutes(10))) struct `A caller of Swift 6` {
    private actor Shop {
        private var sold = 0
        private let basket = Basket()

        func sell(_ main: RedisDatabase) async throws(RedisError) -> Int {
            try await main.withConnection { connection async throws(RedisError) in
                sold += try await connection.incr("sold")
                basket.items.append("book")
            }
            return sold + basket.items.count
        }

        func items(_ main: RedisDatabase) async throws(RedisError) -> [String] {
            let (old, new) = try await main.withConnection { connection async throws(RedisError) in
                let new = Basket()
                new.items.append(try await connection.get("item") ?? "none")
                return (basket, new)
            }
            return old.items + new.items
        }

        func count(_ main: RedisDatabase) async throws(RedisError) -> Int {
            for try await _ in main.scan() { sold += 1 }
            for try await found in main.scanValues({ .type($0) }) where try found.value == "string" { sold += 1 }
            return sold
        }
    }

    @MainActor private final class Model {
        var title = ""

        func load(_ main: RedisDatabase) async throws {
            title = try await main.withConnection { connection in
                title = "loading"
                return try await connection.get("item") ?? ""
            }
        }
    }

    @Test func `changes an actor's state inside of a lease, and gets a result that is no Sendable`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("item", "lamp")
            let shop = Shop()
            #expect(try await shop.sell(main) == 2)
            #expect(try await shop.items(main) == ["book", "lamp"])
            let model = Model()
            try await model.load(main)
            #expect(await model.title == "lamp")
            #expect(try await shop.count(main) == 1 + 2 + 2)
        }
    }

    @Test func `throws errors of its own out of a lease, which ends by them`() async throws {
        struct SoldOut: Error {}
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            await #expect(throws: SoldOut.self) {
                try await main.withConnection { connection in
                    guard try await connection.get("stock", as: Int.self) != nil else { throw SoldOut() }
                }
            }
            #expect(throws: SoldOut.self) {
                try databases.blocking(.main).withConnection { connection in
                    guard try connection.get("stock", as: Int.self) != nil else { throw SoldOut() }
                }
            }
        }
    }

    @Test func `reads messages in a function that throws nothing but this package's error`() async throws {
        func firstPush(_ connection: RedisConnection) async throws(RedisError) -> RESPValue? {
            for try await push in connection.pushes { return push }
            return nil
        }
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let push = try await main.withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                try await main.send("PUBLISH", "news", "hello")
                return try await firstPush(connection)
            }
            #expect(push?.elements?.last == .bulkString("hello"))
        }
    }
}
