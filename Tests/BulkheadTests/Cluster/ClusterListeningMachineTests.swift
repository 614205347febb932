import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Testing

@testable import Bulkhead

/// Which server of a cluster is listened to, by value.
@Suite struct ClusterListeningMachineTests {
    private typealias Machine = ClusterListeningMachine<String>

    private let a = Endpoint.tcp(host: "a", port: 1)
    private let b = Endpoint.tcp(host: "b", port: 2)
    private let c = Endpoint.tcp(host: "c", port: 3)
    private let lost = SubscriptionFailure.connection(ConnectionFailure(.closedByServer, "lost"))
    private let gone = SubscriptionFailure.connection(ConnectionFailure(.connectFailed, "gone"))

    private func shard(_ name: String) -> SubscriptionSubject { SubscriptionSubject(.shardChannel, RESPBytes(name)) }
    private func channel(_ name: String) -> SubscriptionSubject { SubscriptionSubject(.channel, RESPBytes(name)) }

    /// Two halves of the slots; `bar` is in the lower one, `foo` in the upper one.
    private func map(_ low: Endpoint, _ high: Endpoint) throws -> SlotMap {
        func row(_ slots: ClosedRange<Int64>, _ server: Endpoint) -> RESPValue {
            guard case .tcp(let host, let port) = server else { return .null }
            return .array([
                .integer(slots.lowerBound), .integer(slots.upperBound),
                .array([.bulkString(RESPBytes(host)), .integer(Int64(port))]),
            ])
        }
        return try #require(SlotMap(.array([row(0...8_191, low), row(8_192...16_383, high)]), from: low))
    }

    /// Actions as text: numbers of what is heard are left out, as they are only names.
    private func words(_ actions: [Machine.Action]) -> [String] {
        actions.compactMap { action in
            switch action {
            case .listen(_, let server, let subjects, let subscriber, let missed):
                "\(subscriber) at \(server.address): "
                    + subjects.map { String(decoding: $0.name, as: UTF8.self) }.joined(separator: " ")
                    + (missed == nil ? "" : ", missed")
            case .leave: "leave"
            case .locate(let failures): "locate \(failures)"
            case .awaitNextMap: nil
            case .subscribed(let subscriber): "\(subscriber) subscribed"
            case .gap(let subscriber, _): "\(subscriber) gap"
            case .ended(let subscriber, let failure): "\(subscriber) ended\(failure == nil ? "" : ", failed")"
            }
        }
    }

    private func numbers(_ actions: [Machine.Action]) -> [Int] {
        actions.compactMap { if case .listen(let number, _, _, _, _) = $0 { number } else { nil } }
    }

