import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Testing

@testable import Bulkhead

/// What is worked out of a cluster's words, by value.
@Suite struct ClusterMapTests {
    static let asked = Endpoint.tcp(host: "a", port: 7000)

    @Test(arguments: [
        ("123456789", 12_739), ("", 0), ("foo", 12_182), ("{foo}bar", 12_182), ("bar{foo}{zap}", 12_182),
        ("{}foo", 9_500), ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("foo{bar", 15_278),
    ])
    func `a key's slot is that of its tag, and without one of all of it`(_ key: String, _ slot: Int) {
        #expect(HashSlot(ofKey: Array(key.utf8)).number == slot)
    }

    @Test func `a command is anywhere, in one slot, or in several`() {
        #expect(encoded("PING").slot == .any)
        #expect(encoded("GET", "foo").slot == .one(HashSlot(ofKey: Array("foo".utf8))))
        #expect(encoded("SUNION", "{foo}1", "{foo}2").slot == .one(HashSlot(ofKey: Array("foo".utf8))))
        #expect(encoded("ZUNION", "2", "a", "b").slot == .several([slot("a"), slot("b")]))
        #expect(encoded("XREAD", "COUNT", "1", "STREAMS", "a", "0").slot == .one(slot("a")))
        #expect(encoded("EVAL", "return 1", "0", "a").slot == .any)
        #expect(encoded("SPUBLISH", "foo", "a").slot == .one(slot("foo")))
        #expect(encoded("PUBLISH", "foo", "a").slot == .any)
    }

    @Test(arguments: [
        (["XREADGROUP", "GROUP", "streams", "c", "STREAMS", "k", ">"], ["k"]),
        (["XREADGROUP", "COUNT", "1", "GROUP", "g", "Streams", "STREAMS", "k", "l", ">", ">"], ["k", "l"]),
        (["XREAD", "STREAMS", "streams", "group", "0", "0"], ["streams", "group"]),
        (["SORT", "store", "ASC"], ["store"]), (["SORT", "k", "BY", "store", "ASC"], ["k"]),
        (["SORT", "k", "GET", "store", "ASC", "STORE", "d"], ["k", "d"]),
    ])
    func `keys, groups and values may be called as options`(_ words: [String], _ keys: [String]) {
        let command = RedisCommand<RESPValue>.raw(words[0], Array(words[1...])).encoded
        #expect(command.keys.map { String(decoding: $0, as: UTF8.self) } == keys)
    }

