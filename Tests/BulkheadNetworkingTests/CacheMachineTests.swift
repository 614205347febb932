import BulkheadRESP
import BulkheadTestSupport
import Testing

@testable import BulkheadNetworking

@Suite struct `The machine of a cache` {
    private typealias Machine = CacheMachine<String>

    private let getA = CachedCommand(bytes: Array("GET a".utf8))
    private let lengthOfA = CachedCommand(bytes: Array("STRLEN a".utf8))
    private let getB = CachedCommand(bytes: Array("GET b".utf8))

    private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

    /// Connected and proved at zero; a second of proof, a minute of age.
    private func machine(bytes: Int = 1 << 20, proof: Duration = .seconds(1)) -> Machine {
        var machine = Machine(CacheBounds(bytes: bytes, age: .seconds(60), proof: proof))
        let number = machine.connect()
        _ = machine.proved(number, askedAt: at(0), SwapMarks(swaps: 0, calls: 1))
        return machine
    }

    /// What a change returned, as `#expect` takes no change itself.
    private func same<Value>(_ value: Value) -> Value { value }

    private func sent(_ step: Machine.Step) -> Int? {
        if case .send(let flight, _) = step { flight } else { nil }
    }

    private func isJoined(_ step: Machine.Step) -> Bool { if case .joined = step { true } else { false } }
    private func isPassed(_ step: Machine.Step) -> Bool { if case .pass = step { true } else { false } }

    /// Reads and has the server answer.
    private func fill(
        _ machine: inout Machine, _ command: CachedCommand, _ key: RESPBytes, _ value: RESPValue, at now: Moment,
        expiringAfter life: Duration? = nil
    ) throws {
        let flight = try #require(sent(machine.read(command, about: key, at: now, "reader")))
        #expect(same(machine.answered(flight, value, expiringAfter: life)) == ["reader"])
    }

    @Test func `answers from memory what was answered once`() throws {
        var machine = machine()
        #expect(same(machine.hit(getA, at: at(1))) == nil)
        try fill(&machine, getA, "a", .bulkString("one"), at: at(1))
        #expect(same(machine.hit(getA, at: at(2))) == .bulkString("one"))
        #expect(same(machine.hit(lengthOfA, at: at(2))) == nil, "another command about the key is another entry")
        let counts = machine.counts(at: at(2))
        #expect(counts.hits == 1)
        #expect(counts.misses == 1)
        #expect(counts.entries == 1)
        #expect(counts.bytes > 0)
    }

    @Test func `drops all that is kept about a key, and nothing else`() throws {
        var machine = machine()
        try fill(&machine, getA, "a", .bulkString("one"), at: at(1))
        try fill(&machine, lengthOfA, "a", .integer(3), at: at(1))
        try fill(&machine, getB, "b", .bulkString("two"), at: at(1))
        machine.changed("a")
        #expect(same(machine.hit(getA, at: at(2))) == nil)
        #expect(same(machine.hit(lengthOfA, at: at(2))) == nil)
        #expect(same(machine.hit(getB, at: at(2))) == .bulkString("two"))
    }

    @Test func `does not keep a reply whose key was named while it was under way`() throws {
        var machine = machine()
        let raced = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
        let other = try #require(sent(machine.read(getB, about: "b", at: at(1), "bob")))
        machine.changed("a")
        let told = machine.answered(raced, .bulkString("old"), expiringAfter: nil)
        #expect(told == ["ann"], "who waits gets it all the same")
        #expect(same(machine.hit(getA, at: at(2))) == nil)
        _ = machine.answered(other, .bulkString("two"), expiringAfter: nil)
        #expect(same(machine.hit(getB, at: at(2))) == .bulkString("two"), "another key was not named")
        #expect(machine.counts(at: at(2)).races == 1)
    }

    @Test func `keeps nothing that was under way when everything changed`() throws {
        var machine = machine()
        try fill(&machine, getB, "b", .bulkString("two"), at: at(1))
        let raced = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
        _ = machine.clear()
        _ = machine.answered(raced, .bulkString("old"), expiringAfter: nil)
        #expect(same(machine.hit(getA, at: at(2))) == nil)
        #expect(same(machine.hit(getB, at: at(2))) == nil)
        #expect(machine.counts(at: at(2)).bytes == 0)
    }

    @Test func `has many who read the same wait for one request`() throws {
        var machine = machine()
        let first = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
        #expect(isJoined(machine.read(getA, about: "a", at: at(2), "bob")))
        #expect(isJoined(machine.read(getA, about: "a", at: at(3), "cyd")))
        #expect(same(machine.answered(first, .bulkString("one"), expiringAfter: nil)) == ["ann", "bob", "cyd"])
        #expect(machine.counts(at: at(3)).joined == 2)
    }

    @Test func `begins another request for who comes after the key was named`() throws {
        var machine = machine()
        let first = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
        machine.changed("a")
        let second = try #require(sent(machine.read(getA, about: "a", at: at(2), "bob")))
        #expect(same(machine.answered(first, .bulkString("old"), expiringAfter: nil)) == ["ann"])
        #expect(isJoined(machine.read(getA, about: "a", at: at(3), "cyd")), "the second is still there to be joined")
        #expect(same(machine.answered(second, .bulkString("new"), expiringAfter: nil)) == ["bob", "cyd"])
        #expect(same(machine.hit(getA, at: at(4))) == .bulkString("new"))
    }

