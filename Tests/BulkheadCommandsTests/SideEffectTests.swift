@testable import BulkheadCommands
import BulkheadRESP
import Testing

private func encoded(_ words: [String]) -> EncodedCommand {
    RedisCommand<RESPValue>.raw(words[0], words.dropFirst().map { $0 as any RedisArgument }).encoded
}

@Suite struct `What running a command twice does` {
    @Test(arguments: [
        (["GET", "a"], RedisSideEffect.read),
        (["hgetall", "a"], .read),
        (["XREAD", "COUNT", "2", "STREAMS", "BLOCK", "0"], .read),
        (["XREAD", "BLOCK", "1", "STREAMS", "s", "$"], .never),
        (["OBJECT", "ENCODING", "a"], .read),
        (["OBJECT", "NEWFANGLED", "a"], .admin),
        (["CLIENT", "KILL", "ID", "1"], .admin),
        (["CONFIG"], .admin),
        (["SORT", "a", "BY", "b"], .read),
        (["SORT", "a", "STORE", "b"], .accumulatingWrite),
        (["SET", "a", "b"], .idempotentWrite),
        (["SET", "NX", "XX"], .idempotentWrite),
        (["SET", "a", "b", "px", "100"], .idempotentWrite),
        (["SET", "a", "b", "nx"], .accumulatingWrite),
        (["SET", "a", "b", "EX", "1", "GET"], .accumulatingWrite),
        (["SET", "a", "b", "NEWFANGLED"], .accumulatingWrite),
        (["ZADD", "z", "1", "a"], .idempotentWrite),
        (["ZADD", "z", "CH", "-inf", "NX"], .idempotentWrite),
        (["ZADD", "z", "INCR", "1", "a"], .accumulatingWrite),
        (["ZADD", "z", "gt", "1", "a"], .accumulatingWrite),
        (["EXPIRE", "a", "10"], .idempotentWrite),
        (["EXPIRE", "a", "10", "NX"], .accumulatingWrite),
        (["DEL", "a"], .idempotentWrite),
        (["INCR", "a"], .accumulatingWrite),
        (["LPUSH", "a", "b"], .accumulatingWrite),
        (["PUBLISH", "a", "b"], .accumulatingWrite),
        (["EVAL", "return 1", "0"], .never),
        (["EXEC"], .never),
        (["BLPOP", "a", "1"], .never),
        (["MODULE.COMMAND", "a"], .never),
    ])
    func `follows from its words`(_ words: [String], _ expected: RedisSideEffect) {
        #expect(RedisSideEffect(encoded: encoded(words).bytes) == expected)
    }

    @Test func `is in a batch that of its worst command`() {
        let reads = encoded(["GET", "a"]).bytes + encoded(["MGET", "INCR", "b"]).bytes
        #expect(RedisSideEffect(encoded: reads) == .read)
        #expect(RedisSideEffect(encoded: reads + encoded(["SET", "a", "b"]).bytes) == .idempotentWrite)
        let counted = encoded(["SET", "a", "b"]).bytes + encoded(["INCR", "a"]).bytes + reads
        #expect(RedisSideEffect(encoded: counted) == .accumulatingWrite)
        #expect(RedisSideEffect(encoded: counted + encoded(["EVAL", "", "0"]).bytes) == .never)
        #expect(RedisSideEffect(encoded: []) == .read)
    }

    @Test func `is known to the commands with a method`() {
        #expect(RedisCommand<Int>.incr("a").sideEffect == .accumulatingWrite)
        #expect(RedisCommand<String?>.get("a").sideEffect == .read)
    }

    @Test func `gives commands that are known a label, and the others one of their own`() {
        let labels = [
            ["get", "a"], ["CONFIG", "GET", "a"], ["EVAL", "", "0"], ["MY.COMMAND", "a"], ["x\u{7}", "b"],
        ]
        .map { encoded($0).label }
        #expect(labels == ["GET", "CONFIG", "EVAL", "OTHER", "OTHER"])
    }
}
