@testable import Bulkhead
import BulkheadTestSupport
import Testing

/// Time is an argument, so nothing here waits.
@Suite struct `A lock's machine` {
    private let start = ContinuousClock.now
    private var random = SeededGenerator(seed: 7)

    private func lostReply(_ stage: RedisError.Stage = .sent) -> RedisError {
        RedisError(code: .connectionClosed, message: "the reply was lost", stage: stage)
    }

    private mutating func held(for seconds: Double = 1_000) -> LockReply { .held(left: .seconds(seconds)) }

    @Test mutating func `counts the lease from before the question, and leaves a hundredth to the clocks`() throws {
        var wait = LockWait(try LockTerm(.seconds(10)), waiting: .zero, at: start)
        #expect(wait.next(at: start) == .ask(within: .seconds(10)))
        let answered = start + .seconds(3)
        wait.answered(.taken(number: 5), asked: start, at: answered, using: &random)
        #expect(wait.next(at: answered) == .taken(number: 5, end: start + .milliseconds(9_900)))
    }

    @Test mutating func `does not take an answer that comes behind the end of the lease`() throws {
        var wait = LockWait(try LockTerm(.milliseconds(100)), waiting: .seconds(60), at: start)
        _ = wait.next(at: start)
        let late = start + .milliseconds(100)
        wait.answered(.taken(number: 5), asked: start, at: late, using: &random)
        #expect(wait.mayHold)
        guard case .pause = wait.next(at: late) else {
            Issue.record("it did not wait: \(wait.next(at: late))")
            return
        }
    }

    @Test mutating func `waits at random and never asks in a busy loop`() throws {
        var wait = LockWait(try LockTerm(.seconds(10)), waiting: .seconds(30), at: start)
        var (now, questions) = (start, 0)
        loop: while true {
            switch wait.next(at: now) {
            case .ask:
                questions += 1
                wait.answered(held(), asked: now, at: now, using: &random)
            case .pause(let pause):
                #expect(pause > .zero && pause <= .milliseconds(500))
                now += pause
            case .fails(let error):
                #expect(error.code == .lockTimedOut)
                break loop
            default:
                Issue.record("it took a lock that another has")
                break loop
            }
        }
        #expect(now == start + .seconds(30))
        // A pause is a quarter of a second on average, once they have grown.
        #expect((60...300).contains(questions), "\(questions) questions")
    }

    @Test mutating func `waits no longer than the other's lease, and asks once where it is not to wait`() throws {
        var wait = LockWait(try LockTerm(.seconds(10)), waiting: nil, at: start)
        for _ in 0..<100 {
            _ = wait.next(at: start)
            wait.answered(.held(left: .milliseconds(3)), asked: start, at: start, using: &random)
        }
        #expect(wait.next(at: start + .milliseconds(3)) == .ask(within: .seconds(10)))
        var once = LockWait(try LockTerm(.seconds(10)), waiting: .zero, at: start)
        _ = once.next(at: start)
        once.answered(held(), asked: start, at: start, using: &random)
        #expect(once.next(at: start) != .ask(within: .seconds(10)))
        guard case .fails(let error) = once.next(at: start) else { return #expect(Bool(false), "it waits") }
        #expect(error.code == .lockTimedOut)
    }

    @Test mutating func `knows after a lost reply that it may hold the lock, until an answer says who does`() throws {
        var wait = LockWait(try LockTerm(.seconds(10)), waiting: .seconds(60), at: start)
        _ = wait.next(at: start)
        wait.failed(lostReply(.queued), at: start, using: &random)
        #expect(!wait.mayHold)
        wait.failed(lostReply(), at: start, using: &random)
        wait.failed(lostReply(.queued), at: start, using: &random)
        #expect(wait.mayHold)
        wait.answered(held(), asked: start, at: start, using: &random)
        #expect(!wait.mayHold)
    }

    @Test mutating func `gives up at once what waiting does not help, and says the last failure at the end`() throws {
        var wait = LockWait(try LockTerm(.seconds(10)), waiting: .seconds(60), at: start)
        let denied = RedisError(code: .noPermission, message: "denied", stage: .answered)
        wait.failed(denied, at: start, using: &random)
        #expect(wait.next(at: start) == .fails(denied))
        wait = LockWait(try LockTerm(.seconds(10)), waiting: .seconds(60), at: start)
        _ = wait.next(at: start)
        wait.failed(lostReply(), at: start, using: &random)
        #expect(wait.next(at: start + .seconds(60)) == .fails(lostReply()))
    }

    @Test mutating func `extends at a third, and again at a third after that`() throws {
        var lease = LockLease(try LockTerm(.seconds(9)), number: 5, end: start + .milliseconds(8_910))
        #expect(lease.next(at: start) == .sleep(.seconds(3)))
        let third = start + .seconds(3)
        #expect(lease.next(at: third) == .extend(within: .seconds(3)))
        lease.extended(asked: third, at: third + .seconds(1))
        #expect(lease.end == third + .milliseconds(8_910))
        #expect(lease.next(at: third) == .sleep(.seconds(3)))
    }

    @Test mutating func `tries to extend until its end, which is before the server's, and is lost then`() throws {
        var lease = LockLease(try LockTerm(.seconds(9)), number: 5, end: start + .milliseconds(8_910))
        var (now, questions) = (start, 0)
        while true {
            let step = lease.next(at: now)
            if step == .lost { break }
            switch step {
            case .sleep(let pause): now += pause
            default:
                questions += 1
                now += .milliseconds(5)
                lease.failed(at: now, using: &random)
            }
        }
        #expect(now >= lease.end && now < start + .seconds(9))
        #expect((5...200).contains(questions), "\(questions) questions")
    }

    @Test mutating func `stays lost, whatever is answered later`() throws {
        var late = LockLease(try LockTerm(.seconds(9)), number: 5, end: start + .milliseconds(8_910))
        late.extended(asked: start + .seconds(8), at: start + .seconds(9))
        #expect(late.next(at: start + .seconds(9)) == .lost)
        var refused = LockLease(try LockTerm(.seconds(9)), number: 5, end: start + .milliseconds(8_910))
        refused.refused()
        refused.extended(asked: start, at: start)
        #expect(!refused.isHeld(at: start))
    }

    @Test func `refuses a lease that is none`() {
        for lease in [Duration.zero, .seconds(-1), .milliseconds(9), .seconds(366 * 86_400)] {
            #expect(throws: RedisError.self) { try LockTerm(lease) }
        }
    }
}