    @Test func `a map names the server of every slot, and what has moved since`() throws {
        var map = try #require(
            SlotMap(
                .array([
                    row(5_000...16_383, server("b", 7001), server("c", 7002)), row(0...4_998, server("a", 7000)),
                ]), from: Self.asked))
        #expect(map.primary(of: numbered(0)) == .tcp(host: "a", port: 7000))
        #expect(map.primary(of: numbered(4_998)) == .tcp(host: "a", port: 7000))
        #expect(map.primary(of: numbered(4_999)) == nil)
        #expect(map.primary(of: numbered(16_383)) == .tcp(host: "b", port: 7001))
        #expect(map.primaries == [.tcp(host: "a", port: 7000), .tcp(host: "b", port: 7001)])
        map.move(numbered(4_999), to: .tcp(host: "d", port: 7003))
        #expect(map.primary(of: numbered(4_999)) == .tcp(host: "d", port: 7003))
        #expect(map.servers.count == 4)
    }

    @Test func `a map names the replicas of slots, where one primary has all of them`() throws {
        let first = [row(0...99, server("a", 1), server("b", 2)), row(100...199, server("a", 1), server("b", 2))]
        let rows = first + [row(200...299, server("c", 3), server("d", 4))]
        var map = try #require(SlotMap(.array(RESPArray(rows)), from: Self.asked))
        #expect(map.replicas(of: [numbered(0), numbered(150)]) == [.tcp(host: "b", port: 2)])
        #expect(map.replicas(of: [numbered(0), numbered(200)]) == [])
        #expect(map.replicas(of: [numbered(400)]) == [] && map.replicas(of: []) == [])
        #expect(Set(map.replicas) == [.tcp(host: "b", port: 2), .tcp(host: "d", port: 4)])
        map.move(numbered(0), to: .tcp(host: "c", port: 3))
        #expect(map.replicas(of: [numbered(0)]) == [])
        #expect(map.replicas(of: [numbered(1)]) == [.tcp(host: "b", port: 2)])
    }

    @Test func `no host means the server that was asked, and an unknown one the address beside it`() throws {
        let map = try #require(
            SlotMap(
                .array([
                    row(0...1, .array([.null, .integer(7000)])),
                    row(2...3, .array([.bulkString(RESPBytes("")), .integer(7001)])),
                    row(
                        4...5, .array([word("?"), .integer(7002), word("id"), .array([word("ip"), word("10.0.0.3")])])),
                    row(6...7, .array([word("?"), .integer(7003), word("id"), .array([])])),
                ]), from: Self.asked))
        #expect(map.primary(of: numbered(0)) == .tcp(host: "a", port: 7000))
        #expect(map.primary(of: numbered(2)) == .tcp(host: "a", port: 7001))
        #expect(map.primary(of: numbered(4)) == .tcp(host: "10.0.0.3", port: 7002))
        #expect(map.primary(of: numbered(6)) == nil)
    }

    @Test(arguments: [
        RESPValue.null, .array([]), .array([.integer(1)]), .error(RESPBytes("ERR no cluster")),
        .array([.array([.integer(-1), .integer(5), .array([.bulkString(RESPBytes("a")), .integer(1)])])]),
        .array([.array([.integer(0), .integer(16_384), .array([.bulkString(RESPBytes("a")), .integer(1)])])]),
        .array([.array([.integer(0), .integer(5), .array([.bulkString(RESPBytes("a")), .integer(0)])])]),
    ])
    func `what is no map is none`(_ reply: RESPValue) {
        #expect(SlotMap(reply, from: Self.asked) == nil)
    }

    @Test func `a redirection is read, and every other error is left alone`() throws {
        func read(_ text: String) -> Redirection? { Redirection(RESPBytes(text), from: Self.asked, by: .server) }
        let slot = numbered(866)
        #expect(read("MOVED 866 127.0.0.1:7001") == .moved(slot, .tcp(host: "127.0.0.1", port: 7001)))
        #expect(read("MOVED 866 :7001") == .moved(slot, .tcp(host: "a", port: 7001)))
        #expect(read("ASK 866 ::1:7001") == .ask(.tcp(host: "::1", port: 7001)))
        #expect(read("TRYAGAIN Multiple keys request during rehashing of slot") == .tryAgain)
        for text in ["MOVED 866 ?:7001", "ASK 866 ?:7001", "MOVED 866 a:0", "MOVED 866 a"] {
            #expect(read(text) == .elsewhere(slot), "\(text)")
        }
        #expect(read("CLUSTERDOWN The cluster is down") == .tryAgain)
        for text in ["MOVED", "MOVED x a:1", "MOVED 16384 a:1", "ERR", ""] {
            #expect(read(text) == nil, "\(text)")
        }
    }

    @Test func `a command over several slots is taken apart where that is the same, and refused where it is not`()
        throws
    {
        guard
            case .parts(let parts, .elements(count: 3)) = try ClusterPlan(
                encoded("MGET", "a", "b", "{a}c").bytes, count: 1)
        else {
            Issue.record("MGET is not taken apart")
            return
        }
        #expect(parts.map(\.places) == [[0, 2], [1]])
        #expect(parts.map { Array($0.bytes) } == [encoded("MGET", "a", "{a}c").bytes, encoded("MGET", "b").bytes])
        guard case .parts(let pairs, .first) = try ClusterPlan(encoded("MSET", "a", "1", "b", "2").bytes, count: 1)
        else {
            Issue.record("MSET is not taken apart")
            return
        }
        #expect(pairs.map { Array($0.bytes) } == [encoded("MSET", "a", "1").bytes, encoded("MSET", "b", "2").bytes])
        for command in [
            encoded("SUNION", "a", "b"), encoded("MSETNX", "a", "1", "b", "2"), encoded("RENAME", "a", "b"),
        ] {
            #expect {
                _ = try ClusterPlan(command.bytes, count: 1)
            } throws: {
                ($0 as? ConnectionFailure)?.stage == .refused && ($0 as? ConnectionFailure)?.reason == .crossSlot
            }
        }
    }

    @Test func `the rows of a search are read where the search was made`() throws {
        for command in [
            encoded("FT.AGGREGATE", "index", "*", "WITHCURSOR"), encoded("FT.CURSOR", "READ", "index", "7"),
            encoded("FT.CURSOR", "DEL", "index", "7"),
        ] {
            guard case .whole(HashSlot(ofKey: Array("index".utf8))?) = try ClusterPlan(command.bytes, count: 1) else {
                Issue.record("\(command.name) goes to any server")
                continue
            }
        }
    }

    @Test func `a command whose words do not share out among its keys goes to one server, which says so`() throws {
        let broken = encoded("MSET", "a", "1", "b")
        guard case .whole(HashSlot(ofKey: Array("a".utf8))) = try ClusterPlan(broken.bytes, count: 1) else {
            Issue.record("it is not sent in one piece")
            return
        }
    }

    @Test func `redirections are followed at once, then after pauses, and not past the deadline`() throws {
        var machine = RedirectionMachine(until: Deadline(after: Timeout(.seconds(60))))
        let moved = Redirection.moved(numbered(1), Self.asked)
        #expect(machine.step(after: nil as Redirection?) == .stands)
        for _ in 0..<3 { #expect(machine.step(after: moved) == .again(after: .zero, refresh: false)) }
        for _ in 0..<50 {
            guard case .again(let pause, refresh: true) = machine.step(after: moved) else {
                Issue.record("it is not followed")
                return
            }
            #expect(pause <= .milliseconds(200))
        }
        // A slot's server says ASK until all of the slot has moved: it is followed as long as it takes.
        guard case .ask(Self.asked, after: let pause) = machine.step(after: .ask(Self.asked)) else {
            Issue.record("it is not asked")
            return
        }
        #expect(pause > .zero)
        var late = RedirectionMachine(until: Deadline(after: Timeout(.nanoseconds(-1))))
        #expect(late.step(after: .tryAgain) == .stands)
        // What may have run is not the topology's to repeat.
        #expect(machine.step(after: ConnectionFailure(.closedByServer, "", stage: .sent)) == .stands)
    }

    @Test func `where no more attempt is made a redirection is a failure, and that the cluster is down is a reply`()
        throws
    {
        func refusal(_ redirection: Redirection?, inTurn: Bool = false) -> ConnectionFailure? {
            var machine = RedirectionMachine(until: Deadline(after: Timeout(.nanoseconds(-1))))
            _ = inTurn ? machine.stepInTurn(after: redirection) : machine.step(after: redirection)
            do throws(ConnectionFailure) {
                try machine.refuse(of: numbered(1))
                return nil
            } catch {
                return error
            }
        }
        for redirection in [
            Redirection.moved(numbered(1), Self.asked), .ask(Self.asked), .elsewhere(numbered(1)),
        ] {
            for inTurn in [false, true] {
                let failure = try #require(refusal(redirection, inTurn: inTurn))
                #expect(failure.reason == .timedOut && failure.stage.isSafeToRetry)
                #expect(failure.message.contains("slot 1"))
            }
        }
        #expect(refusal(.tryAgain) == nil && refusal(nil) == nil)
    }

    private func encoded(_ words: String...) -> EncodedCommand {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return EncodedCommand(encoded: encoder.bytes)
    }

    private func numbered(_ number: Int) -> HashSlot { HashSlot(number)! }

    private func slot(_ key: String) -> HashSlot { HashSlot(ofKey: Array(key.utf8)) }

    private func word(_ text: String) -> RESPValue { .bulkString(RESPBytes(text)) }

    private func server(_ host: String, _ port: Int64) -> RESPValue {
        .array([.bulkString(RESPBytes(host)), .integer(port), word("id")])
    }

    private func row(_ slots: ClosedRange<Int64>, _ servers: RESPValue...) -> RESPValue {
        .array(RESPArray([.integer(slots.lowerBound), .integer(slots.upperBound)] + servers))
    }
}
