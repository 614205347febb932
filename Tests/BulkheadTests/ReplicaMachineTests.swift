@testable import Bulkhead
import BulkheadNetworking
import Testing

private let start = Moment.now
private let a = Endpoint.tcp(host: "a", port: 1)
private let b = Endpoint.tcp(host: "b", port: 1)

@Suite struct `Replicas of a primary` {
    @Test func `serve while what they said is young enough, by turns, and nobody else does`() {
        var machine = ReplicaMachine([a, b], bound: .seconds(10))
        let first = machine.choose(at: start)
        #expect(first.replica == nil && first.checks == [a, b] && !first.mustDiscover)
        // Each is asked once at a time.
        #expect(machine.choose(at: start).checks == [])
        machine.answered(a, .follows(lastHeard: 4), askedAt: start, at: start)
        machine.answered(b, .follows(lastHeard: 0), askedAt: start, at: start)
        let turns = (0..<4).map { _ in machine.choose(at: start).replica }
        #expect(turns == [a, b, a, b])
        // Heard 4 to 5 s before it was asked: fresh for 5 s from then on.
        let later = (0..<2).map { _ in machine.choose(at: start + .milliseconds(5_000)).replica }
        #expect(later == [b, b])
        #expect(machine.choose(at: start + .seconds(9)).replica == nil)
    }

    @Test func `that have heard nothing for as long as can be said serve nothing`() {
        var machine = ReplicaMachine([a], bound: .seconds(10))
        _ = machine.choose(at: start)
        machine.answered(a, .follows(lastHeard: .max), askedAt: start, at: start)
        #expect(machine.choose(at: start).replica == nil)
        #expect(machine.choose(at: start + .seconds(1)).checks == [a])
    }

    @Test func `are asked again in time, and count from when they were asked`() {
        var machine = ReplicaMachine([a], bound: .seconds(2))
        _ = machine.choose(at: start)
        machine.answered(a, .follows(lastHeard: 0), askedAt: start, at: start + .milliseconds(900))
        #expect(machine.choose(at: start + .milliseconds(999)).replica == a)
        #expect(machine.choose(at: start + .milliseconds(1_000)).replica == nil)
        #expect(machine.choose(at: start + .milliseconds(1_399)).checks == [])
        #expect(machine.choose(at: start + .milliseconds(1_400)).checks == [a])
    }

    @Test func `that fail, or say that they are none, serve no more until they say otherwise`() {
        var machine = ReplicaMachine([a], bound: .seconds(10))
        _ = machine.choose(at: start)
        machine.answered(a, .follows(lastHeard: 0), askedAt: start, at: start)
        machine.failed(a)
        #expect(machine.choose(at: start).replica == nil)
        #expect(machine.choose(at: start + .seconds(1)).checks == [a])
        machine.answered(a, .useless, askedAt: start, at: start + .seconds(1))
        #expect(machine.choose(at: start + .seconds(1)).replica == nil)
        _ = machine.choose(at: start + .seconds(2))
        machine.answered(a, .follows(lastHeard: 1), askedAt: start + .seconds(2), at: start + .seconds(2))
        #expect(machine.choose(at: start + .seconds(2)).replica == a)
    }

    @Test func `answer for their own keys only, each as often, and none that was tried`() {
        let (c, d) = (Endpoint.tcp(host: "c", port: 1), Endpoint.tcp(host: "d", port: 1))
        var machine = ReplicaMachine([a, b, c, d], bound: .seconds(10))
        #expect(machine.choose(at: start, of: [a, b]).checks == [a, b])
        #expect(machine.choose(at: start, of: [c, d]).checks == [c, d])
        for replica in [a, b, c, d] {
            machine.answered(replica, .follows(lastHeard: 0), askedAt: start, at: start)
        }
        let turns = (0..<8).map { machine.choose(at: start, of: $0 % 2 == 0 ? [a, b] : [c, d]).replica }
        #expect(turns == [a, c, b, d, a, c, b, d])
        #expect(machine.choose(at: start, of: [a, b], besides: [a]).replica == b)
        #expect(machine.choose(at: start, of: [a, b], besides: [a, b]).replica == nil)
        #expect(machine.choose(at: start, of: []).replica == nil)
    }

    @Test func `of another zone, or of none, do not answer where a zone is asked for`() {
        var machine = ReplicaMachine([a, b], bound: .seconds(10), zone: "here")
        _ = machine.choose(at: start)
        machine.answered(a, .follows(lastHeard: 0, zone: "there"), askedAt: start, at: start)
        machine.answered(b, .follows(lastHeard: 0), askedAt: start, at: start)
        #expect(machine.choose(at: start).replica == nil)
        machine.answered(b, .follows(lastHeard: 0, zone: "here"), askedAt: start, at: start)
        #expect((0..<2).map { _ in machine.choose(at: start).replica } == [b, b])
    }

