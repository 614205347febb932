@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

extension Machine {
    /// A command in the queue under a ticket, which is its waiter's number too.
    @discardableResult
    mutating func ask(_ number: Int, until end: Moment, length: Int = 0) -> Bool {
        let deadline = Deadline(start: Moment(nanoseconds: 0), end: end)
        let bytes =
            length == 0
            ? command("ECHO \(number)") : command(["ECHO", "\(number)", String(repeating: "x", count: length)])
        return submit(bytes, .replies(1), number, ticket: number, deadline: deadline) == nil
    }

    /// The same, of a task that is asked whether it was cancelled.
    mutating func ask(_ number: Int, of task: CallersTask, at start: Moment) {
        let refusal = submit(
            command("ECHO \(number)"), .replies(1), number, of: task, ticket: number,
            deadline: Deadline(start: start, end: .never))
        #expect(refusal == nil)
    }

    /// The next piece to be written.
    mutating func takePiece() -> [UInt8] {
        var piece: [UInt8] = []
        takeOutgoing(into: &piece)
        return piece
    }

    /// How far the request had come that gave up; nil if it was not in the queue.
    mutating func markCancelled(_ ticket: Int) -> ConnectionFailure.Stage? {
        guard case .cancelled(let waiter, let stage) = cancel(ticket: ticket, at: at(0)) else { return nil }
        #expect(waiter == ticket)
        return stage
    }
}

private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

@Suite struct `Requests that are given up` {
    @Test func `leave no byte behind if they were not handed out`() {
        var machine = Machine.ready()
        for number in 1...4 { machine.ask(number, until: .never) }
        #expect(machine.markCancelled(2) == .queued && machine.markCancelled(4) == .queued)
        #expect(text(machine.takeOutgoing()) == text(command("ECHO 1") + command("ECHO 3")))
        #expect(machine.receive(":1\r\n:3\r\n") == [.completed(1, [.integer(1)]), .completed(3, [.integer(3)])])
        #expect(machine.isIdle)
    }

