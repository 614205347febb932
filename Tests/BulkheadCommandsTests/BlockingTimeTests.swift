@testable import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct `How long a command may wait on the server` {
    @Test(arguments: [
        (["BLPOP", "a", "b", "5"], BlockingTime.upTo(.seconds(5))),
        (["brpop", "a", "0.25"], .upTo(.milliseconds(250))),
        (["BLPOP", "a", "0"], .unlimited),
        (["BZPOPMIN", "a", "1"], .upTo(.seconds(1))),
        (["BLMOVE", "a", "b", "LEFT", "RIGHT", "2"], .upTo(.seconds(2))),
        (["BLMOVEM", "a", "b", "LEFT", "RIGHT", "2", "COUNT", "9", "OBO"], .upTo(.seconds(2))),
        (["BLMOVEM", "a", "b", "LEFT", "RIGHT"], .none),
        (["BLMPOP", "3", "1", "a", "LEFT"], .upTo(.seconds(3))),
        (["BZMPOP", "0", "1", "a", "MIN"], .unlimited),
        (["XREAD", "COUNT", "1", "BLOCK", "1500", "STREAMS", "s", "$"], .upTo(.milliseconds(1_500))),
        (["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"], .unlimited),
        (["XREADGROUP", "GROUP", "streams", "c", "BLOCK", "7", "STREAMS", "s", ">"], .upTo(.milliseconds(7))),
        (["XREADGROUP", "COUNT", "1", "GROUP", "g", "Streams", "BLOCK", "0", "STREAMS", "s", ">"], .unlimited),
        (["XREADGROUP", "GROUP", "block", "block", "STREAMS", "s", ">"], .none),
        (["XREAD", "STREAMS", "BLOCK", "0"], .none),
        (["WAIT", "1", "100"], .upTo(.milliseconds(100))),
        (["WAITAOF", "1", "0", "0"], .unlimited),
        (["BLPOP", "a", "soon"], .none),
        (["BLPOP", "a", "-1"], .none),
        (["BLPOP", "a", "1e300"], .unlimited),
        (["XREAD", "BLOCK"], .none),
        (["GET", "a"], .none),
    ])
    func `stands in its own arguments`(_ words: [String], _ expected: BlockingTime) {
        let command = RedisCommand<RESPValue>.raw(words[0], words.dropFirst().map { $0 as any RedisArgument })
        #expect(command.encoded.blockingTime == expected)
    }
}
