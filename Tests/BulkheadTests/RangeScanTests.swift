import Bulkhead
import Testing

@Suite struct RangeScanTests {
    private func collect<Element>(_ range: RedisRangeScan<Element>) async throws -> [Element] {
        var found: [Element] = []
        for try await element in range { found.append(element) }
        return found
    }

    private func collect<Element>(_ range: BlockingRedisRangeScan<Element>) throws -> [Element] {
        var range = range
        var found: [Element] = []
        while let element = try range.next() { found.append(element) }
        return found
    }

    @Test(arguments: [1, 7, 10, 1_000])
    func `a range in pages of any size is the range`(count: Int) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let threads = try databases.blocking(.main)
            let names = (10..<40).map { "m\($0)" }
            try await main.rpush("list", names)
            // Three of each score.
            try await main.zadd("zset", pairs: names.enumerated().map { (key: $1, value: Double($0 / 3)) })
            try await main.zadd("lex", pairs: names.map { (key: $0, value: 0.0) })
            for (place, name) in names.enumerated() { try await main.xadd("stream", ["n": name], id: "\(place + 1)-0") }

            #expect(try await collect(main.lrangeScan("list", count: count)) == names)
            #expect(try collect(threads.lrangeScan("list", count: count)) == names)
            #expect(
                try await collect(main.lrangeScan("list", from: 5, limit: 12, count: count)) == Array(names[5..<17]))
            #expect(try await collect(main.lrangeScan("list", limit: 0, count: count)) == [])
            #expect(try await collect(main.lrangeScan("none", count: count)) == [])

            #expect(try await collect(main.xrangeScan("stream", count: count)).map { $0["n"] } == names)
            #expect(
                try collect(threads.xrangeScan("stream", to: "9", count: count)).map { $0["n"] } == Array(names[..<9]))
            #expect(try await collect(main.xrevrangeScan("stream", count: count)).map { $0["n"] } == names.reversed())
            #expect(try collect(threads.xrevrangeScan("stream", limit: 11, count: count)).count == 11)

            #expect(try await collect(main.zrangeScan("zset", count: count)).map(\.member) == names)
            #expect(
                try collect(threads.zrangeScan("zset", reversed: true, count: count)).map(\.member) == names.reversed())
            #expect(
                try await collect(main.zrangebyscoreScan("zset", from: .unbounded, to: .unbounded, count: count))
                    .map(\.member) == names)
            #expect(
                try collect(
                    threads.zrangebyscoreScan("zset", from: .exclusive(0), to: .inclusive(8), limit: 20, count: count)
                ).map(\.member) == Array(names[3..<23]))
            #expect(
                try await collect(main.zrangebylexScan("lex", from: .exclusive("m10"), to: .unbounded, count: count))
                    == Array(names.dropFirst()))
            #expect(
                try collect(threads.zrangebylexScan("lex", from: .unbounded, to: .unbounded, count: count)) == names)
        }
    }

    @Test func `entries that are added and deleted while a stream is read by pages move no other`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for place in 1...20 { try await main.xadd("stream", ["n": "\(place)"], id: "\(place)-0") }
            var found: [String] = []
            for try await entry in main.xrangeScan("stream", count: 4) {
                found.append(entry.id)
                if entry.id == "4-0" {
                    try await main.xdel("stream", "1-0", "4-0")
                    try await main.xadd("stream", ["n": "21"], id: "21-0")
                }
            }
            #expect(found == (1...21).map { "\($0)-0" })
        }
    }

    @Test func `another type throws, and a failure asks for the same page again`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("text", "no list")
            var pages = main.lrangeScan("text").makeAsyncIterator()
            await #expect(throws: RedisError.self) { _ = try await pages.next() }
            try await main.del("text")
            try await main.rpush("text", "a")
            #expect(try await pages.next() == "a")
            #expect(try await pages.next() == nil)
        }
    }
}
