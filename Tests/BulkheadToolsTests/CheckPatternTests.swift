import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

@Suite("Patterns of keys") struct CheckPatternTests {
    @Test(arguments: [
        ("session:*", "session:1", true), ("session:*", "session:", true), ("session:*", "my_session:1", false),
        ("session:*", "session", false), ("*chat*", "my_chatroom_config", true),
        ("session:*", "my_chatroom_config", false),
        ("a?c", "abc", true), ("a?c", "ac", false), ("[a-c]x", "bx", true), ("[c-a]x", "bx", true),
        ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), (#"\*"#, "*", true), (#"\*"#, "x", false),
        ("[abc", "b", true), ("[", "[", false), (#"a\"#, #"a\"#, true),
        ("*a*b", "xaybzb", true), ("*a*b", "xayz", false),
        ("", "", true), ("*", "", true), ("**", "x", true), ("", "x", false),
    ])
    func `a pattern speaks of the whole key, by its bytes`(pattern: String, key: String, fits: Bool) {
        #expect(KeyPattern(pattern).matches(key.utf8) == fits)
    }

    @Test func `bytes that are no text are bytes like others`() {
        #expect(KeyPattern("?").matches([0xff]))
        #expect(KeyPattern("a*").matches([0x61, 0x00, 0xfe]))
        // é is two bytes, to the server too.
        #expect(!KeyPattern("?").matches("é".utf8))
        #expect(KeyPattern("??").matches("é".utf8))
    }

    @Test(.timeLimit(.minutes(10))) func `a pattern of many stars takes no longer than its length times the key's`() {
        let pattern = KeyPattern(String(repeating: "a*", count: 200) + "b")
        let key = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
        #expect(!pattern.matches(key))
        #expect(KeyPattern(String(repeating: "*a", count: 200)).matches(key))
    }

    @Test func `of two patterns the one with more certain bytes counts more`() {
        #expect(KeyPattern("doc:*").literalBytes == 4)
        #expect(KeyPattern("*:doc").literalBytes == 4)
        #expect(KeyPattern("d[o]c?").literalBytes == 3)
        #expect(KeyPattern("doc:*").mayMeet(KeyPattern("doc:cache:*")))
        #expect(KeyPattern("doc:*").mayMeet(KeyPattern("*")))
        #expect(!KeyPattern("doc:*").mayMeet(KeyPattern("fact:*")))
    }

    @Test(.timeLimit(.minutes(10))) func `random patterns find what the server finds by them`() async throws {
        try await RedisTestServer.withServer { server in
            let databases = try RedisDatabases(url: server.url)
            let main = try databases[.main]
            var random = SeededGenerator(seed: 42)
            // Few letters, so that much matches; the rest is what patterns are made of, and bytes above 0x7f.
            let letters = Array("ab-]^\\*?[".utf8) + [0x80, 0xff, 0x7f]
            func word(upTo longest: Int, from alphabet: [UInt8]) -> [UInt8] {
                (0..<Int.random(in: 0...longest, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            }
            var keys: Set<RESPBytes> = [RESPBytes(), "a", "b"]
            for _ in 0..<400 { keys.insert(RESPBytes(word(upTo: 6, from: letters))) }
            for result in try await main.pipeline(keys.map { .raw("SET", [$0, "v"]) }) { _ = try result.get() }
            let syntax = Array("ab*?[[]^-\\".utf8) + [0x80, 0xff]
            var patterns: [[UInt8]] = [[], Array("**".utf8), Array("[".utf8), Array("[^".utf8), Array("*\\".utf8)]
            for _ in 0..<2_000 { patterns.append(word(upTo: 9, from: syntax)) }
            let replies = try await main.pipeline(
                patterns.map { .raw("SCAN", ["0", "MATCH", $0, "COUNT", "100000"], as: [RESPValue].self) })
            var found = 0
            for (pattern, reply) in zip(patterns, replies) {
                let page = try reply.get()
                try #require(page[0].bytes?.elementsEqual("0".utf8) == true, "the scan has more than one page")
                let theirs = Set(try [RESPBytes](redis: page[1]))
                let compiled = KeyPattern(pattern, text: "")
                let ours = keys.filter { compiled.matches($0) }
                found += theirs.count
                let wrong = ours.symmetricDifference(theirs)
                #expect(wrong.isEmpty, "\(RESPBytes(pattern)) is judged otherwise on \(wrong)")
            }
            #expect(found > 10_000)
            await databases.close()
        }
    }
}