    @Test func `keep their place if they were handed out, and their reply reaches nobody`() {
        var machine = Machine.ready()
        for number in 1...3 { machine.ask(number, until: .never) }
        _ = machine.takeOutgoing()
        #expect(machine.markCancelled(2) == .sent)
        #expect(machine.markCancelled(2) == nil, "once")
        #expect(
            machine.receive(":1\r\n:2\r\n:3\r\n")
                == [.completed(1, [.integer(1)]), .nothing, .completed(3, [.integer(3)])])
        #expect(machine.isIdle)
    }

    @Test func `say that they were being written where the socket has not taken all of their bytes`() {
        var machine = Machine.ready()
        for number in 1...2 { machine.ask(number, until: .never) }
        _ = machine.takeOutgoing()
        let unwritten = command("ECHO 2").count
        guard case .cancelled(_, .sent) = machine.cancel(ticket: 1, at: at(0), unwritten: unwritten),
            case .cancelled(_, .writing) = machine.cancel(ticket: 2, at: at(0), unwritten: unwritten)
        else {
            Issue.record("of two requests the socket has taken one")
            return
        }
    }

    @Test func `drop all replies of a pipeline, and keep none of them meanwhile`() {
        var machine = Machine.ready()
        _ = machine.submit(commands("A", "B", "C"), .replies(3), 1, ticket: 1)
        machine.ask(2, until: .never)
        _ = machine.takeOutgoing()
        #expect(machine.receive(":1\r\n") == [.nothing])
        #expect(machine.markCancelled(1) == .sent)
        #expect(!machine.isIdle && machine.isDropping)
        #expect(machine.receive(":2\r\n:3\r\n:4\r\n") == [.nothing, .nothing, .completed(2, [.integer(4)])])
    }

    @Test func `before the handshake is over learn that they waited for the connection`() {
        var machine = Machine(someSettings())
        machine.ask(1, until: at(10))
        machine.ask(2, until: .never)
        let failures = machine.expire(at: at(10))
        #expect(failures.map(\.0) == [1] && failures.map(\.1.stage) == [.connecting])
        #expect(machine.markCancelled(2) == .connecting)
        _ = machine.connected()
        _ = machine.receive(hello + "+OK\r\n+OK\r\n+OK\r\n")
        #expect(machine.takeOutgoing() == [])
    }

    @Test func `expire at their own deadline, each with its stage`() {
        var machine = Machine.ready()
        machine.ask(1, until: at(50))
        machine.ask(2, until: at(20))
        _ = machine.takeOutgoing()
        machine.ask(3, until: at(30))
        #expect(machine.nextDeadline == at(20))
        #expect(machine.expire(at: at(19)).isEmpty)
        let first = machine.expire(at: at(20))
        #expect(first.map(\.0) == [2] && first.map(\.1.reason) == [.timedOut])
        #expect(first.map(\.1.stage) == [.sent])
        #expect(machine.nextDeadline == at(30))
        let rest = machine.expire(at: at(60), unwritten: 10_000)
        #expect(rest.map(\.0) == [1, 3] && rest.map(\.1.stage) == [.writing, .queued])
        #expect(machine.expire(at: at(1_000)).isEmpty && machine.nextDeadline == .never)
        #expect(machine.isFree && !machine.isIdle, "two replies are still to be dropped")
        #expect(machine.receive(":1\r\n:2\r\n") == [.nothing, .nothing])
        #expect(machine.isIdle && machine.takeOutgoing() == [])
    }

    @Test func `that wait on the server keep their place and their waiter once more, if they may have left`() {
        var machine = Machine.ready()
        machine.ask(1, until: at(50))
        machine.ask(2, until: at(50))
        machine.extensions[1] = .milliseconds(100)
        _ = machine.takeOutgoing()
        #expect(machine.expire(at: at(50)).map(\.0) == [1, 2])
        #expect(machine.nextDeadline == at(150))
        #expect(machine.expire(at: at(149)).isEmpty)
        #expect(machine.receive(":1\r\n:2\r\n") == [.completed(1, [.integer(1)]), .nothing])

        machine.ask(3, until: at(200))
        machine.extensions[3] = .milliseconds(100)
        #expect(machine.expire(at: at(200)).map(\.1.stage) == [.queued])
        #expect(machine.takeOutgoing() == [])
        #expect(machine.isIdle)

        machine.ask(4, until: .never)
        machine.extensions[4] = .milliseconds(100)
        _ = machine.takeOutgoing()
        let isQueued = machine.expireSoon(ticket: 4, at: at(300))
        let isOther = machine.expireSoon(ticket: 5, at: at(300))
        #expect(isQueued && !isOther)
        #expect(machine.expire(at: at(300)).map(\.0) == [4])
        #expect(machine.expire(at: at(400)).map(\.0) == [4])
        let isStillThere = machine.expireSoon(ticket: 4, at: at(400))
        #expect(!isStillThere)
        #expect(machine.receive(":4\r\n") == [.nothing])
    }

    @Test func `say in words where they waited, behind how many, and how long the first has waited`() {
        var machine = Machine.ready()
        for number in 1...3 { machine.ask(number, until: number == 3 ? at(250) : .never) }
        _ = machine.takeOutgoing()
        let failures = machine.expire(at: at(1_500))
        #expect(
            failures.first?.1.message == "no reply within 250 ms: it was sent to unix:/nowhere and awaited its reply, "
                + "behind 2 others of which the first is 1.5 s old")
    }

    @Test func `past a bound of them the connection takes no new requests, and ends when only they are left`() {
        var machine = Machine.ready()
        for number in 1...Machine.mostCancelledAfterSend + 2 { machine.ask(number, until: .never) }
        _ = machine.takeOutgoing()
        for number in 1...Machine.mostCancelledAfterSend { #expect(machine.markCancelled(number) == .sent) }
        #expect(!machine.refusesRequests)
        _ = machine.markCancelled(Machine.mostCancelledAfterSend + 1)
        #expect(machine.refusesRequests && !machine.isDrained, "one still waits, and gets its reply")
        _ = machine.markCancelled(Machine.mostCancelledAfterSend + 2)
        #expect(machine.isDrained)
    }

    @Test func `do not fail again when the connection ends`() {
        var machine = Machine.ready()
        for number in 1...3 { machine.ask(number, until: .never) }
        _ = machine.takeOutgoing()
        _ = machine.markCancelled(2)
        #expect(machine.ended(ConnectionFailure(.inputOutput, "broke")).map(\.0) == [1, 3])
    }

    /// With a server that reads nothing. If each moved all that stand behind it this took many minutes.
    @Test(.timeLimit(.minutes(10)), arguments: [false, true])
    func `by thousands at once cost one pass, not one each`(isCancelled: Bool) {
        var machine = Machine.ready()
        let count = LaneBounds().requests
        for number in 1...count { machine.ask(number, until: number == count ? .never : at(10)) }
        if isCancelled {
            let isCancelledBeforeSend = (1..<count).allSatisfy { machine.markCancelled($0) == .queued }
            #expect(isCancelledBeforeSend)
        } else {
            let expired = machine.expire(at: at(10))
            #expect(expired.map(\.0) == Array(1..<count))
            #expect(expired.allSatisfy { !$0.1.message.contains("behind") }, "those ahead are gone before")
        }
        #expect(machine.queuedRequests == 1 && text(machine.takeOutgoing()) == text(command("ECHO \(count)")))
    }

    @Test func `who came in another order than they got their tickets in are found as well`() {
        var machine = Machine.ready()
        for number in [5, 9, 1, 7, 3] { machine.ask(number, until: .never) }
        for number in [2, 4, 10] { #expect(machine.markCancelled(number) == nil) }
        for number in [1, 3, 9] { #expect(machine.markCancelled(number) == .queued) }
        #expect(text(machine.takeOutgoing()) == text(commands("ECHO 5", "ECHO 7")))
        #expect(machine.markCancelled(5) == .sent && machine.markCancelled(9) == nil)
        #expect(machine.receive(":5\r\n:7\r\n") == [.nothing, .completed(7, [.integer(7)])])
    }

    /// Several threads get their tickets in one order and come in another.
    @Test func `by thousands in another order than they came in cost each a few steps, not one a neighbour`() {
        var random = SeededGenerator(seed: 7)
        var steps: [Int] = []
        for count in [5_000, 10_000] {
            var machine = Machine.ready()
            for number in (1...count).shuffled(using: &random) { machine.ask(number, until: .never) }
            var isFound = true
            for number in (1...count).shuffled(using: &random) {
                isFound = machine.markCancelled(number) == .queued && isFound
            }
            #expect(isFound && machine.queuedRequests == 0)
            steps.append(machine.searchSteps)
        }
        #expect(steps[1] <= 3 * steps[0] && steps[1] < 10 * 10_000, "\(steps)")
    }

    /// The queue never empties, and so stays out of order.
    @Test func `one by one in a line that never ends cost each a few steps`() {
        var machine = Machine.ready()
        let count = 4_000
        machine.ask(2, until: .never)
        machine.ask(1, until: .never)
        for number in 3...count {
            machine.ask(number, until: .never)
            machine.ask(count + number, until: .never)
            #expect(machine.markCancelled(count + number) == .queued)
            _ = machine.takeOutgoing()
            if number > 1_000 { _ = machine.receive(":1\r\n") }
        }
        #expect(machine.queuedRequests == 1_000)
        #expect(machine.searchSteps < 20 * count, "\(machine.searchSteps)")
    }

    @Test func `make room for others at once, in number and in bytes`() {
        var settings = someSettings()
        settings.bounds = LaneBounds(requests: 4, unwrittenBytes: 1_000)
        var machine = Machine(settings)
        for number in 1...4 { machine.ask(number, until: .never) }
        #expect(machine.ask(5, until: .never) == false)
        #expect(machine.markCancelled(2) == .connecting)
        #expect(machine.ask(6, until: .never) && !machine.ask(7, until: .never))
        _ = machine.markCancelled(1)
        #expect(machine.ask(8, until: .never, length: 2_000) == true)
        _ = machine.markCancelled(3)
        #expect(machine.ask(9, until: .never) == false, "there are too many bytes")
        _ = machine.markCancelled(8)
        #expect(machine.ask(10, until: .never) == true)
    }

    @Test func `can do so until the piece they are in is handed out`() throws {
        var machine = Machine.ready()
        for number in 1...100 { machine.ask(number, until: .never, length: 5_000) }
        let first = machine.takePiece()
        #expect(first.count <= Machine.largestPiece && first.count > Machine.largestPiece - 6_000)
        let sent = values(text(first)).count
        try #require(sent < 98)
        #expect(machine.markCancelled(sent) == .sent)
        #expect(machine.markCancelled(sent + 1) == .queued && machine.markCancelled(100) == .queued)
        var rest: [UInt8] = []
        while machine.hasOutgoing {
            let piece = machine.takePiece()
            #expect(!piece.isEmpty && piece.count <= Machine.largestPiece)
            rest += piece
        }
        let numbers = values(text(rest)).compactMap { $0.elements?[1].bytes?.text }
        #expect(numbers == (sent + 2..<100).map { "\($0)" })
    }

    @Test func `beyond the lane's bounds are not taken at all`() {
        var settings = someSettings()
        settings.bounds = LaneBounds(requests: 2, unwrittenBytes: 100)
        var machine = Machine(settings)
        #expect(machine.ask(1) && machine.ask(2))
        let refusal = machine.submit(command("ECHO 3"), .replies(1), 3)
        #expect(refusal?.reason == .tooManyRequests && refusal?.stage == .refused)

        settings.bounds = LaneBounds(requests: 100, unwrittenBytes: 100)
        machine = Machine(settings)
        #expect(machine.submit(command(["SET", "a", String(repeating: "x", count: 500)]), .replies(1), 1) == nil)
        #expect(machine.submit(command("PING"), .replies(1), 2)?.reason == .tooManyRequests)
    }

    @Test(arguments: Array(0..<16) as [UInt64])
    func `never get another's reply nor give theirs away, whatever happens in between`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = Machine.ready()
        // The server answers each ECHO by its number, in order.
        var server = RESPDecoder()
        var answers: [Int64] = []
        var waiting: Set<Int> = []
        var neverSent: Set<Int> = []
        var receptions = RingQueue<Machine.Reception>()
        for number in 1...3_000 {
            let now = at(Int64(number))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let timeout = Duration.milliseconds(Int.random(in: 0..<20, using: &random))
                let end = Bool.random(using: &random) ? Moment.never : now + timeout
                // Now and then so large that not all goes in one write.
                let length = Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 0..<90_000, using: &random) : 0
                // Half of the seeds come in another order than they got their tickets in.
                let ticket = seed.isMultiple(of: 2) ? number : number ^ 7
                let isTaken = machine.ask(ticket, until: end, length: length)
                #expect(isTaken)
                waiting.insert(ticket)
            case 5:
                server.feed(machine.takePiece())
                while let request = try? server.next() {
                    let echoed = Int(request.elements?[1].bytes?.description ?? "") ?? 0
                    #expect(!neverSent.contains(echoed), "its waiter was told that it never left")
                    answers.append(Int64(echoed))
                }
            case 6, 7:
                let count = Int.random(in: 0...min(8, answers.count), using: &random)
                var values = answers.prefix(count).map { RESPValue.integer($0) }
                answers.removeFirst(count)
                machine.received(&values, &receptions)
                while let reception = receptions.popFirst() {
                    guard case .completed(let waiter, .integer(let answer)) = reception else { continue }
                    #expect(Int64(waiter) == answer)
                    #expect(waiting.remove(waiter) != nil, "resumed twice, or after it gave up")
                }
            case 8:
                guard let ticket = waiting.randomElement(using: &random) else { continue }
                let stage = machine.markCancelled(ticket)
                #expect(stage != nil, "whoever waits is found")
                if stage == .queued { neverSent.insert(ticket) }
                waiting.remove(ticket)
            default:
                for (waiter, failure) in machine.expire(at: now) {
                    #expect(waiting.remove(waiter) != nil)
                    if failure.stage == .queued { neverSent.insert(waiter) }
                }
            }
            if machine.refusesRequests { break }
            #expect(machine.queuedRequests == waiting.count + machine.cancelledAfterSend)
            #expect(machine.hasOutgoing == (machine.waitingBytes > 0))
        }
        #expect(Set(machine.ended(ConnectionFailure(.inputOutput, "broke")).map(\.0)) == waiting)
    }

    @Test func `whose tasks were cancelled leave together when they are asked, and the others stay`() async {
        var machine = Machine.ready()
        let task = CallersTask.current
        for number in 1...3 { machine.ask(number, of: task, at: at(0)) }
        _ = machine.takeOutgoing()
        for number in 4...5 { machine.ask(number, of: task, at: at(1)) }
        machine.ask(6, until: .never)
        var asked = 0
        let found = machine.cancelRequests(madeUntil: at(1), at: at(9)) { _ in
            asked += 1
            return asked.isMultiple(of: 2)
        }
        #expect(found.cancelled.map(\.0) == [2, 4] && found.cancelled.map(\.1) == [.sent, .queued])
        #expect(asked == 5 && found.mustAskAgain && found.oldest == at(0), "the sixth has no task to ask")
        #expect(text(machine.takeOutgoing()) == text(command("ECHO 5") + command("ECHO 6")))
        #expect(
            machine.receive(":1\r\n:2\r\n:3\r\n")
                == [.completed(1, [.integer(1)]), .nothing, .completed(3, [.integer(3)])])
    }

    @Test func `are not asked before they have waited, nor once everybody is gone`() async {
        var machine = Machine.ready()
        let task = CallersTask.current
        machine.ask(1, of: task, at: at(0))
        machine.ask(2, of: task, at: at(7))
        let early = machine.cancelRequests(madeUntil: at(5), at: at(10)) { _ in true }
        #expect(early.cancelled.map(\.0) == [1] && early.mustAskAgain)
        let late = machine.cancelRequests(madeUntil: at(7), at: at(12)) { _ in true }
        #expect(late.cancelled.map(\.0) == [2] && !late.mustAskAgain)
        machine.ask(3, until: .never)
        #expect(!machine.cancelRequests(madeUntil: at(20), at: at(25)) { _ in true }.mustAskAgain)
    }

    @Test func `are asked in parts, and each has its turn`() async {
        var machine = Machine.ready()
        for number in 1...5 { machine.ask(number, of: .current, at: at(0)) }
        _ = machine.takeOutgoing()
        var counts: [Int] = []
        for _ in 0..<4 {
            var asked = 0
            let found = machine.cancelRequests(madeUntil: at(1), at: at(9), limit: 2) { _ in
                asked += 1
                return false
            }
            counts.append(asked)
            #expect(found.mustAskAgain && found.cancelled.isEmpty)
        }
        #expect(counts == [2, 2, 1, 2])
        let all = machine.cancelRequests(madeUntil: .never, at: at(9)) { _ in true }
        #expect(all.cancelled.map(\.0) == [1, 2, 3, 4, 5], "without a limit from the first on")
    }
}
