@testable import BulkheadNetworking
import BulkheadRESP
import Testing

typealias Machine = ConnectionMachine<Int>

/// A reception in words that can be compared: what happened, and the wire's text of what it carried.
enum Received: Equatable {
    case nothing, ready
    case send(String)
    case completed(Int, [RESPValue])
    case pushed(RESPValue)
    case loggedIn(Int, isAccepted: Bool)
    case broken(ConnectionFailure.Reason)

    init(_ reception: Machine.Reception) {
        self =
            switch reception {
            case .nothing: .nothing
            case .ready: .ready
            case .send(let bytes): .send(text(bytes))
            case .completed(let waiter, let value): .completed(waiter, [value])
            case .completedAll(let waiter, let values): .completed(waiter, values)
            case .pushed(let value): .pushed(value)
            case .loggedIn(let number, let isAccepted): .loggedIn(number, isAccepted: isAccepted)
            case .broken(let failure): .broken(failure.reason)
            }
    }
}

extension Machine {
    /// Feeds all values of `wire`; what each of them meant.
    mutating func receive(_ wire: String) -> [Received] {
        values(wire).map { Received(received($0)) }
    }

    /// A machine whose handshake is over.
    static func ready(_ version: RESPVersion = .resp3) -> Machine {
        var machine = Machine(someSettings(version: version))
        _ = machine.connected()
        _ = machine.receive(version == .resp3 ? hello + "+OK\r\n+OK\r\n+OK\r\n" : "+OK\r\n+OK\r\n:7\r\n+OK\r\n")
        return machine
    }

    /// Puts one command in the queue, its bytes copied as those of most are, or a batch; true if it was accepted.
    @discardableResult
    mutating func ask(_ waiter: Int, replies: Int = 1) -> Bool {
        let bytes = command("ECHO \(waiter)")
        guard replies == 1 else { return submit(bytes, .replies(replies), waiter) == nil }
        return bytes.withUnsafeBytes {
            submit(copying: $0, waiter, of: nil, ticket: 0, deadline: .none) == nil
        }
    }
}

private let broke = ConnectionFailure(.inputOutput, "broke")

@Suite struct `The life of a connection` {
    @Test func `a reply that comes before its request has left is nobody's, and nothing leaves any more`() {
        var machine = Machine.ready()
        machine.ask(1)
        #expect(machine.receive("+surplus\r\n+another\r\n") == [.broken(.unsolicitedReply), .nothing])
        #expect(!machine.hasOutgoing && machine.takeOutgoing() == [])
        #expect(machine.ended(broke).map(\.1.stage) == [.queued])
    }

    @Test func `a request that is answered keeps nothing of its caller`() {
        final class Caller: Sendable {}
        weak var last: Caller?
        do {
            var machine = ConnectionMachine<Caller>(someSettings(version: .resp2))
            _ = machine.connected()
            for reply in values("+OK\r\n+OK\r\n:7\r\n+OK\r\n") { _ = machine.received(reply) }
            let caller = Caller()
            last = caller
            let refusal = command("PING").withUnsafeBytes {
                machine.submit(copying: $0, caller, of: nil, ticket: 1, deadline: .none)
            }
            #expect(refusal == nil && machine.takeOutgoing() == command("PING"))
            var (received, receptions) = (values("+PONG\r\n"), RingQueue<ConnectionMachine<Caller>.Reception>())
            machine.received(&received, &receptions)
            guard case .completed(let answered, .simpleString) = receptions.popFirst() else {
                Issue.record("it is not answered")
                return
            }
            #expect(answered === caller)
        }
        #expect(last == nil)
    }

    @Test func `a large request that stands alone is written from where it was encoded`() {
        var machine = Machine.ready()
        let large = command(["SET", "big", String(repeating: "x", count: Machine.largestCopied)])
        #expect(machine.submit(large, .replies(1), 1) == nil)
        let alone = machine.takeOutgoing()
        #expect(alone == large)
        #expect(alone.withUnsafeBytes { $0.baseAddress } == large.withUnsafeBytes { $0.baseAddress })
        #expect(machine.submit(large, .replies(1), 2) == nil)
        #expect(machine.submit(command("PING"), .replies(1), 3) == nil)
        #expect(machine.submit(large, .replies(1), 4) == nil)
        #expect(machine.takeOutgoing() == large + command("PING") + large)
    }

