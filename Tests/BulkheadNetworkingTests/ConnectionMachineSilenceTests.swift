@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

extension Machine {
    /// A command that leaves and is given up at `moment`.
    fileprivate mutating func askInVain(_ number: Int, until moment: Moment) {
        ask(number, until: moment)
        _ = takeOutgoing()
        #expect(expire(at: moment).map(\.0) == [number])
    }

    /// What a connection knows after a read that found nothing.
    fileprivate mutating func takesNoMore(at now: Moment) -> Bool {
        #expect(closeIfSilent(at: now) == nil)
        return refusesRequests
    }
}

@Suite struct `A peer that answers nobody` {
    @Test func `is asked no more after three time-outs and half a second without a byte`() {
        var machine = Machine.ready()
        machine.askInVain(1, until: at(200))
        machine.askInVain(2, until: at(400))
        #expect(machine.takesNoMore(at: at(10_000)) == false)
        machine.askInVain(3, until: at(600))
        #expect(machine.takesNoMore(at: at(699)) == false)
        #expect(machine.takesNoMore(at: at(700)) == true)
        #expect(machine.isDrained, "nobody waits any more")
    }

    @Test func `is not judged by thousands who give up at once`() {
        var machine = Machine.ready()
        for number in 1...5_000 { machine.ask(number, until: at(1)) }
        _ = machine.takeOutgoing()
        #expect(machine.expire(at: at(1)).count == 5_000)
        #expect(!machine.isSilent(at: at(500)))
        #expect(machine.isSilent(at: at(501)))
    }

    @Test func `is silent no more after any byte, whoever it is for`() {
        for bytes in ["+", "$1000000\r\nx", ":1\r\n", ">2\r\n+message\r\n"] {
            var machine = Machine.ready()
            for number in 1...3 { machine.askInVain(number, until: at(200 * Int64(number))) }
            #expect(machine.isSilent(at: at(1_000)))
            var decoder = RESPDecoder()
            decoder.feed(bytes.utf8)
            var (values, receptions): ([RESPValue], RingQueue<Machine.Reception>) = ([], RingQueue())
            while let value = try? decoder.next() { values.append(value) }
            machine.received(&values, &receptions)
            #expect(machine.takesNoMore(at: at(1_000)) == false)
            // And it begins anew.
            for number in 4...6 { machine.askInVain(number, until: at(200 * Int64(number))) }
            #expect(machine.takesNoMore(at: at(1_300)) == true)
        }
    }

