import Bulkhead
import Foundation
import Testing

/// Every command with a method, on a real server, in every form a command can take.
@Suite struct CommandTests {
    enum Form: String, CaseIterable, Sendable {
        case asynchronous, asynchronousRESP2, leased, blocking, blockingRESP2
    }

    @Test(arguments: Form.allCases)
    func `strings`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.set("k", "v"))
            #expect(try await database.get("k") == "v")
            #expect(try await database.get("none") == nil)
            #expect(try await database.set("k", "w", condition: .ifAbsent) == false)
            #expect(try await database.set("k", "w", condition: .ifPresent))
            try await database.set("t", 1, expiry: .after(.seconds(100)))
            let left = try #require(try await database.ttl("t").remaining)
            #expect(left > .seconds(90) && left <= .seconds(100))
            try await database.set("t", 2, expiry: .keep)
            #expect(try await database.ttl("t") != .noExpiry)
            #expect(try await database.getex("t", expiry: .remove) == "2")
            #expect(try await database.ttl("t") == .noExpiry)
            let soon = Int64(Date().timeIntervalSince1970 * 1_000) + 100_000
            #expect(try await database.getex("t", expiry: .at(unixMilliseconds: soon)) == "2")
            #expect(try await database.ttl("t") != .noExpiry)
            #expect(try await database.getdel("t", as: Int.self) == 2)
            try await database.mset(["a": "1", "b": 2, "v": [0.5, -1] as [Float]])
            #expect(try await database.mget("a", "none", "b") == ["1", nil, "2"])
            #expect(try await database.get("v", as: [Float].self) == [0.5, -1])
            #expect(try await database.get("v", as: Data.self) == Data([0, 0, 0, 63, 0, 0, 128, 191]))
            #expect(try await database.incr("n") == 1)
            #expect(try await database.incrby("n", by: 10) == 11)
            #expect(try await database.decr("n") == 10)
            #expect(try await database.decrby("n", by: 20) == -10)
            #expect(try await database.incrbyfloat("f", by: 1.5) == 1.5)
            #expect(try await database.append("k", "!") == 2)
            #expect(try await database.strlen("k") == 2)
            #expect(try await database.getrange("k", from: 0, through: 0) == "w")
            #expect(try await database.setrange("k", offset: 1, Data("x".utf8)) == 2)
            #expect(try await database.get("k") == "wx")
        }
    }

    @Test(arguments: Form.allCases)
    func `keys and their time`(form: Form) async throws {
        try await run(form) { database throws in
            try await database.mset(["a": 1, "b": 2, "c": 3])
            #expect(try await database.exists("a", "b", "none", "a") == 3)
            #expect(try await database.touch("a", "none") == 1)
            #expect(try await database.del("a", "none") == 1)
            #expect(try await database.unlink(["b"]) == 1)
            #expect(try await database.expire("c", after: .milliseconds(100_000)))
            #expect(try await database.expire("none", after: .seconds(1)) == false)
            #expect(try await database.persist("c"))
            #expect(try await database.ttl("c") == .noExpiry)
            #expect(try await database.ttl("none") == .noKey)
            #expect(try await database.expire("c", atUnixMilliseconds: 4_000_000_000_000))
            #expect(try await database.type("c") == "string")
            try await database.rename("c", to: "d")
            #expect(try await database.copy("d", to: "e"))
            #expect(try await database.copy("d", to: "e") == false)
            #expect(try await database.copy("d", to: "e", replace: true))
            #expect(try await database.renamenx("d", to: "e") == false)
            #expect(["d", "e"].contains(try await database.randomkey()))
            #expect(try await database.expire("d", atUnixMilliseconds: 1))
            #expect(try await database.dbsize() == 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `hashes`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.hset("h", "a", 1) == 1)
            #expect(try await database.hset("h", ["b": "2", "vector": [1, 2] as [Float]]) == 2)
            #expect(try await database.hset("h", pairs: ["c": "3"] as [String: String]) == 1)
            #expect(try await database.hget("h", "vector", as: [Float].self) == [1, 2])
            #expect(try await database.hmget("h", "a", "none", "b") == ["1", nil, "2"])
            #expect(try await database.hdel("h", "vector", "none") == 1)
            #expect(try await database.hgetall("h") == ["a": "1", "b": "2", "c": "3"])
            #expect(try await database.hgetall("none").isEmpty)
            #expect(try await database.hsetnx("h", "a", 9) == false)
            #expect(try await database.hexists("h", "a"))
            #expect(try await database.hlen("h") == 3)
            #expect(try await database.hstrlen("h", "a") == 1)
            #expect(Set(try await database.hkeys("h")) == ["a", "b", "c"])
            #expect(Set(try await database.hvals("h", as: Int.self)) == [1, 2, 3])
            #expect(try await database.hincrby("h", "a", by: 4) == 5)
            #expect(try await database.hincrbyfloat("h", "f", by: 0.5) == 0.5)
        }
    }

    @Test(arguments: Form.allCases)
    func `lists`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.rpush("l", "b", "c") == 2)
            #expect(try await database.lpush("l", ["a"]) == 3)
            #expect(try await database.lrange("l", from: 0, through: -1) == ["a", "b", "c"])
            #expect(try await database.llen("l") == 3)
            #expect(try await database.lindex("l", -1) == "c")
            #expect(try await database.lindex("l", 9) == nil)
            try await database.lset("l", index: 0, "x")
            #expect(try await database.lrem("l", count: 0, "b") == 1)
            #expect(try await database.lmove(from: "l", .left, to: "m", .right) == "x")
            #expect(try await database.lpop("l") == "c")
            #expect(try await database.rpop("none") == nil)
            #expect(try await database.rpop("m") == "x")
            try await database.rpush("q", 1, 2, 3)
            try await database.ltrim("q", from: 0, through: 1)
            let left = try await database.blpop(["none", "q"], timeout: .seconds(1), as: Int.self)
            #expect(left?.key == "q" && left?.value == 1)
            #expect(try await database.brpop(["q"], timeout: .seconds(1))?.value == "2")
            let binary: [UInt8] = [255, 0]
            try await database.rpush(binary, 0.5, 2.0)
            #expect(try await database.lrange(binary, from: 0, through: -1, as: Float.self) == [0.5, 2])
            #expect(try await database.blpop([binary], timeout: .seconds(1))?.key == [255, 0])
            let nothing = try await database.blpop(["q"], timeout: .milliseconds(1))
            #expect(nothing?.key == nil)
        }
    }

    @Test(arguments: Form.allCases)
    func `sets`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.sadd("s", "a", "b", "c", "a") == 3)
            #expect(try await database.sadd("t", ["b", "d"]) == 2)
            #expect(try await database.smembers("s") == ["a", "b", "c"])
            #expect(try await database.smembers("none").isEmpty)
            #expect(try await database.sismember("s", "a"))
            #expect(try await database.smismember("s", "a", "z") == [true, false])
            #expect(try await database.scard("s") == 3)
            #expect(try await database.sinter(["s", "t"]) == ["b"])
            #expect(try await database.sunion("s", "t") == ["a", "b", "c", "d"])
            #expect(try await database.sdiff("s", "t") == ["a", "c"])
            #expect(["a", "b", "c"].contains(try await database.srandmember("s")))
            #expect(try await database.spop("none") == nil)
            #expect(try await database.spop("t") != nil)
            #expect(try await database.srem("s", "a", "z") == 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `sorted sets`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.zadd("z", ["a": 1, "b": 2.5, "c": .infinity]) == 3)
            #expect(try await database.zadd("z", ["a": 9, "d": 0.1], condition: .ifAbsent) == 1)
            #expect(try await database.zscore("z", "d") == 0.1)
            #expect(try await database.zscore("z", "c") == .infinity)
            #expect(try await database.zscore("z", "none") == nil)
            #expect(try await database.zrange("z", from: 0, through: -1) == ["d", "a", "b", "c"])
            #expect(try await database.zrange("z", from: 0, through: 0, reversed: true) == ["c"])
            #expect(
                try await database.zrangeWithScores("z", from: 0, through: 1)
                    == [RedisScored("d", score: 0.1), RedisScored("a", score: 1)])
            #expect(try await database.zrangeWithScores("none", from: 0, through: 1).isEmpty)
            #expect(
                try await database.zrangebyscore("z", from: .exclusive(0.1), to: .inclusive(2.5)) == ["a", "b"])
            #expect(
                try await database.zrangebyscore("z", from: .unbounded, to: .unbounded, offset: 1, limit: 2)
                    == ["a", "b"])
            #expect(try await database.zcount("z", from: .unbounded, to: .exclusive(2.5)) == 2)
            #expect(try await database.zcard("z") == 4)
            #expect(try await database.zrank("z", "a") == 1)
            #expect(try await database.zrank("z", "none") == nil)
            #expect(try await database.zincrby("z", by: -0.5, "a") == 0.5)
            #expect(try await database.zrem("z", "d", "none") == 1)
            #expect(try await database.zremrangebyrank("z", from: 0, through: 0) == 1)
            #expect(try await database.zremrangebyscore("z", from: .inclusive(2), to: .inclusive(3)) == 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `streams`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.xadd("x", ["temperature": 20.5, "place": "roof"], id: "1-1") == "1-1")
            let id = try await database.xadd("x", ["temperature": 21])
            let entries = try await database.xrange("x")
            #expect(entries.map(\.id) == ["1-1", id])
            #expect(entries[0].fields.map(\.name) == ["temperature", "place"])
            #expect(entries[0]["temperature"] == "20.5" && entries[0]["none"] == nil)
            #expect(try await database.xrevrange("x", count: 1).map(\.id) == [id])
            #expect(try await database.xlen("x") == 2)
            #expect(try await database.xdel("x", "1-1") == 1)
            for _ in 0..<5 { try await database.xadd("x", ["n": 1], trim: .maximumLength(3, exact: true)) }
            #expect(try await database.xlen("x") == 3)
            #expect(try await database.xtrim("x", .maximumLength(1, exact: true)) == 2)
        }
    }

    @Test(arguments: Form.allCases)
    func `server and pages`(form: Form) async throws {
        try await run(form) { database throws in
            #expect(try await database.ping() == "PONG")
            #expect(try await database.echo([0, 255] as [UInt8], as: [UInt8].self) == [0, 255])
            #expect(try await database.info("server")["redis_version"] != nil)
            try await database.set("k", 1)
            #expect(try await database.dbsize() == 1)
            let page = try await database.scanPage(.start, count: 100)
            #expect(page.elements == ["k"] && page.cursor == nil)
        }
    }

    // MARK: Forms

    private func run(_ form: Form, _ body: @escaping @Sendable (any RedisExecutor) async throws -> Void) async throws {
        let version: RESPVersion = form.rawValue.hasSuffix("RESP2") ? .resp2 : .resp3
        try await withDatabases(version: version) { databases, _ in
            switch form {
            case .asynchronous, .asynchronousRESP2: try await body(try databases[.prompts])
            case .leased: try await databases[.prompts].withConnection { try await body($0) }
            case .blocking, .blockingRESP2: try await body(Blocking(base: try databases.blocking(.prompts)))
            }
        }
    }

    /// A blocking database under the asynchronous methods, so that one text tests both.
    private struct Blocking: RedisExecutor {
        let base: BlockingRedisDatabase
        var name: DatabaseName { base.name }

        func run<Reply>(_ command: RedisCommand<Reply>) async throws(RedisError) -> Reply { try base.run(command) }
        func pipeline(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] { try base.pipeline(batch) }
        func transaction<Replies>(
            _ transaction: RedisTransaction<Replies>
        ) async throws(RedisError) -> Replies { try base.transaction(transaction) }
    }
}