    @Test func `no request is handed out before SELECT has said OK`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        #expect(machine.takeOutgoing() == [])
        let greeting = text(machine.connected())
        #expect(greeting.contains("SELECT") && !greeting.contains("ECHO"))
        machine.ask(2)
        for reply in [hello, "+OK\r\n", "+OK\r\n"] {
            #expect(machine.receive(reply) == [.nothing])
            #expect(machine.isHandshaking && !machine.hasOutgoing)
            #expect(machine.takeOutgoing() == [])
        }
        #expect(machine.receive("+OK\r\n") == [.ready])
        #expect(!machine.isHandshaking && machine.hasOutgoing)
        #expect(text(machine.takeOutgoing()) == text(commands("ECHO 1", "ECHO 2")))
        #expect(!machine.hasOutgoing && machine.takeOutgoing() == [])
    }

    @Test func `a push with attributes answers no question of the handshake`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        _ = machine.connected()
        let push = "|1\r\n+ttl\r\n:3600\r\n>2\r\n+invalidate\r\n_\r\n"
        for reply in [push, hello, push, "+OK\r\n", "|0\r\n" + push, "+OK\r\n", push] {
            #expect(machine.receive(reply) == [.nothing])
            #expect(machine.isHandshaking && machine.takeOutgoing() == [])
        }
        #expect(machine.receive("|0\r\n+OK\r\n") == [.ready])
    }

    @Test func `a refused SELECT hands out nothing, ever`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        _ = machine.connected()
        let received = machine.receive(hello + "+OK\r\n+OK\r\n-ERR DB index is out of range\r\n")
        #expect(received.last == .broken(.databaseOutOfRange))
        #expect(machine.takeOutgoing() == [])
        let failed = machine.ended(broke)
        #expect(failed.map(\.0) == [1] && failed.map(\.1.stage) == [.connecting])
        #expect(machine.takeOutgoing() == [])
    }

    @Test func `what a server says behind its refusal cannot make the connection ready`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        _ = machine.connected()
        let received = machine.receive("-NOPERM no HELLO for you\r\n+OK\r\n+OK\r\n+OK\r\n+more\r\n")
        #expect(received.first == .broken(.permissionDenied))
        #expect(!received.contains(.ready))
        #expect(machine.takeOutgoing() == [])
    }

    @Test func `the second write of a fallback comes ahead of all requests`() {
        var machine = Machine(someSettings(password: "sesame"))
        machine.ask(1)
        _ = machine.connected()
        let denied = "-NOAUTH Authentication required.\r\n"
        let received = machine.receive("-ERR unknown command 'HELLO'\r\n" + denied + denied + denied)
        #expect(received.last == .send(text(commands("AUTH sesame", "SELECT 2"))))
        #expect(machine.takeOutgoing() == [])
        #expect(machine.receive("+OK\r\n+OK\r\n") == [.nothing, .ready])
        #expect(machine.version == .resp2)
        #expect(text(machine.takeOutgoing()) == text(command("ECHO 1")))
    }

    @Test func `pushes and attributes during the handshake answer no question`() {
        var machine = Machine(someSettings())
        _ = machine.connected()
        let push = ">2\r\n$10\r\ninvalidate\r\n_\r\n"
        let attributed = "|1\r\n+ttl\r\n:1\r\n" + hello
        #expect(machine.receive(push + attributed + push + "+OK\r\n+OK\r\n+OK\r\n").last == .ready)
    }

    @Test func `replies belong to requests in order`() {
        var machine = Machine.ready()
        for waiter in 1...3 { machine.ask(waiter) }
        _ = machine.takeOutgoing()
        #expect(
            machine.receive("+one\r\n-ERR two\r\n") == [
                .completed(1, [.simpleString("one")]), .completed(2, [.error("ERR two")]),
            ])
        machine.ask(4)
        _ = machine.takeOutgoing()
        #expect(machine.queuedRequests == 2)
        #expect(machine.receive("_\r\n:4\r\n") == [.completed(3, [.null]), .completed(4, [.integer(4)])])
        #expect(machine.isIdle)
    }

    @Test func `a request of several replies is complete with its last one`() {
        var machine = Machine.ready()
        machine.ask(1, replies: 3)
        machine.ask(2)
        _ = machine.takeOutgoing()
        #expect(machine.receive(":1\r\n-ERR 2\r\n") == [.nothing, .nothing])
        #expect(machine.receive(":3\r\n") == [.completed(1, [.integer(1), .error("ERR 2"), .integer(3)])])
        #expect(machine.receive(":4\r\n") == [.completed(2, [.integer(4)])])
    }

    @Test func `a reply nobody waits for breaks the connection`() {
        var machine = Machine.ready()
        #expect(machine.receive("+OK\r\n") == [.broken(.unsolicitedReply)])
        machine = .ready()
        machine.ask(1)
        _ = machine.takeOutgoing()
        #expect(machine.receive(":1\r\n:2\r\n") == [.completed(1, [.integer(1)]), .broken(.unsolicitedReply)])
    }

    @Test func `a push is never matched to a request`() {
        var machine = Machine.ready()
        let push = values(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")[0]
        #expect(machine.receive(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n") == [.pushed(push)])
        machine.ask(1)
        _ = machine.takeOutgoing()
        #expect(
            machine.receive(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n") == [
                .pushed(push), .completed(1, [.integer(1)]),
            ])
        func isPushed(_ received: Received) -> Bool { if case .pushed = received { true } else { false } }
        #expect(machine.receive(">0\r\n>1\r\n:7\r\n").allSatisfy(isPushed))
        #expect(machine.isIdle)
        #expect(machine.receive(">3\r\n+subscribe\r\n+a\r\n:1\r\n").allSatisfy(isPushed))
        #expect(!machine.isIdle, "messages may come from now on, whoever asked for them")
    }

    @Test func `a push with attributes is a push`() {
        var machine = Machine.ready()
        machine.ask(1)
        _ = machine.takeOutgoing()
        let received = machine.receive("|1\r\n+a\r\n+b\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n:1\r\n")
        #expect(received.count == 2 && received.last == .completed(1, [.integer(1)]))
    }

    @Test func `attributes reach the one who waits`() {
        var machine = Machine.ready()
        machine.ask(1)
        _ = machine.takeOutgoing()
        let reply = values("|1\r\n+ttl\r\n:9\r\n$1\r\nv\r\n")[0]
        #expect(machine.receive("|1\r\n+ttl\r\n:9\r\n$1\r\nv\r\n") == [.completed(1, [reply])])
        #expect(reply.withoutAttributes == .bulkString("v"))
    }

    @Test func `a recycled buffer brings nothing of its old content back`() {
        var machine = Machine.ready()
        machine.ask(1)
        var buffer = machine.takeOutgoing()
        machine.ask(2)
        machine.takeOutgoing(into: &buffer)
        #expect(text(buffer) == text(command("ECHO 2")))
        machine.ask(3)
        buffer = Array(repeating: 1, count: 100_000)
        machine.takeOutgoing(into: &buffer)
        #expect(text(buffer) == text(command("ECHO 3")))
    }
}
