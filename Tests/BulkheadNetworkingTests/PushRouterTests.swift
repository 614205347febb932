@testable import BulkheadNetworking
import BulkheadRESP
import Testing

@Suite struct `A router of pushed values` {
    private func push(_ words: String...) -> RESPValue { .push(words.map { .bulkString(RESPBytes($0)) }) }

    private func readers(_ router: PushRouter<String>, _ push: RESPValue) -> [String] {
        var readers: [String] = []
        router.forEachReader(of: push) { reader, _ in readers.append(reader) }
        return readers
    }

    @Test func `gives everything to who takes the rest, where nobody else is`() {
        var router = PushRouter<String>()
        #expect(readers(router, push("message", "a", "x")) == [])
        let rest = router.register("rest", for: .rest)
        for push in [push("message", "a", "x"), push("tracking-redir-broken", "7"), push(), .push([.null])] {
            #expect(readers(router, push) == ["rest"])
        }
        router.unregister(rest)
        #expect(readers(router, push("message", "a", "x")) == [])
    }

    @Test(arguments: [false, true])
    func `tells channels, patterns and shard channels of one name apart, in either protocol`(_ isRESP2: Bool) {
        var router = PushRouter<String>()
        _ = router.register("rest", for: .rest)
        _ = router.register("channel", for: .channel("a"))
        _ = router.register("pattern", for: .pattern("a"))
        _ = router.register("shard", for: .shardChannel("a"))
        _ = router.register("tracking", for: .invalidation)
        func wire(_ push: RESPValue) -> RESPValue { isRESP2 ? .array(push.elements ?? []) : push }
        #expect(readers(router, wire(push("message", "a", "x"))) == ["channel"])
        #expect(readers(router, wire(push("message", "b", "x"))) == ["rest"])
        #expect(readers(router, wire(push("pmessage", "a", "channel", "x"))) == ["pattern"])
        #expect(readers(router, wire(push("smessage", "a", "x"))) == ["shard"])
        #expect(readers(router, .push([.bulkString("invalidate"), .null])) == ["tracking"])
        #expect(readers(router, .push([.bulkString("invalidate"), .array([.bulkString("a")])])) == ["tracking"])
        #expect(readers(router, wire(push("other", "a", "x"))) == ["rest"])
        let moved = wire(.push([.bulkString("sunsubscribe"), .bulkString("a"), .integer(0)]))
        #expect(readers(router, moved) == ["shard"], "whose subscription the server has ended")
    }

    @Test func `gives a message to all who want it, in the order they came, until they go`() {
        var router = PushRouter<String>()
        _ = router.register("rest", for: .rest)
        let first = router.register("first", for: .channel("a"))
        let second = router.register("second", for: .channel("a"))
        #expect(readers(router, push("message", "a", "x")) == ["first", "second"])
        router.unregister(first)
        router.unregister(first)
        #expect(readers(router, push("message", "a", "x")) == ["second"])
        router.unregister(second)
        #expect(readers(router, push("message", "a", "x")) == ["rest"])
    }
}