    @Test func `says nothing by requests that were in the queue when the last byte came`() {
        var machine = Machine.ready()
        for number in 1...10 { machine.ask(number, until: at(100 * Int64(number))) }
        _ = machine.takeOutgoing()
        machine.bytesArrived()
        for number in 1...10 { #expect(machine.expire(at: at(100 * Int64(number))).count == 1) }
        #expect(machine.takesNoMore(at: at(10_000)) == false)
        for number in 11...13 { machine.askInVain(number, until: at(1_000 * Int64(number))) }
        #expect(machine.takesNoMore(at: at(13_000)) == true)
    }

    @Test func `says nothing by requests that never left, while nothing is owed`() {
        var machine = Machine.ready()
        for number in 1...10 {
            machine.ask(number, until: at(Int64(number) * 1_000))
            #expect(machine.expire(at: at(Int64(number) * 1_000)).count == 1)
        }
        #expect(machine.takesNoMore(at: at(20_000)) == false)
    }

    /// The socket is full, so that what follows never leaves; and the numbers of those that were removed begin anew.
    @Test func `is noticed where it takes no bytes either`() {
        var machine = Machine.ready()
        machine.bytesArrived()
        machine.ask(1, until: .never)
        _ = machine.takePiece()
        for number in 2...50 { machine.ask(number, until: at(100), length: 10_000) }
        machine.bytesArrived()
        #expect(machine.expire(at: at(100)).count == 49)
        #expect(!machine.isSilent(at: at(10_000)), "a byte has come since")
        for number in 51...53 {
            machine.ask(number, until: at(Int64(number) * 100), length: 100)
            #expect(machine.expire(at: at(Int64(number) * 100)).count == 1)
        }
        #expect(machine.isSilent(at: at(5_700)) || machine.silence.unanswered > 0)
        for number in 54...60 {
            machine.ask(number, until: at(Int64(number) * 100), length: 100)
            #expect(machine.expire(at: at(Int64(number) * 100)).count == 1)
        }
        #expect(machine.takesNoMore(at: at(6_000)) == true)
        #expect(!machine.isDrained, "the first may still be answered")
    }

    @Test func `is noticed where callers cancel`() {
        var machine = Machine.ready()
        for number in 1...3 {
            machine.ask(number, until: .never)
            _ = machine.takeOutgoing()
            guard case .cancelled = machine.cancel(ticket: number, at: at(Int64(number) * 300)) else {
                Issue.record("it was in the queue")
                return
            }
        }
        #expect(machine.takesNoMore(at: at(900)) == true)
    }
}

@Suite struct `A PING of the connection's own` {
    @Test func `reaches nobody, and its answer keeps the connection`() {
        var machine = Machine.ready()
        #expect(machine.probeOrJudge() == false)
        #expect(text(machine.takeOutgoing()) == text(command("PING")))
        #expect(machine.isFree, "it can be lent meanwhile")
        machine.ask(1, until: .never)
        #expect(text(machine.takeOutgoing()) == text(command("ECHO 1")))
        #expect(machine.receive("+PONG\r\n:1\r\n") == [.nothing, .completed(1, [.integer(1)])])
        machine.bytesArrived()
        #expect(machine.probeOrJudge() == false)
        #expect(machine.closeIfSilent(at: at(0)) == nil && !machine.refusesRequests)
        #expect(machine.requestedBytes == command("ECHO 1").count)
    }

    @Test func `ends the connection when nothing has come by the next one`() {
        var machine = Machine.ready()
        #expect(machine.probeOrJudge() == false)
        _ = machine.takeOutgoing()
        #expect(machine.closeIfSilent(at: at(0)) == nil, "its time is not over")
        #expect(machine.probeOrJudge() == true)
        let failure = machine.closeIfSilent(at: at(0))
        #expect(failure?.isEndOfConnection == true)
        #expect(machine.refusesRequests && !machine.hasOutgoing)
    }

    @Test func `is no failure when bytes come between the judgement and the read`() {
        var machine = Machine.ready()
        #expect(machine.probeOrJudge() == false)
        _ = machine.takeOutgoing()
        #expect(machine.probeOrJudge() == true)
        machine.bytesArrived()
        #expect(machine.closeIfSilent(at: at(0)) == nil && !machine.refusesRequests)
    }

    @Test func `is not sent where somebody waits, or nothing is shaken hands on`() {
        var machine = Machine.ready()
        machine.ask(1, until: .never)
        _ = machine.takeOutgoing()
        #expect(machine.probeOrJudge() == false && machine.probeOrJudge() == false)
        #expect(machine.takeOutgoing().isEmpty)
        var connecting = Machine(.to("/nowhere"))
        #expect(connecting.probeOrJudge() == false && connecting.probeOrJudge() == false)
        #expect(connecting.queuedRequests == 0)
    }

    /// In RESP2 its answer is an array while anything is subscribed to.
    @Test func `is answered on a connection that only subscribes, in both protocols`() {
        for (version, pong) in [(RESPVersion.resp3, "+PONG\r\n"), (.resp2, "*2\r\n$4\r\npong\r\n$0\r\n\r\n")] {
            var machine = Machine.ready(version)
            _ = machine.submit(command("SUBSCRIBE a"), .confirmations, 1)
            _ = machine.takeOutgoing()
            let kind = version == .resp3 ? ">" : "*"
            #expect(machine.receive("\(kind)3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").count == 1)
            #expect(machine.probeOrJudge() == false)
            _ = machine.takeOutgoing()
            #expect(machine.receive(pong) == [.nothing])
            #expect(machine.queuedRequests == 0)
        }
    }
}
