@testable import Bulkhead
import BulkheadCommands
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// Counts by itself how often it ran.
private let counting = RedisScript<Int>("return redis.call('INCRBY', KEYS[1], ARGV[1])")

extension RedisDatabases {
    /// How often the server ran a command, refused calls among them.
    fileprivate func calls(of command: String) async throws -> Int {
        let line = try await self[.main].info("commandstats")["cmdstat_\(command)"] ?? ""
        let fields = line.split(separator: ",").map { $0.split(separator: "=") }
        let counts = fields.filter { ["calls", "rejected_calls"].contains($0[0]) }.compactMap { Int($0[1]) }
        return counts.reduce(0, +)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A script` {
    @Test func `has the digest that servers know it by`() async throws {
        #expect(SHA1.hexadecimal(of: []) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(SHA1.hexadecimal(of: Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            SHA1.hexadecimal(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        try await withDatabases { databases, _ in
            // Every length around the ends of two blocks.
            let texts = (0...130).map { "return 1 --" + String(repeating: "x", count: $0) }
            for text in texts + ["return 'gr\u{fc}n 🌱'"] {
                let digest = try await databases.server(of: .main).scriptLoad(text)
                #expect(RedisScript<Int>(text).digest == digest)
            }
            // Not all texts are UTF-8.
            let bytes = Array("return '".utf8) + [0xff, 0xfe, 0x80] + Array("'".utf8)
            let binary = RedisScript<[UInt8]>(bytes)
            #expect(binary.text == bytes)
            let digest = try await databases[.main].send("SCRIPT", "LOAD", bytes, as: String.self)
            #expect(binary.digest == digest)
            #expect(try await databases[.main].run(binary) == [0xff, 0xfe, 0x80])
        }
    }

    @Test func `runs by its digest, and by its text once where the server has forgotten it`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            for round in 0..<2 {
                #expect(try await main.run(counting, keys: ["n"], arguments: [1]) == 4 * round + 1)
                #expect(try await main.run(counting, keys: ["n"], arguments: [1]) == 4 * round + 2)
                #expect(try blocking.run(counting, keys: ["n"], arguments: [1]) == 4 * round + 3)
                let leased = try await main.withConnection { try await $0.run(counting, keys: ["n"], arguments: [1]) }
                #expect(leased == 4 * round + 4)
                #expect(try await databases.calls(of: "eval") == round + 1)
                #expect(try await databases.calls(of: "evalsha") == 4 * (round + 1))
                try await databases.server(of: .main).scriptFlush()
            }
            #expect(try blocking.run(counting, keys: ["n"], arguments: [1]) == 9)
        }
    }

    @Test func `is run once for each of fifty first calls at the same time`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await main.run(counting, keys: ["n"], arguments: [1]) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.sorted() == Array(1...50))
        }
    }

    @Test func `takes and returns bytes, and returns the type that it says`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let everything = (0...255).map { UInt8($0) }
            let echo = RedisScript<[[UInt8]]>("return {KEYS[1], ARGV[1], ARGV[2]}")
            let replies = try await main.run(echo, keys: [everything], arguments: ["", everything + everything])
            #expect(replies == [everything, [], everything + everything])
            #expect(try await main.run(RedisScript<String?>("return redis.call('GET', 'none')")) == nil)
            #expect(try await main.run(RedisScript<Bool>("return 1")))
            try await main.run(RedisScript<Void>("return {1, 2}"))
            let length = RedisScript<Int>("return {'a', 'b'}") { reply throws(RedisConversionError) in
                reply.elements?.count ?? 0
            }
            #expect(try await main.run(length) == 2)
            let error = await #expect(throws: RedisError.self) {
                try await main.run(RedisScript<Int>("return redis.error_reply('CUSTOM no')"))
            }
            #expect(error?.code.name == "CUSTOM" && error?.command == "EVAL")
            let wrong = await #expect(throws: RedisError.self) { try await main.run(RedisScript<Int>("return 'x'")) }
            #expect(wrong?.code == .unexpectedReply)
        }
    }

    @Test func `stands in pipelines and transactions, in its place, also when no server knows it`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let server = try databases.server(of: .main)
            let (first, second, read) = try await main.pipeline(
                .set("n", 10), counting.command(keys: ["n"], arguments: [1]), .get("n"))
            #expect(first && second == 11 && read == "11")
            try await server.scriptFlush()
            let (third, last) = try databases.blocking(.main).transaction(
                counting.command(keys: ["n"], arguments: [1]), .get("n"))
            #expect(third == 12 && last == "12")
            try await server.scriptFlush()
            var batch = RedisBatch()
            for _ in 0..<3 { batch.append(counting, keys: ["n"], arguments: [1]) }
            batch.append(.get("n"))
            let (texts, digests) = (try await databases.calls(of: "eval"), try await databases.calls(of: "evalsha"))
            #expect(try await main.pipeline(batch).first == .integer(13))
            #expect(try await databases.calls(of: "eval") == texts + 1, "its text is sent once")
            #expect(try await databases.calls(of: "evalsha") == digests + 2)
            try await server.scriptFlush()
            #expect(try await main.transaction(batch).prefix(3) == [.integer(16), .integer(17), .integer(18)])
            #expect(try await main.get("n") == "18")
        }
    }

    /// It would run twice.
    @Test func `whose own error begins with NOSCRIPT is not taken for one that did not run`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let liar = RedisScript<Int>("redis.call('INCR', 'n') return redis.error_reply('NOSCRIPT of another kind')")
            for runs in 1...2 {
                let error = await #expect(throws: RedisError.self) { try await main.run(liar) }
                #expect(error?.code == .noScript)
                #expect(try await main.get("n", as: Int.self) == runs)
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `that only reads cannot write, and is found by its text too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("a", "x")
            let reading = RedisScript<String?>("return redis.call('GET', KEYS[1])", isReadOnly: true)
            #expect(try await main.run(reading, keys: ["a"]) == "x")
            #expect(try await main.run(reading, keys: ["a"]) == "x")
            #expect(try databases.blocking(.main).run(reading, keys: ["none"]) == nil)
            #expect(try await databases.calls(of: "eval_ro") == 1)
            #expect(try await databases.calls(of: "evalsha_ro") == 3)
            let writing = RedisScript<Int>("return redis.call('INCR', KEYS[1])", isReadOnly: true)
            await #expect(throws: RedisError.self) { try await main.run(writing, keys: ["n"]) }
            #expect(try await main.get("n") == nil)
        }
    }

    @Test(arguments: [false, true])
    func `is sent again behind a lost connection only if it reads`(isReadOnly: Bool) async throws {
        let calls = Counter()
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while peer.readCommand() != nil {
                if calls.next() == 1 { return peer.hangUp() }
                peer.write(":1\r\n")
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let script = RedisScript<Int>("return 1", isReadOnly: isReadOnly)
        do throws(RedisError) {
            #expect(try await databases[.main].run(script) == 1)
            #expect(isReadOnly && calls.value == 2)
        } catch {
            #expect(!isReadOnly && error.isAmbiguous && calls.value == 1)
        }
        await databases.close()
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0))) struct `A library of functions` {
    private static func code(returning step: Int) -> String {
        """
        #!lua name=shop
        redis.register_function('take', function(keys, arguments)
            return redis.call('INCRBY', keys[1], arguments[1] * \(step))
        end)
        redis.register_function{
            function_name='look', flags={'no-writes'},
            callback=function(keys) return redis.call('GET', keys[1]) end
        }
        """
    }

    @Test func `is loaded, replaced, and its functions have types`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let shop = try RedisFunctionLibrary(Self.code(returning: 1))
            #expect(shop.name == "shop" && shop.engine == "LUA")
            let take = shop.function("take", as: Int.self)
            let look = shop.function("look", isReadOnly: true, as: String?.self)
            try await databases.server(of: .main).load(shop)
            #expect(try await main.run(take, keys: ["n"], arguments: [2]) == 2)
            try databases.blockingServer(of: .main).load(RedisFunctionLibrary(Self.code(returning: 10)))
            #expect(try blocking.run(take, keys: ["n"], arguments: [2]) == 22)
            #expect(try await main.run(look, keys: ["n"]) == "22" && blocking.run(look, keys: ["none"]) == nil)
            let (taken, seen) = try await main.transaction(
                take.command(keys: ["n"], arguments: [1]), look.command(keys: ["n"]))
            #expect(taken == 32 && seen == "32")
        }
    }

    @Test func `that was not loaded is named as the cause`() async throws {
        try await withDatabases { databases, _ in
            let take = RedisFunction<Int>("take")
            let error = await #expect(throws: RedisError.self) { try await databases[.main].run(take, keys: ["n"]) }
            #expect(error?.code == .functionMissing && error?.command == "FCALL" && error?.database == .main)
            #expect(error?.stage == .answered && error?.message.contains("load(") == true)
            let other = #expect(throws: RedisError.self) { try databases.blocking(.main).run(take, keys: ["n"]) }
            #expect(other?.code == .functionMissing)
        }
    }

    @Test func `that does not compile leaves the one that was there`() async throws {
        try await withDatabases { databases, _ in
            let server = try databases.server(of: .main)
            try await server.load(RedisFunctionLibrary(Self.code(returning: 1)))
            let broken = try RedisFunctionLibrary("#!lua name=shop\nthis is no Lua")
            let error = await #expect(throws: RedisError.self) { try await server.load(broken) }
            #expect(error?.code == .serverError && error?.command == "FUNCTION")
            #expect(try await databases[.main].run(RedisFunction<Int>("take"), keys: ["n"], arguments: [3]) == 3)
        }
    }

    @Test(arguments: ["", "return 1", "#!lua", "#!lua name=", "#! name=shop", "name=shop", "\n#!lua name=shop"])
    func `needs a first line that names it`(code: String) {
        let error = #expect(throws: RedisError.self) { try RedisFunctionLibrary(code) }
        #expect(error?.code == .invalidArgument && error?.stage == .refused)
    }
}
