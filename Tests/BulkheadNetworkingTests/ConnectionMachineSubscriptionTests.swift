@testable import BulkheadNetworking
import BulkheadRESP
import Testing

@Suite struct `Subscriptions of a connection` {
    /// A confirmation or message, as each version of the protocol writes it.
    private func wire(_ version: RESPVersion, _ parts: String...) -> String {
        (version == .resp3 ? ">" : "*") + "\(parts.count)\r\n" + parts.map { $0 + "\r\n" }.joined()
    }

    private func subscribed(_ version: RESPVersion, _ channel: String, _ count: Int) -> String {
        wire(version, "$9\r\nsubscribe", "$1\r\n\(channel)", ":\(count)")
    }

    private func message(_ version: RESPVersion, _ channel: String) -> String {
        wire(version, "$7\r\nmessage", "$1\r\n\(channel)", "$2\r\nhi")
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `every channel gives one confirmation, and messages between them are pushed`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        #expect(machine.submit(command("SUBSCRIBE a b"), .confirmations, 1) == nil)
        _ = machine.takeOutgoing()
        let (first, early, second) = (subscribed(version, "a", 1), message(version, "a"), subscribed(version, "b", 2))
        #expect(machine.receive(first) == [.nothing])
        #expect(machine.receive(early) == [.pushed(values(early)[0])])
        #expect(machine.receive(second) == [.completed(1, values(first + second))])
        #expect(machine.receive(early) == [.pushed(values(early)[0])])
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `commands sent before and after a subscription get their own replies`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        machine.ask(1)
        #expect(machine.submit(command("SUBSCRIBE a"), .confirmations, 2) == nil)
        _ = machine.submit(command("PING"), .replies(1), 3)
        _ = machine.takeOutgoing()
        let (confirmation, news) = (subscribed(version, "a", 1), message(version, "a"))
        let pong = version == .resp3 ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
        #expect(
            machine.receive(":1\r\n" + confirmation + news + pong + news) == [
                .completed(1, [.integer(1)]), .completed(2, values(confirmation)), .pushed(values(news)[0]),
                .completed(3, values(pong)), .pushed(values(news)[0]),
            ])
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `unsubscribing is confirmed by channel too`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 1)
        _ = machine.takeOutgoing()
        _ = machine.receive(subscribed(version, "a", 1))
        _ = machine.submit(command("UNSUBSCRIBE a"), .confirmations, 2)
        _ = machine.takeOutgoing()
        let farewell = wire(version, "$11\r\nunsubscribe", "$1\r\na", ":0")
        #expect(machine.receive(message(version, "a") + farewell).last == .completed(2, values(farewell)))
    }

    @Test(arguments: [RESPVersion.resp2, .resp3], ["psubscribe", "ssubscribe"])
    func `patterns and shard channels are confirmed alike`(_ version: RESPVersion, _ kind: String) {
        var machine = Machine.ready(version)
        _ = machine.submit(command("\(kind) a"), .confirmations, 1)
        _ = machine.takeOutgoing()
        let confirmation = wire(version, "$10\r\n\(kind)", "$1\r\na", ":1")
        #expect(machine.receive(confirmation) == [.completed(1, values(confirmation))])
        let news =
            kind == "psubscribe"
            ? wire(version, "$8\r\npmessage", "$1\r\na", "$1\r\na", "$1\r\nx")
            : wire(version, "$8\r\nsmessage", "$1\r\na", "$1\r\nx")
        #expect(machine.receive(news) == [.pushed(values(news)[0])])
    }

    @Test(arguments: [RESPVersion.resp2, .resp3], ["", "|1\r\n+a\r\n+b\r\n"])
    func `an error is the only answer to a subscription`(_ version: RESPVersion, _ attribute: String) {
        var machine = Machine.ready(version)
        _ = machine.submit(command("SUBSCRIBE a b c"), .confirmations, 1)
        machine.ask(2)
        _ = machine.takeOutgoing()
        let error = (version == .resp3 ? attribute : "") + "-NOPERM no\r\n"
        #expect(
            machine.receive(error + ":2\r\n") == [
                .completed(1, values(error)), .completed(2, [.integer(2)]),
            ])
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a connection that subscribed is not fit for the next lease`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        #expect(machine.isIdle)
        _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 1)
        _ = machine.takeOutgoing()
        #expect(!machine.isIdle)
        _ = machine.receive(subscribed(version, "a", 1))
        #expect(!machine.isIdle && !machine.refusesRequests)
    }

    @Test func `in RESP2 an array that looks like a message is a reply to whoever never subscribed`() {
        var machine = Machine.ready(.resp2)
        machine.ask(1)
        _ = machine.takeOutgoing()
        let list = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
        #expect(machine.receive(list) == [.completed(1, values(list))])
    }

    @Test func `in RESP2 an array that looks like a message is a reply again once nothing is subscribed to`() {
        var machine = Machine.ready(.resp2)
        _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 1)
        _ = machine.submit(command("UNSUBSCRIBE a"), .confirmations, 2)
        machine.ask(3)
        _ = machine.takeOutgoing()
        _ = machine.receive(subscribed(.resp2, "a", 1) + wire(.resp2, "$11\r\nunsubscribe", "$1\r\na", ":0"))
        let list = message(.resp2, "a")
        #expect(machine.receive(list) == [.completed(3, values(list))])
    }

    @Test func `in RESP2 an array whose kind is unknown is a reply, also while subscribed`() {
        var machine = Machine.ready(.resp2)
        _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 1)
        machine.ask(2)
        _ = machine.takeOutgoing()
        _ = machine.receive(subscribed(.resp2, "a", 1))
        #expect(machine.receive("*1\r\n$1\r\nx\r\n") == [.completed(2, values("*1\r\n$1\r\nx\r\n"))])
    }

    // MARK: Confirmations that answer nothing

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `the end of a shard channel that the server says by itself answers no other request`(_ version: RESPVersion) {
        let moved = wire(version, "$12\r\nsunsubscribe", "$1\r\ns", ":0")
        let others = SubscriptionStep.one.dropLast().map { $0.split(separator: " ")[0] + " s" } + ["SUNSUBSCRIBE t"]
        for line in others {
            var machine = Machine.ready(version)
            _ = machine.submit(command("SSUBSCRIBE s"), .confirmations, 1)
            _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 2)
            _ = machine.takeOutgoing()
            _ = machine.receive(wire(version, "$10\r\nssubscribe", "$1\r\ns", ":1") + subscribed(version, "a", 1))
            _ = machine.submit(command(line), .confirmations, 3)
            machine.ask(4)
            _ = machine.takeOutgoing()
            #expect(machine.receive(moved) == [.pushed(values(moved)[0])], "\(line)")
            #expect(machine.queuedRequests == 2, "\(line)")
            #expect(machine.receive(message(version, "a")) == [.pushed(values(message(version, "a"))[0])], "\(line)")
        }
    }

    /// The server answers SUNSUBSCRIBE with MOVED then, and only the PING behind it tells that from another's reply.
    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `nor does it take the place of the answer to SUNSUBSCRIBE itself`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        _ = machine.submit(command("SSUBSCRIBE s"), .confirmations, 1)
        _ = machine.takeOutgoing()
        _ = machine.receive(wire(version, "$10\r\nssubscribe", "$1\r\ns", ":1"))
        _ = machine.submit(command("SUNSUBSCRIBE s"), .confirmations, 2)
        machine.ask(3)
        #expect(text(machine.takeOutgoing()) == text(command("SUNSUBSCRIBE s") + command("PING") + command("ECHO 3")))
        let moved = wire(version, "$12\r\nsunsubscribe", "$1\r\ns", ":0")
        let error = "-MOVED 15495 127.0.0.1:7001\r\n"
        #expect(
            machine.receive(moved + error + "+PONG\r\n" + ":3\r\n") == [
                .nothing, .nothing, .completed(2, values(moved + error)), .completed(3, [.integer(3)]),
            ])
        #expect(machine.isIdle)
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `SUNSUBSCRIBE is over where PING is refused, and where itself is`(_ version: RESPVersion) {
        let end = wire(version, "$12\r\nsunsubscribe", "$1\r\ns", ":0")
        let refused = "-NOPERM no\r\n"
        for (wire, expected) in [(end + refused, end), (refused + refused, refused), (refused + "+PONG\r\n", refused)] {
            var machine = Machine.ready(version)
            _ = machine.submit(command("SUNSUBSCRIBE s"), .confirmations, 1)
            machine.ask(2)
            _ = machine.takeOutgoing()
            #expect(
                machine.receive(wire + ":2\r\n") == [
                    .nothing, .completed(1, values(expected)), .completed(2, [.integer(2)]),
                ])
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a subscription that was given up shifts nobody's reply, and counts all the same`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        _ = machine.submit(command("SUBSCRIBE a b"), .confirmations, 1, ticket: 1)
        machine.ask(2)
        _ = machine.takeOutgoing()
        _ = machine.cancel(ticket: 1, at: .now)
        let confirmations = subscribed(version, "a", 1) + subscribed(version, "b", 2)
        #expect(
            machine.receive(confirmations + message(version, "a") + "-ERR no\r\n") == [
                .nothing, .nothing, .pushed(values(message(version, "a"))[0]), .completed(2, values("-ERR no\r\n")),
            ])
        #expect(!machine.isIdle)
    }

    @Test func `a subscription that was given up before it left leaves nothing behind`() {
        var machine = Machine.ready(.resp2)
        for number in 1...100 {
            _ = machine.submit(command("SUNSUBSCRIBE a"), .confirmations, number, ticket: number)
            _ = machine.cancel(ticket: number, at: .now)
        }
        #expect(machine.subscriptions.isEmpty && machine.takeOutgoing().isEmpty && machine.isIdle)
    }

    /// EXEC's array holds one confirmation for each channel, more than its length says: what follows would be taken
    /// for the replies of others.
    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `a subscription that a transaction queues ends the connection`(_ version: RESPVersion) {
        var machine = Machine.ready(version)
        machine.ask(1)
        _ = machine.submit(command("SUBSCRIBE a b"), .confirmations, 2)
        machine.ask(3)
        _ = machine.takeOutgoing()
        #expect(
            machine.receive("+OK\r\n+QUEUED\r\n+QUEUED\r\n") == [
                .completed(1, [.simpleString("OK")]), .broken(.unsolicitedReply), .nothing,
            ])
        #expect(!machine.hasOutgoing)
    }
}
