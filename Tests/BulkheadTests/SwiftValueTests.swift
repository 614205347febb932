import Bulkhead
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A value of Swift` {
    private struct Profile: Codable, Hashable {
        var name: String
        var visits: [Int]
        var friends: [String: Int] = [:]
        var rate = 0.5
    }

    @Test func `comes back as it was written, whatever its type`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            func trip<Value: RedisArgument & RedisDecodable & Equatable>(_ value: Value) async throws {
                try await main.set("key", value)
                #expect(try await main.get("key", as: Value.self) == value)
                try await main.hset("hash", "field", value)
                #expect(try await main.hget("hash", "field", as: Value.self) == value)
            }
            let integers: [any (FixedWidthInteger & RedisArgument & RedisDecodable).Type] = [
                Int8.self, Int16.self, Int32.self, Int64.self, Int.self, Int128.self,
                UInt16.self, UInt32.self, UInt64.self, UInt.self, UInt128.self,
            ]
            func tripEnds<Value: FixedWidthInteger & RedisArgument & RedisDecodable>(of _: Value.Type) async throws {
                try await trip(Value.min)
                try await trip(Value.max)
            }
            for type in integers { try await tripEnds(of: type) }
            try await trip(true)
            try await trip(false)
            try await trip(UUID())
            try await trip(Double.pi)
            try await trip(-Double.infinity)
            #if arch(x86_64)
            try await trip(Float80.pi)
            #else
            try await trip(Float16.pi)
            #endif
            try await trip(Date(timeIntervalSince1970: 1_764_410_000))
            try await trip(Date(timeIntervalSince1970: -1.25))
        }
    }

    @Test func `is a date in seconds, exact to a microsecond, as EXPIREAT takes it`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            for seconds in [0.000_001, 1_764_410_000.123_456, -5.5, 0.1] {
                let date = Date(timeIntervalSince1970: seconds)
                try await main.set("date", date)
                let read = try #require(try await main.get("date", as: Date.self))
                #expect(abs(read.timeIntervalSince(date)) < 0.000_001)
            }
            try await main.set("date", Date(timeIntervalSince1970: 1_764_410_000.12))
            #expect(try await main.get("date") == "1764410000.12")
            try await main.set("date", Date(timeIntervalSince1970: 1_764_410_000))
            #expect(try await main.get("date") == "1764410000")
            for odd in [Double.infinity, -.infinity, .nan, .greatestFiniteMagnitude] {
                try await main.set("date", Date(timeIntervalSince1970: odd))
                #expect(try await main.get("date", as: Date.self) != nil)
            }
            let error = await #expect(throws: RedisError.self) { try await main.send("ECHO", "inf", as: Date.self) }
            #expect(error?.code == .unexpectedReply)

            let tomorrow = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded() + 86_400)
            try await main.set("key", "x", expiry: .at(tomorrow))
            let left = try #require(try await main.ttl("key").remaining)
            #expect(left > .seconds(86_000) && left < .seconds(86_402))
            try await main.getex("key", expiry: .remove)
            #expect(try await main.send("EXPIREAT", "key", tomorrow, as: Bool.self))
            #expect(try await main.ttl("key").remaining != nil)
        }
    }

    @Test func `goes as JSON in one call, both ways, in every form`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            let ada = Profile(name: "Ada", visits: [1, 2])
            #expect(try await main.set("p", json: ada, condition: .ifAbsent))
            #expect(try await main.set("p", json: ada, condition: .ifAbsent) == false)
            #expect(try await main.get("p", json: Profile.self) == ada)
            #expect(try blocking.get("p", json: Profile.self) == ada)
            #expect(try await main.get("none", json: Profile.self) == nil)
            #expect(try await main.hset("h", "p", json: ada) == 1)
            #expect(try await main.hget("h", "p", json: Profile.self) == ada)
            #expect(try blocking.hset("h", "p", json: ada) == 0)
            #expect(try blocking.hget("h", "none", json: Profile.self) == nil)
            #expect(try blocking.set("p", json: ada, expiry: .after(.seconds(60))))
            #expect(try await main.ttl("p").remaining != nil)

            try await main.rpush("list", try RedisJSONValue(ada), try RedisJSONValue(ada))
            let list = try await main.lrange("list", from: 0, through: -1, as: RedisJSONValue<Profile>.self)
            #expect(list.map(\.value) == [ada, ada])
            let (written, read) = try await main.pipeline(.set("q", json: ada), .get("q", json: Profile.self))
            #expect(written && read == ada)
        }
    }

    @Test(arguments: [
        (#"{"name": "secret", "visits": ["secret"]}"#, "visits[0]"), (#"{"name": "secret"}"#, "visits"),
        (#"{"name": "a", "visits": [], "friends": {"secret": "secret"}, "rate": 1}"#, "friends[…]"),
        ("secret", ""), ("", ""), (String(repeating: "[", count: 513), ""), ("\u{0}[\u{0}]", ""),
    ])
    func `that is not in the JSON is an error with its place, and without content`(json: String, place: String)
        async throws
    {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("p", json)
            let error = await #expect(throws: RedisError.self) { try await main.get("p", json: Profile.self) }
            #expect(error?.code == .unexpectedReply && error?.command == "GET")
            #expect(place.isEmpty || error?.message.contains(place) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("secret") == false)
        }
    }

    @Test func `that JSON cannot hold is refused before anything is sent`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let ada = Profile(name: "secret", visits: [], rate: .infinity)
            let error = await #expect(throws: RedisError.self) { try await main.set("p", json: ada) }
            #expect(error?.code == .invalidArgument && error?.stage == .refused && error?.command == "SET")
            #expect(error?.message.contains("(rate)") == true && error?.message.contains("secret") == false)
            #expect(try await main.exists("p") == 0)
        }
    }

    @Test func `of a record is equal to its copy, and to what JSON made of it`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            func survives<Record: Codable & Hashable>(_ record: Record) throws {
                let copy = try JSONDecoder().decode(Record.self, from: try JSONEncoder().encode(record))
                #expect(copy == record)
            }
            try await main.xadd("s", ["a": "1", "b": [0, 255] as [UInt8]])
            try survives(try await main.xrange("s", as: RESPBytes.self))
            try await main.zadd("z", ["m": 1.5])
            try survives(try await main.zrangeWithScores("z", from: 0, through: -1))
            try survives(try await main.zscanPage("z", .start))
            try survives(try await main.hscanPage("none", .start))
            try survives(try await main.ttl("z"))
            try survives(try await main.info("server"))
            try await main.rpush("l", "x")
            try survives(try await main.blpop("l", timeout: .seconds(1)))
            try survives(databases.metrics())
            try survives(RedisMetrics())
            let tooMany = try JSONEncoder().encode([Int](repeating: 0, count: 1_000))
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(RedisLatencies.self, from: tooMany) }
            var found: [RedisScannedValue<String, String>] = []
            for try await value in main.scanValues(type: "zset", { .type($0) }) { found.append(value) }
            #expect(found.map(\.key) == ["z"] && found.first == found.first)
        }
    }
}