    @Test func `are asked for anew when there may be others, but not twice a second`() {
        var machine = ReplicaMachine([], bound: .seconds(10))
        _ = machine.choose(at: start)
        _ = machine.discovered([a], at: start)
        machine.doubt(at: start + .milliseconds(100))
        #expect(!machine.choose(at: start + .milliseconds(999)).mustDiscover)
        #expect(machine.choose(at: start + .seconds(1)).mustDiscover)
        _ = machine.discovered([a], at: start + .seconds(2))
        machine.doubt(at: start + .seconds(5))
        #expect(machine.choose(at: start + .seconds(5)).mustDiscover)
    }

    @Test func `are those that the primary names, where none are listed`() {
        var machine = ReplicaMachine([], bound: .seconds(10))
        #expect(machine.choose(at: start).mustDiscover && !machine.choose(at: start).mustDiscover)
        #expect(machine.discovered([a, b], at: start) == [])
        #expect(machine.choose(at: start).checks == [a, b])
        #expect(machine.choose(at: start + .seconds(9)).mustDiscover == false)
        #expect(machine.choose(at: start + .seconds(10)).mustDiscover == true)
        #expect(machine.discovered([b], at: start + .seconds(10)) == [a] && machine.endpoints == [b])
        // Where the primary says nothing those that are known stay.
        _ = machine.choose(at: start + .seconds(20))
        #expect(machine.discovered(nil, at: start + .seconds(20)) == [] && machine.endpoints == [b])
        #expect(machine.choose(at: start + .seconds(21)).mustDiscover == true)
    }
}

@Suite struct `Copies of one data set` {
    private var rules: RedisCopies {
        var rules = RedisCopies()
        rules.failures = 3
        rules.failureTime = .seconds(1)
        rules.recoveryTime = .seconds(30)
        return rules
    }

    @Test func `a copy is left after failures in a row over some time, and not before`() {
        var machine = CopyMachine(2, rules)
        for _ in 0..<10 { #expect(machine.failed(0, at: start) == false) }
        // An answer between them ends the row.
        #expect(machine.answered(0, at: start) == false)
        #expect(machine.failed(0, at: start + .seconds(2)) == false)
        #expect(machine.failed(0, at: start + .milliseconds(2_900)) == false)
        #expect(machine.failed(0, at: start + .milliseconds(2_999)) == false)
        #expect(machine.failed(0, at: start + .seconds(3)) && machine.current == 1)
    }

    @Test func `the first that answers takes its place`() {
        var machine = CopyMachine(3, rules)
        #expect(!machine.answered(2, at: start) && !machine.failed(1, at: start))
        for time in [0, 1, 2] { _ = machine.failed(0, at: start + .seconds(time)) }
        #expect(machine.current == 2)
    }

    @Test func `a better copy has its place back only when it has answered everything for a while`() {
        var machine = CopyMachine(2, rules)
        for time in [0, 1, 2] { _ = machine.failed(0, at: start + .seconds(time)) }
        #expect(machine.current == 1)
        #expect(machine.answered(0, at: start + .seconds(10)) == false)
        #expect(machine.answered(0, at: start + .seconds(39)) == false)
        // One failure, and the time begins anew.
        #expect(machine.failed(0, at: start + .seconds(39)) == false)
        #expect(machine.answered(0, at: start + .seconds(41)) == false)
        #expect(machine.answered(0, at: start + .seconds(70)) == false)
        #expect(machine.answered(0, at: start + .seconds(71)) && machine.current == 0)
    }

    @Test func `the heaviest is the best, and of equal ones the first, the name's own server before all`() throws {
        func order(_ weights: Double...) throws -> [Int] {
            var copies = RedisCopies()
            copies.all = try weights.map { RedisCopy(try DatabaseServer(url: "redis://a"), weight: $0) }
            return copies.order
        }
        #expect(try order() == [0])
        #expect(try order(1, 1) == [0, 1, 2])
        #expect(try order(0.5, 0.8) == [0, 2, 1])
        #expect(try order(1, 3, 0.1, 3) == [2, 4, 0, 1, 3])
        let two = RedisCopies([try DatabaseServer(url: "redis://a"), try DatabaseServer(url: "redis://b")])
        #expect(two.order == [0, 1, 2] && two.all.map(\.weight) == [1, 1])
        // A change in place keeps the weights that are there.
        var more = RedisCopies()
        more.all = [RedisCopy(try DatabaseServer(url: "redis://a"), weight: 0.5)]
        more.servers.append(try DatabaseServer(url: "redis://b"))
        #expect(more.all.map(\.weight) == [0.5, 1] && more.order == [0, 2, 1])
    }

    @Test func `where all fail the one in use stays, until another answers`() {
        var machine = CopyMachine(2, rules)
        for time in [0, 1, 2] {
            _ = machine.failed(1, at: start + .seconds(time))
            _ = machine.failed(0, at: start + .seconds(time))
        }
        #expect(machine.current == 0)
        #expect(machine.answered(1, at: start + .seconds(3)) == false)
        #expect(machine.failed(0, at: start + .seconds(3)) && machine.current == 1)
    }
}
