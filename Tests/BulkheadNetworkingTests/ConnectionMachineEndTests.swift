@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

private let broke = ConnectionFailure(.inputOutput, "broke")

@Suite struct `The end of a connection` {
    @Test func `exactly the requests whose bytes were handed out may have been sent`() {
        var machine = Machine.ready()
        for waiter in 1...3 { machine.ask(waiter) }
        _ = machine.takeOutgoing()
        _ = machine.receive("+one\r\n")
        for waiter in 4...5 { machine.ask(waiter) }
        let failed = machine.ended(broke)
        #expect(failed.map(\.0) == [2, 3, 4, 5])
        #expect(failed.map(\.1.stage) == [.sent, .sent, .queued, .queued])
        #expect(failed.allSatisfy { $0.1.reason == .inputOutput })
    }

    @Test func `whatever came before the end of the handshake was not sent`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        #expect(machine.ended(broke).map(\.1.stage) == [.connecting])
        machine = Machine(someSettings())
        _ = machine.connected()
        machine.ask(1)
        #expect(machine.ended(broke).map(\.1.stage) == [.connecting])
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `under random requests, writes and replies the stage of each is right`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var machine = Machine.ready()
            var queue: [(waiter: Int, isHandedOut: Bool)] = []
            for waiter in 0..<Int.random(in: 0..<60, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    _ = machine.takeOutgoing()
                    for index in queue.indices { queue[index].isHandedOut = true }
                case 1 where queue.first?.isHandedOut == true:
                    #expect(machine.receive(":1\r\n") == [.completed(queue.removeFirst().waiter, [.integer(1)])])
                default:
                    machine.ask(waiter)
                    queue.append((waiter, false))
                }
            }
            let failed = machine.ended(broke)
            #expect(failed.map(\.0) == queue.map(\.waiter))
            #expect(failed.map { $0.1.stage == .sent } == queue.map(\.isHandedOut))
        }
    }

    @Test func `a request of which some replies came fails as a whole`() {
        var machine = Machine.ready()
        machine.ask(1, replies: 2)
        _ = machine.takeOutgoing()
        _ = machine.receive(":1\r\n")
        #expect(machine.ended(broke).map(\.1.stage) == [.sent])
    }

    @Test func `a connection that is about to end refuses requests with the reason`() {
        var machine = ConnectionMachine<Int>(ConnectionSettings(endpoint: .unix(path: "/s"), database: 0))
        machine.close(because: ConnectionFailure(.unsolicitedReply, "a reply for nobody", stage: .sent))
        machine.close()
        let refusal = machine.submit(command("PING"), .replies(1), 1)
        #expect(refusal?.reason == .unsolicitedReply)
        #expect(refusal?.stage == .refused)
    }

    @Test func `closing refuses new requests and lets those in the queue finish`() {
        var machine = Machine.ready()
        machine.ask(1)
        machine.ask(2)
        machine.close()
        #expect(machine.refusesRequests && !machine.isDrained && !machine.isIdle)
        let refusal = machine.submit(command("ECHO 3"), .replies(1), 3)
        #expect(refusal?.reason == .closed && refusal?.stage == .refused)
        #expect(text(machine.takeOutgoing()) == text(commands("ECHO 1", "ECHO 2")))
        #expect(machine.receive(":1\r\n") == [.completed(1, [.integer(1)])])
        #expect(!machine.isDrained)
        #expect(machine.receive(":2\r\n") == [.completed(2, [.integer(2)])])
        #expect(machine.isDrained)
    }

    @Test func `closing before the handshake is over drains too`() {
        var machine = Machine(someSettings())
        machine.ask(1)
        machine.close()
        _ = machine.connected()
        #expect(!machine.isDrained)
        #expect(machine.receive(hello + "+OK\r\n+OK\r\n+OK\r\n").last == .ready)
        #expect(text(machine.takeOutgoing()) == text(command("ECHO 1")))
        _ = machine.receive(":1\r\n")
        #expect(machine.isDrained)
    }

    @Test func `after the end everything is refused with the reason, and nothing happens any more`() {
        var machine = Machine.ready()
        machine.ask(1)
        _ = machine.takeOutgoing()
        machine.ask(2)
        #expect(machine.ended(broke).count == 2)
        #expect(machine.refusesRequests && !machine.isIdle && !machine.isHandshaking && !machine.hasOutgoing)
        #expect(machine.queuedRequests == 0)
        #expect(machine.takeOutgoing() == [])
        #expect(machine.connected() == [])
        #expect(machine.receive(":1\r\n>1\r\n+x\r\n") == [.nothing, .nothing])
        let refusal = machine.submit(command("ECHO 3"), .replies(1), 3)
        #expect(refusal?.reason == .inputOutput && refusal?.stage == .refused)
        #expect(machine.ended(ConnectionFailure(.closed, "again")).isEmpty)
        #expect(machine.submit(command("ECHO 4"), .replies(1), 4)?.reason == .inputOutput)
    }

    @Test func `it connects once`() {
        var machine = Machine.ready()
        #expect(machine.connected() == [])
        #expect(!machine.isHandshaking)
    }
}