    @Test func `keeps nothing of a request that failed, and has the next one sent`() throws {
        var machine = machine()
        let first = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
        #expect(same(machine.answered(first, nil, expiringAfter: nil)) == ["ann"])
        #expect(sent(machine.read(getA, about: "a", at: at(2), "bob")) != nil)
    }

    @Test func `returns nothing that is older than its bound, or than the life of its key`() throws {
        var machine = machine(proof: .seconds(3_600))
        try fill(&machine, getA, "a", .bulkString("one"), at: at(0))
        try fill(&machine, getB, "b", .bulkString("two"), at: at(0), expiringAfter: .milliseconds(5))
        #expect(same(machine.hit(getB, at: at(4))) == .bulkString("two"))
        #expect(same(machine.hit(getB, at: at(5))) == nil)
        #expect(same(machine.hit(getA, at: at(59_999))) == .bulkString("one"))
        #expect(same(machine.hit(getA, at: at(60_000))) == nil)
        #expect(machine.counts(at: at(60_000)).entries == 0, "what is too old goes when it is found")
    }

    @Test func `returns nothing unless the server answered a question of the last second`() throws {
        var machine = machine()
        try fill(&machine, getA, "a", .bulkString("one"), at: at(1))
        #expect(same(machine.hit(getA, at: at(999))) == .bulkString("one"))
        #expect(same(machine.hit(getA, at: at(1_000))) == nil)
        #expect(isPassed(machine.read(getA, about: "a", at: at(1_000), "ann")), "nor does anybody join or send")
        #expect(!machine.counts(at: at(1_000)).isProved)
        // The answer counts from when it was asked for, and not from when it came.
        _ = machine.proved(1, askedAt: at(500), SwapMarks(swaps: 0, calls: 2))
        #expect(same(machine.hit(getA, at: at(1_499))) == .bulkString("one"), "it was late, and nothing was lost")
        #expect(same(machine.hit(getA, at: at(1_500))) == nil)
    }

    @Test func `drops everything when databases were swapped, or nobody can know`() throws {
        for (marks, isDropped) in [
            (SwapMarks(swaps: 0, calls: 2), false), (SwapMarks(swaps: 1, calls: 2), true),
            // The server's counts were reset.
            (SwapMarks(swaps: 0, calls: 1), true), (SwapMarks(swaps: 0, calls: 0), true),
        ] {
            var machine = machine()
            try fill(&machine, getA, "a", .bulkString("one"), at: at(1))
            _ = machine.proved(1, askedAt: at(500), marks)
            #expect((same(machine.hit(getA, at: at(501))) == nil) == isDropped, "\(marks)")
        }
    }

    @Test func `is empty after a lost connection, and until the next one is proved`() throws {
        var machine = machine()
        try fill(&machine, getA, "a", .bulkString("one"), at: at(1))
        _ = machine.read(getB, about: "b", at: at(2), "bob")
        let lost = try #require(same(machine.lost(1, at: at(2))))
        #expect(lost.waiters == ["bob"])
        #expect(same(machine.hit(getA, at: at(3))) == nil)
        #expect(isPassed(machine.read(getA, about: "a", at: at(3), "ann")))
        #expect(same(machine.lost(1, at: at(2))) == nil, "once")
        let second = machine.connect()
        #expect(same(machine.hit(getA, at: at(4))) == nil)
        #expect(same(machine.proved(1, askedAt: at(4), SwapMarks(swaps: 0, calls: 9))) == nil)
        #expect(!machine.counts(at: at(4)).isProved, "the answer of an old connection proves nothing")
        _ = machine.proved(second, askedAt: at(5), SwapMarks(swaps: 3, calls: 1))
        #expect(same(machine.hit(getA, at: at(6))) == nil)
        #expect(sent(machine.read(getA, about: "a", at: at(6), "ann")) != nil)
    }

    @Test func `is made anew at once behind a connection that was proved, and behind a longer pause each time else`() {
        let marks = SwapMarks(swaps: 0, calls: 1)
        var machine = Machine(
            CacheBounds(bytes: 1, age: .seconds(1), proof: .seconds(1)), Backoff(cap: .milliseconds(2_000)))
        for failures in 1...3 {
            #expect(same(machine.lost(machine.connect(), at: at(0)))?.failures == failures)
        }
        let lasting = machine.connect()
        for moment in [0, 1_000] { _ = machine.proved(lasting, askedAt: at(Int64(moment)), marks) }
        #expect(same(machine.lost(lasting, at: at(2_000)))?.failures == 0, "it was there for the longest pause")
        for failures in 1...3 {
            let short = machine.connect()
            _ = machine.proved(short, askedAt: at(3_000), marks)
            #expect(same(machine.lost(short, at: at(4_000)))?.failures == failures, "it was lost soon")
        }
    }

