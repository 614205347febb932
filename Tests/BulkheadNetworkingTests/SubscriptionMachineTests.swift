import BulkheadRESP
import Testing

@testable import BulkheadNetworking

@Suite struct `The machine of subscriptions` {
    private typealias Machine = SubscriptionMachine<String>

    private func at(_ seconds: Int64) -> Moment { Moment(nanoseconds: seconds * 1_000_000_000) }

    private func channel(_ name: String) -> SubscriptionSubject { SubscriptionSubject(.channel, RESPBytes(name)) }
    private func pattern(_ name: String) -> SubscriptionSubject { SubscriptionSubject(.pattern, RESPBytes(name)) }

    private let lost = ConnectionFailure(.closedByServer, "lost")
    private let refused = ConnectionFailure(.connectFailed, "refused")

    /// Actions as text; names and subscribers that come in no order are sorted.
    private func words(_ actions: [Machine.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .connect(let number): "connect \(number)"
            case .send(let number, let kind, let names):
                "\(number): \(kind.word) "
                    + names.map { String(decoding: $0, as: UTF8.self) }.sorted().joined(separator: " ")
            case .close(let number): "close \(number)"
            case .retry(_, let failures): "retry after \(failures)"
            case .awaitIdleTime: "idle"
            case .subscribed(let subscriber): "\(subscriber) subscribed"
            case .gap(let subscriber, _): "\(subscriber) gap"
            case .ended(let subscriber, nil): "\(subscriber) ended"
            case .ended(let subscriber, .refused(let line)?):
                "\(subscriber) refused: \(String(decoding: line, as: UTF8.self))"
            case .ended(let subscriber, .connection(let failure)?): "\(subscriber) failed: \(failure)"
            }
        }
    }

    private func receivers(_ machine: inout Machine, _ subject: SubscriptionSubject) -> (of: [String], gaps: [String]) {
        var gaps: [Machine.Action] = []
        let receivers = machine.receivers(of: subject, gaps: &gaps).values.sorted()
        return (receivers, words(gaps).sorted())
    }

    @Test func `connects for the first, sends what gathers meanwhile in one command, and confirms each`() {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [channel("a")])
        #expect(words(first) == ["connect 1", "1: SUBSCRIBE a"])
        #expect(words(machine.subscribe("bob", to: [channel("b")]).1).isEmpty, "one command at a time")
        #expect(words(machine.subscribe("cyd", to: [channel("a"), channel("c")]).1).isEmpty)
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["ann subscribed", "1: SUBSCRIBE b c"])
        #expect(words(machine.subscribe("dan", to: [channel("a")]).1) == ["dan subscribed"], "the server has it")
        #expect(Set(words(machine.answered(nil, on: 1, at: at(0)))) == ["bob subscribed", "cyd subscribed"])
        #expect(receivers(&machine, channel("a")).of == ["ann", "cyd", "dan"])
        #expect(receivers(&machine, pattern("a")).of.isEmpty, "a pattern is no channel")
    }

    @Test func `names channels and patterns in commands of their own`() {
        var machine = Machine()
        let (_, actions) = machine.subscribe("ann", to: [channel("a"), pattern("a"), channel("b")])
        #expect(words(actions) == ["connect 1", "1: SUBSCRIBE a b"])
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["1: PSUBSCRIBE a"])
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["ann subscribed"])
    }

    @Test func `ends a channel on the server with its last subscriber, and the connection after the last channel`() {
        var machine = Machine()
        let (ann, _) = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        let (bob, _) = machine.subscribe("bob", to: [channel("a")])
        #expect(words(machine.unsubscribe(ann)).isEmpty)
        #expect(receivers(&machine, channel("a")).of == ["bob"])
        #expect(words(machine.unsubscribe(bob)) == ["1: UNSUBSCRIBE a"])
        #expect(words(machine.unsubscribe(bob)).isEmpty, "twice is harmless")
        let idle = machine.answered(nil, on: 1, at: at(0))
        #expect(words(idle) == ["idle"])
        guard case .awaitIdleTime(let number)? = idle.first else { return }
        let (_, again) = machine.subscribe("cyd", to: [channel("a")])
        #expect(words(again) == ["1: SUBSCRIBE a"], "over the connection there is")
        #expect(words(machine.idleTimeIsOver(number)).isEmpty, "somebody came")
    }

    @Test func `closes the connection when its idle time is over`() {
        var machine = Machine()
        let (ann, _) = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        _ = machine.unsubscribe(ann)
        guard case .awaitIdleTime(let number)? = machine.answered(nil, on: 1, at: at(0)).first else {
            Issue.record("no idle time")
            return
        }
        #expect(words(machine.idleTimeIsOver(number)) == ["close 1"])
        #expect(words(machine.subscribe("bob", to: [channel("a")]).1) == ["connect 2", "2: SUBSCRIBE a"])
    }

    @Test func `asks again for a channel that is wanted again while its end is under way`() {
        var machine = Machine()
        let (ann, _) = machine.subscribe("ann", to: [channel("a")])
        #expect(words(machine.unsubscribe(ann)).isEmpty, "its command is under way")
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["1: UNSUBSCRIBE a"])
        #expect(words(machine.subscribe("bob", to: [channel("a")]).1).isEmpty)
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["1: SUBSCRIBE a"])
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["bob subscribed"])
    }

    @Test func `finds out which channel of several was refused, and fails those who listen to it alone`() {
        var machine = Machine()
        _ = machine.subscribe("ann", to: [channel("a")])
        _ = machine.subscribe("bob", to: [channel("b")])
        _ = machine.subscribe("cyd", to: [channel("b"), channel("c")])
        _ = machine.answered(nil, on: 1, at: at(0))
        var ends: [String] = []
        var actions = machine.answered("NOPERM", on: 1, at: at(0))
        while case .send(_, _, let names)? = actions.last {
            #expect(names.count == 1)
            actions = machine.answered(names == ["c"] ? "NOPERM" : nil, on: 1, at: at(0))
            ends += words(actions).filter { !$0.hasPrefix("1:") }
        }
        #expect(Set(ends) == ["bob subscribed", "cyd refused: NOPERM"])
        #expect(receivers(&machine, channel("b")).of == ["bob"])
        #expect(receivers(&machine, channel("c")).of.isEmpty)
    }

    @Test func `asks a new connection for everything, and puts a gap before what comes from it`() {
        var machine = Machine()
        _ = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        _ = machine.subscribe("bob", to: [channel("a"), channel("b")])
        _ = machine.answered(nil, on: 1, at: at(0))
        #expect(words(machine.lost(1, lost, wasConnected: true, at: at(0))) == ["connect 2", "2: SUBSCRIBE a b"])
        #expect(words(machine.subscribe("cyd", to: [channel("a")]).1).isEmpty)
        #expect(words(machine.answered(nil, on: 1, at: at(0))).isEmpty, "of the old connection")
        let early = receivers(&machine, channel("a"))
        #expect(early.gaps == ["ann gap", "bob gap"] && early.of == ["ann", "bob", "cyd"])
        #expect(receivers(&machine, channel("a")).gaps.isEmpty, "told once")
        #expect(words(machine.answered(nil, on: 2, at: at(0))).sorted() == ["bob gap", "cyd subscribed"])
    }

    @Test func `fails unconfirmed subscribers if no connection is made, and tries again for all others`() {
        var machine = Machine()
        _ = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        _ = machine.lost(1, lost, wasConnected: true, at: at(0))
        _ = machine.subscribe("bob", to: [channel("b")])
        let actions = machine.lost(2, refused, wasConnected: false, at: at(0))
        #expect(words(actions) == ["bob failed: refused", "retry after 1"])
        guard case .retry(let number, _)? = actions.last else { return }
        #expect(words(machine.retryIsDue(number)) == ["connect 3", "3: SUBSCRIBE a"])
        #expect(words(machine.retryIsDue(number)).isEmpty, "out of date")
        let again = machine.lost(3, lost, wasConnected: true, at: at(0))
        #expect(words(again) == ["retry after 2"], "nothing was confirmed on it")
    }

    @Test func `waits longer and longer behind connections that are lost soon, though each was confirmed`() {
        var machine = Machine(isInCluster: false, Backoff(cap: .seconds(2)))
        _ = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        #expect(words(machine.lost(1, lost, wasConnected: true, at: at(1))) == ["connect 2", "2: SUBSCRIBE a"])
        for failures in 1...3 {
            _ = machine.answered(nil, on: failures + 1, at: at(2))
            let actions = machine.lost(failures + 1, lost, wasConnected: true, at: at(3))
            #expect(words(actions) == ["retry after \(failures)"])
            guard case .retry(let number, _)? = actions.last else { return }
            _ = machine.retryIsDue(number)
        }
        _ = machine.answered(nil, on: 5, at: at(4))
        let actions = machine.lost(5, lost, wasConnected: true, at: at(6))
        #expect(words(actions) == ["connect 6", "6: SUBSCRIBE a"], "it was there for the longest pause")
    }

    /// Whoever knows the cluster comes back as soon as there is a map.
    @Test func `waits in a cluster too, where whoever comes back finds a server that closes each connection`() {
        var machine = Machine(isInCluster: true, Backoff(cap: .seconds(2)))
        #expect(words(machine.subscribe("ann", to: [channel("a")]).1) == ["connect 1", "1: SUBSCRIBE a"])
        for connection in 1...3 {
            _ = machine.answered(nil, on: connection, at: at(0))
            #expect(words(machine.lost(connection, lost, wasConnected: true, at: at(1))) == ["ann failed: lost"])
            let (_, actions) = machine.subscribe("ann", to: [channel("a")])
            if connection == 1 {
                #expect(words(actions) == ["connect 2", "2: SUBSCRIBE a"])
                continue
            }
            #expect(words(actions) == ["retry after \(connection - 1)"])
            let (bob, others) = machine.subscribe("bob", to: [channel("a")])
            #expect(words(others).isEmpty, "the pause is for all")
            #expect(words(machine.unsubscribe(bob)).isEmpty)
            guard case .retry(let number, _)? = actions.last else { return }
            let next = connection + 1
            #expect(words(machine.retryIsDue(number)) == ["connect \(next)", "\(next): SUBSCRIBE a"])
        }
    }

    @Test func `ends everybody where the login is refused, and makes no other attempt`() {
        var machine = Machine()
        _ = machine.subscribe("ann", to: [channel("a")])
        _ = machine.answered(nil, on: 1, at: at(0))
        _ = machine.lost(1, lost, wasConnected: true, at: at(0))
        let wrong = ConnectionFailure(.authenticationFailed, "wrong password")
        #expect(words(machine.lost(2, wrong, wasConnected: false, at: at(0))) == ["ann failed: wrong password"])
    }

    @Test func `asks again for a shard channel that the server has ended, with a gap`() {
        var machine = Machine()
        let shard = SubscriptionSubject(.shardChannel, "s")
        _ = machine.subscribe("ann", to: [shard])
        _ = machine.answered(nil, on: 1, at: at(0))
        #expect(words(machine.endedByServer(shard, on: 1)) == ["1: SSUBSCRIBE s"])
        #expect(words(machine.answered(nil, on: 1, at: at(0))) == ["ann gap"])
        #expect(words(machine.endedByServer(shard, on: 1)) == ["1: SSUBSCRIBE s"])
        #expect(words(machine.answered("MOVED 1", on: 1, at: at(0))) == ["ann refused: MOVED 1", "idle"])
    }

    @Test func `ends all without a failure when it closes, and takes nobody any more`() {
        var machine = Machine()
        _ = machine.subscribe("ann", to: [channel("a")])
        #expect(words(machine.close()) == ["ann ended", "close 1"])
        #expect(words(machine.subscribe("bob", to: [channel("a")]).1) == ["bob ended"])
        #expect(words(machine.lost(1, lost, wasConnected: true, at: at(0))).isEmpty)
    }

    @Test func `brings a server in any order of events to what is wanted`() {
        for seed in UInt64(0)..<200 { walk(seed) }
    }

    /// A server by value, and who should get what.
    private func walk(_ seed: UInt64) {
        var dice = Dice(state: seed &* 2_654_435_761 &+ 1)
        var machine = Machine()
        var members: [Int: Set<SubscriptionSubject>] = [:]
        var server: Set<SubscriptionSubject> = []
        var connection: Int?
        var command: (SubscriptionKind, [RESPBytes])?
        var retry: Int?
        let all = [channel("a"), channel("b"), pattern("a"), pattern("b*"), SubscriptionSubject(.shardChannel, "a")]
        func follow(_ actions: [Machine.Action]) {
            for action in actions {
                switch action {
                case .connect(let number):
                    #expect(connection == nil, "seed \(seed)")
                    (connection, server, command) = (number, [], nil)
                case .send(let number, let kind, let names):
                    #expect(number == connection && command == nil && !names.isEmpty, "seed \(seed)")
                    command = (kind, names)
                case .close: (connection, server, command) = (nil, [], nil)
                case .retry(let number, _): retry = number
                case .awaitIdleTime, .subscribed, .gap: break
                case .ended: Issue.record("nobody is refused here, seed \(seed)")
                }
            }
        }
        func answer() {
            guard let number = connection, let (kind, names) = command else { return }
            command = nil
            for name in names {
                let subject = SubscriptionSubject(kind.subject, name)
                let isNew = kind.isBegin ? server.insert(subject).inserted : server.remove(subject) != nil
                #expect(isNew, "what the server has is not asked for again, seed \(seed)")
            }
            follow(machine.answered(nil, on: number, at: at(0)))
        }
        for _ in 0..<60 {
            switch dice.next() % 8 {
            case 0, 1, 2:
                let subjects = all.filter { _ in dice.next() % 3 == 0 }
                if subjects.isEmpty { continue }
                let (id, actions) = machine.subscribe("somebody", to: subjects)
                members[id] = Set(subjects)
                follow(actions)
            case 3, 4:
                guard let id = members.keys.sorted().randomElement(using: &dice) else { continue }
                members[id] = nil
                follow(machine.unsubscribe(id))
            case 5, 6: answer()
            default:
                if let retry { follow(machine.retryIsDue(retry)) }
                guard let number = connection, dice.next() % 2 == 0 else { continue }
                (connection, server, command) = (nil, [], nil)
                follow(machine.lost(number, lost, wasConnected: true, at: at(0)))
            }
        }
        if let retry { follow(machine.retryIsDue(retry)) }
        for _ in 0..<100 { answer() }
        let wanted = members.values.reduce(into: Set()) { $0.formUnion($1) }
        #expect(server == wanted, "seed \(seed)")
        for subject in all {
            var gaps: [Machine.Action] = []
            let ids = machine.receivers(of: subject, gaps: &gaps).keys
            #expect(Set(ids) == Set(members.filter { $0.value.contains(subject) }.keys), "seed \(seed)")
        }
    }
}

private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