    @Test func `each shard channel is heard at its slot's server, and it is subscribed when all are`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe(
            "ann", to: [shard("bar"), shard("foo"), channel("x"), channel("y")], everywhere: false, nil)
        #expect(words(first) == ["locate 0"])
        let actions = machine.located(try map(a, b), nil)
        #expect(words(actions).count == 3)
        #expect(words(actions)[0] == "ann at a: bar" && words(actions)[1] == "ann at b: foo")
        #expect(words(actions)[2].hasSuffix(": x y"), "all channels together, at any server")
        let open = numbers(actions)
        #expect(words(machine.confirmed(open[0])).isEmpty)
        #expect(words(machine.confirmed(open[2])).isEmpty)
        #expect(words(machine.confirmed(open[1])) == ["ann subscribed"])
    }

    @Test func `a redirection is followed at once a few times, and then by a map`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar")], everywhere: false, try map(a, b))
        var number = try #require(numbers(first).first)
        for step in 1...5 {
            let moved = SubscriptionFailure.refused(RESPBytes("MOVED 5061 \(step % 2 == 1 ? "b:2" : "a:1")"))
            let actions = machine.ended(number, moved)
            if step > 3 {
                #expect(words(actions) == ["locate \(step)"])
                number = numbers(machine.located(try map(a, b), nil))[0]
            } else {
                #expect(words(actions) == ["ann at \(step % 2 == 1 ? "b" : "a"): bar"])
                number = numbers(actions)[0]
            }
        }
    }

    @Test func `what was heard and lost is heard elsewhere behind a gap, and its old number means nothing`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar")], everywhere: false, try map(a, b))
        #expect(words(machine.confirmed(numbers(first)[0])) == ["ann subscribed"])
        #expect(words(machine.ended(numbers(first)[0], lost)) == ["locate 0"])
        #expect(words(machine.ended(numbers(first)[0], lost)).isEmpty)
        // The map is as old as the loss: it is asked for again, with pauses, for as long as it takes.
        var actions = machine.located(try map(a, b), nil)
        for failures in 1...4 {
            #expect(words(actions) == ["ann at a: bar, missed"])
            #expect(words(machine.ended(numbers(actions)[0], gone)) == ["locate \(failures)"])
            actions = machine.located(try map(a, b), nil)
        }
        _ = machine.ended(numbers(actions)[0], gone)
        #expect(words(machine.located(try map(c, b), nil)) == ["ann at c: bar, missed"])
    }

    @Test func `who was never heard learns why no map came, and who was waits`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar")], everywhere: false, try map(a, b))
        _ = machine.confirmed(numbers(first)[0])
        let (_, second) = machine.subscribe("bob", to: [shard("foo")], everywhere: false, nil)
        _ = machine.ended(numbers(first)[0], lost)
        _ = machine.ended(numbers(second)[0], gone)
        let actions = machine.located(nil, ConnectionFailure(.connectFailed, "nobody answers"))
        #expect(words(actions) == ["bob ended, failed", "ann at a: bar, missed"])
    }

    @Test func `a refusal that is no redirection ends the subscription everywhere`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar"), shard("foo")], everywhere: false, try map(a, b))
        _ = machine.confirmed(numbers(first)[0])
        let actions = machine.ended(numbers(first)[1], .refused(RESPBytes("NOPERM not this one")))
        #expect(words(actions) == ["leave", "ann ended, failed"])
        #expect(words(machine.nextMapIsDue()).isEmpty)
    }

    @Test func `channels are heard elsewhere when their server has left the cluster`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [channel("x")], everywhere: false, try map(a, a))
        _ = machine.confirmed(numbers(first)[0])
        #expect(words(machine.nextMapIsDue()) == ["locate 0"])
        #expect(words(machine.located(try map(a, b), nil)).isEmpty)
        _ = machine.nextMapIsDue()
        #expect(words(machine.located(try map(b, b), nil)) == ["leave", "ann at b: x, missed"])
    }

    @Test func `a shard channel is heard elsewhere when its server is no primary any more`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar")], everywhere: false, try map(a, b))
        _ = machine.confirmed(numbers(first)[0])
        _ = machine.nextMapIsDue()
        #expect(words(machine.located(try map(b, a), nil)).isEmpty, "the server itself says that a slot has moved")
        _ = machine.nextMapIsDue()
        #expect(words(machine.located(try map(c, b), nil)) == ["leave", "ann at c: bar, missed"])
    }

    @Test func `key events are heard at every primary, of which one that is new has a gap in front`() throws {
        var machine = Machine()
        let (ann, first) = machine.subscribe("ann", to: [channel("e")], everywhere: true, try map(a, b))
        #expect(words(first) == ["ann at a: e", "ann at b: e"])
        _ = machine.confirmed(numbers(first)[0])
        #expect(words(machine.confirmed(numbers(first)[1])) == ["ann subscribed"])
        // Its slots went to one that is heard: nothing was missed.
        _ = machine.nextMapIsDue()
        #expect(words(machine.located(try map(a, a), nil)) == ["leave"])
        _ = machine.nextMapIsDue()
        #expect(words(machine.located(try map(a, c), nil)) == ["ann at c: e, missed"])
        #expect(words(machine.unsubscribe(ann)) == ["leave", "leave"])
    }

    @Test func `key events of a server that was lost have a gap, whoever has its slots then`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [channel("e")], everywhere: true, try map(a, b))
        for number in numbers(first) { _ = machine.confirmed(number) }
        #expect(words(machine.ended(numbers(first)[1], lost)) == ["locate 0"])
        #expect(words(machine.located(try map(a, a), nil)) == ["ann gap"])
    }

    @Test func `nobody is taken once it is closed`() throws {
        var machine = Machine()
        let (_, first) = machine.subscribe("ann", to: [shard("bar")], everywhere: false, try map(a, b))
        #expect(words(machine.close()) == ["ann ended"])
        #expect(words(machine.ended(numbers(first)[0], lost)).isEmpty)
        #expect(words(machine.subscribe("bob", to: [shard("bar")], everywhere: false, nil).1) == ["bob ended"])
    }
}
