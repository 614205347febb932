@testable import BulkheadNetworking
import BulkheadRESP
import Testing

@Suite struct `A proof in the queue` {
    /// Asks 1, a command with a proof for 2, and asks 3; all left.
    private func asked() -> (Machine, echo: String) {
        var machine = Machine.ready()
        let proof = Proof()
        machine.ask(1, until: .never)
        _ = machine.submit(proof.behind(command("GET a")), .proof(proof), 2, ticket: 2)
        machine.ask(3, until: .never)
        let sent = text(machine.takeOutgoing())
        let token = sent.split(separator: "\r\n").first { $0.hasPrefix("proof-") } ?? ""
        #expect(sent.contains("ECHO\r\n$\(token.utf8.count)\r\n\(token)"))
        return (machine, "$\(token.utf8.count)\r\n\(token)\r\n")
    }

    @Test func `that succeeds leaves its caller the reply of the command alone`() {
        var (machine, echo) = asked()
        #expect(
            machine.receive(":1\r\n$1\r\nx\r\n|1\r\n+a\r\n:1\r\n\(echo):3\r\n") == [
                .completed(1, [.integer(1)]), .nothing, .completed(2, [.bulkString("x")]),
                .completed(3, [.integer(3)]),
            ])
        #expect(machine.isIdle)
    }

    @Test(arguments: ["$5\r\nother\r\n", "+OK\r\n", "*0\r\n", "_\r\n"])
    func `that fails ends the connection before anybody behind it has a reply`(_ answer: String) {
        var (machine, _) = asked()
        machine.ask(4, until: .never)
        #expect(
            machine.receive(":1\r\n$1\r\nx\r\n\(answer):3\r\n:4\r\n") == [
                .completed(1, [.integer(1)]), .nothing, .broken(.unsolicitedReply), .nothing, .nothing,
            ])
        #expect(!machine.hasOutgoing)
        let failed = machine.ended(machine.lostOrder)
        #expect(failed.map(\.0) == [2, 3, 4])
        #expect(failed.map(\.1.stage) == [.sent, .sent, .queued])
    }

    @Test func `is none where ECHO is answered by an error`() {
        var (machine, _) = asked()
        #expect(
            machine.receive(":1\r\n$1\r\nx\r\n-NOPERM no ECHO for you\r\n:3\r\n") == [
                .completed(1, [.integer(1)]), .nothing, .completed(2, [.bulkString("x")]),
                .completed(3, [.integer(3)]),
            ])
    }

    @Test func `holds for those behind it even if its caller gave up`() {
        for gap in 0...1 {
            var (machine, echo) = asked()
            if gap == 1 { _ = machine.receive(":1\r\n$1\r\nx\r\n") }
            #expect(machine.markCancelled(2) == .sent)
            if gap == 0 { _ = machine.receive(":1\r\n$1\r\nx\r\n") }
            var other = machine
            #expect(other.receive(echo + ":3\r\n") == [.nothing, .completed(3, [.integer(3)])])
            #expect(other.isIdle)
            #expect(machine.receive(":3\r\n" + echo) == [.broken(.unsolicitedReply), .nothing])
        }
    }
}
