@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

/// What a pool must be after every event, kept beside the machine and compared with it.
private struct Model {
    let bounds: PoolBounds
    var machine: Pool
    var opening = 0
    var idle: [Token] = []
    var leased: [Token] = []
    var queue: [Int] = []
    /// Of everybody who ever was queued.
    var ends: [Int: Moment] = [:]
    var now = Moment(nanoseconds: 0)
    var outcomes: [Int: Int] = [:]
    var isClosed = false
    var tokens = 0

    init(_ bounds: PoolBounds) {
        self.bounds = bounds
        machine = Pool(bounds)
    }

    mutating func settle(_ waiter: Int) { outcomes[waiter, default: 0] += 1 }

    /// Applies what the machine decided; every decision must be one that the rules allow.
    mutating func apply(_ actions: [Pool.Action]) {
        for action in actions {
            switch action {
            case .hand(let token, let waiter):
                #expect(queue.first == waiter, "first come, first served")
                queue.removeAll { $0 == waiter }
                settle(waiter)
                idle.removeAll { $0 === token }
                #expect(!leased.contains { $0 === token }, "nobody gets what another has")
                leased.append(token)
            case .fail(let waiter, let failure):
                switch failure.reason {
                case .tooManyWaiters:
                    #expect(queue.last == waiter)
                    #expect(queue.count > bounds.waiters, "the queue was not full")
                case .closed: #expect(isClosed)
                case .timedOut, .leaseTimedOut: #expect(ends[waiter]! <= now, "nobody is late too early")
                default: #expect(queue.first == waiter, "a failure serves the first in the queue")
                }
                queue.removeAll { $0 == waiter }
                settle(waiter)
            case .open:
                #expect(!isClosed)
                opening += 1
            case .close(let token):
                #expect(!leased.contains { $0 === token })
                idle.removeAll { $0 === token }
            }
        }
        check()
    }

    func check() {
        #expect(opening + machine.members.count <= bounds.maximumLeases)
        #expect(machine.leasedCount == leased.count)
        #expect(machine.waiterCount == queue.count)
        #expect(Set(machine.members.map(\.number)) == Set((idle + leased).map(\.number)))
        #expect(queue.isEmpty || idle.isEmpty, "nobody waits while a connection is idle")
        #expect(
            queue.isEmpty || opening > 0 || leased.count == bounds.maximumLeases,
            "as long as somebody waits, something is opened or all are leased")
        #expect(opening >= 0)
        if isClosed { #expect(queue.isEmpty && idle.isEmpty) }
        #expect(queue.allSatisfy { ends[$0]! >= machine.nextEnd }, "the timer is early enough for everybody")
    }

    mutating func expire() {
        apply(machine.expire(at: now))
        #expect(queue.allSatisfy { ends[$0]! > now }, "nobody late is left in the queue")
    }

    mutating func opened() {
        guard opening > 0 else { return }
        opening -= 1
        tokens += 1
        let token = Token(tokens)
        let actions = machine.opened(token)
        if actions.isEmpty { idle.append(token) }
        apply(actions)
    }

    mutating func release(_ index: Int, reusable: Bool) {
        let token = leased.remove(at: index)
        let actions = machine.release(token, reusable: reusable)
        if reusable && actions.isEmpty { idle.append(token) }
        apply(actions)
        apply(idle.contains { $0 === token } || leased.contains { $0 === token } ? [] : again(token))
    }

    /// A second return of what is nobody's any more.
    private mutating func again(_ token: Token) -> [Pool.Action] {
        let actions = machine.release(token, reusable: true)
        #expect(actions.isEmpty)
        return actions
    }
}

@Suite struct `A pool under a random walk` {
    @Test(arguments: Array(0..<12) as [UInt64])
    func `its invariants hold after each of five thousand events`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var model = Model(
            PoolBounds(
                maximumLeases: Int.random(in: 1...5, using: &random), waiters: [0, 1, 3, 20][Int(seed % 4)],
                leaseTimeout: .milliseconds(40)))
        var wanted = 0
        for step in 0..<5_000 {
            model.now = model.now + .milliseconds(1)
            if step == 4_900 {
                model.isClosed = true
                model.apply(model.machine.close())
            }
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40:
                wanted += 1
                let usable = Int.random(in: 0..<10, using: &random) > 0
                // What is idle and unusable leaves the pool without a word.
                if model.queue.isEmpty && !usable { model.idle = [] }
                model.queue.append(wanted)
                let waiter = wanted
                let end = model.now + .milliseconds(Int.random(in: 1...60, using: &random))
                model.ends[waiter] = min(end, model.now + .milliseconds(40))
                let deadline = Deadline(start: model.now, end: end)
                model.apply(
                    model.machine.lease(waiter, id: waiter, at: model.now, until: deadline) { _ in usable })
            case 40..<55: model.opened()
            case 55..<60 where model.opening > 0:
                model.opening -= 1
                model.apply(model.machine.openFailed(ConnectionFailure(.connectFailed, "dead")))
            case 60..<62 where model.opening > 0:
                model.opening -= 1
                model.apply(model.machine.openGivenUp())
            case 62..<90 where !model.leased.isEmpty:
                let index = Int.random(in: 0..<model.leased.count, using: &random)
                model.release(index, reusable: Int.random(in: 0..<4, using: &random) > 0)
            case 90..<92: model.expire()
            case 92..<96 where !model.queue.isEmpty:
                let waiter = model.queue.randomElement(using: &random)!
                model.queue.removeAll { $0 == waiter }
                #expect(model.machine.cancel(id: waiter) == waiter)
                model.settle(waiter)
                model.check()
            case 96..<100 where !model.idle.isEmpty:
                let token = model.idle.remove(at: Int.random(in: 0..<model.idle.count, using: &random))
                model.machine.ended(token)
                model.check()
            default: break
            }
        }
        while model.opening > 0 { model.opened() }
        while !model.leased.isEmpty { model.release(0, reusable: true) }
        #expect(model.machine.members.isEmpty)
        #expect(model.outcomes.count == wanted, "every waiter gets an outcome")
        #expect(model.outcomes.values.allSatisfy { $0 == 1 }, "and only one")
    }
}