    @Test func `sends no more reads at once than may wait, and has others read as if there were no cache`() throws {
        for underWay in [LaneBounds(requests: 1), LaneBounds(unwrittenBytes: 1)] {
            var bounds = CacheBounds(bytes: 1 << 20, age: .seconds(60), proof: .seconds(1))
            bounds.underWay = underWay
            var machine = Machine(bounds)
            _ = machine.proved(machine.connect(), askedAt: at(0), SwapMarks(swaps: 0, calls: 1))
            for _ in 0..<2 {
                let flight = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
                #expect(isPassed(machine.read(getB, about: "b", at: at(1), "bob")))
                #expect(isJoined(machine.read(getA, about: "a", at: at(1), "cyd")))
                #expect(same(machine.answered(flight, nil, expiringAfter: nil)) == ["ann", "cyd"])
            }
            _ = try #require(sent(machine.read(getA, about: "a", at: at(1), "ann")))
            _ = machine.lost(1, at: at(2))
            _ = machine.proved(machine.connect(), askedAt: at(2), SwapMarks(swaps: 0, calls: 1))
            #expect(sent(machine.read(getB, about: "b", at: at(3), "bob")) != nil, "nothing waits at the new one")
        }
    }

    // MARK: What is kept

    @Test func `keeps those that were used last within its bound of bytes`() {
        var probe = CacheStore(mostBytes: .max)
        probe.insert(.bulkString("value-0"), to: CachedCommand(bytes: Array("GET 0".utf8)), about: "0", until: .never)
        let size = probe.bytes
        var store = CacheStore(mostBytes: 3 * size)
        func command(_ number: Int) -> CachedCommand { CachedCommand(bytes: Array("GET \(number)".utf8)) }
        func insert(_ number: Int) {
            store.insert(
                .bulkString(RESPBytes("value-\(number)")), to: command(number), about: RESPBytes("\(number)"),
                until: .never)
        }
        for number in 0..<3 { insert(number) }
        #expect(same(store.value(of: command(0), at: at(0))) != nil)
        insert(3)
        #expect(same(store.value(of: command(1), at: at(0))) == nil, "not used for the longest time")
        #expect(same(store.value(of: command(0), at: at(0))) == .bulkString("value-0"))
        #expect(store.count == 3)
        #expect(store.bytes == 3 * size)
        #expect(store.evictions == 1)
        let large = RESPValue.bulkString(RESPBytes([UInt8](repeating: 0, count: 4 * size)))
        store.insert(large, to: command(4), about: "4", until: .never)
        #expect(same(store.value(of: command(4), at: at(0))) == nil, "larger than the bound alone")
        #expect(store.count == 3, "and nothing had to go for it")
    }

    @Test func `stays in order through a million random changes`() {
        var random = SeededGenerator(seed: 7)
        var store = CacheStore(mostBytes: 40_000)
        // The same without bounds: what the store has must be the latest of it.
        var model: [String: String] = [:]
        for step in 0..<1_000_000 {
            let key = Int.random(in: 0..<50, using: &random)
            let word = ["GET", "STRLEN", "TYPE"][Int.random(in: 0..<3, using: &random)]
            let command = CachedCommand(bytes: Array("\(word) \(key)".utf8))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let expected = model["\(word) \(key)"].map { RESPValue.bulkString(RESPBytes($0)) }
                if let value = store.value(of: command, at: at(1)), value != expected {
                    Issue.record("step \(step): \(value), expected \(String(describing: expected))")
                }
            case 5..<8:
                store.insert(
                    .bulkString(RESPBytes("\(step)")), to: command, about: RESPBytes("\(key)"), until: at(2))
                model["\(word) \(key)"] = "\(step)"
            case 8:
                _ = store.remove(about: RESPBytes("\(key)"))
                for word in ["GET", "STRLEN", "TYPE"] { model["\(word) \(key)"] = nil }
            default:
                if Int.random(in: 0..<1_000, using: &random) == 0 {
                    _ = store.removeAll()
                    model = [:]
                }
            }
            if store.bytes > 40_000 || (store.count == 0) != (store.bytes == 0) {
                Issue.record("step \(step): \(store.bytes) bytes of \(store.count)")
            }
        }
        for key in 0..<50 { _ = store.remove(about: RESPBytes("\(key)")) }
        #expect(store.count == 0)
        #expect(store.bytes == 0)
        #expect(store.evictions > 0)
    }

    @Test func `reads how often databases were swapped from the server's words`() {
        let text = """
            # Commandstats\r
            cmdstat_info:calls=12,usec=5,usec_per_call=1.00,rejected_calls=0,failed_calls=0\r
            cmdstat_swapdb:calls=3,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0\r
            cmdstat_swapdb2:calls=9,usec=1\r\n
            """
        #expect(SwapMarks(.bulkString(RESPBytes(text))) == SwapMarks(swaps: 3, calls: 24))
        #expect(SwapMarks(.bulkString("# Commandstats\r\n")) == SwapMarks(swaps: 0, calls: 0))
        #expect(SwapMarks(.error("NOPERM no")) == nil)
        #expect(SwapMarks(.integer(1)) == nil)
    }
}
