import BulkheadTestSupport
import Testing

@testable import Bulkhead

/// A server by value: what a step takes, and a clock that only steps move.
private struct ModelServer {
    var roundTrip = Duration.microseconds(80)
    var costOfKey = Duration.microseconds(3)
    /// What a step waits for others, and other disturbances; by the number of the step.
    var disturbance: (Int) -> Duration = { _ in .zero }
    private(set) var now = ContinuousClock.now
    private(set) var steps = 0
    private(set) var pauses = Duration.zero
    private(set) var sizes: [Int] = []

    init(_ change: (inout ModelServer) -> Void = { _ in }) { change(&self) }

    mutating func run(_ machine: inout PaceMachine, steps count: Int) {
        for _ in 0..<count {
            let keys = machine.begin(at: now)
            now += roundTrip + costOfKey * keys + disturbance(steps)
            steps += 1
            sizes.append(keys)
            let pause = machine.ended(keys: keys, at: now)
            now += pause
            pauses += pause
        }
    }

    /// The largest time that one of the latest steps held the server.
    func longestHold(ofLast count: Int) -> Duration { costOfKey * (sizes.suffix(count).max() ?? 0) }
}

@Suite struct PaceMachineTests {
    private func considerate(most: Int = 4_096) -> PaceMachine {
        PaceMachine(budget: .microseconds(100), leaving: 0.25, most: most)
    }

    /// With a server, behind a hundred steps of it.
    private func settled() -> (machine: PaceMachine, server: ModelServer) {
        var machine = considerate()
        var server = ModelServer()
        server.run(&machine, steps: 100)
        return (machine, server)
    }

    @Test(arguments: [1, 3, 10, 40], [20, 80, 1_000])
    func `the size of a step settles at what the budget pays for`(cost: Int, roundTrip: Int) {
        var machine = considerate()
        var server = ModelServer {
            $0.costOfKey = .microseconds(cost)
            $0.roundTrip = .microseconds(roundTrip)
        }
        server.run(&machine, steps: 40)
        #expect(machine.keys == 100 / cost)
        #expect(server.longestHold(ofLast: 20) <= .microseconds(100))
    }

    @Test func `it starts with single keys and at most doubles, so that large values are met by small steps`() {
        var machine = considerate()
        var server = ModelServer()
        server.run(&machine, steps: 40)
        #expect(server.sizes.prefix(3) == [1, 1, 1])
        for (size, next) in zip(server.sizes, server.sizes.dropFirst()) { #expect(next <= 2 * size) }
    }

    @Test func `it never asks for less than one key or for more than the cap`() {
        var machine = considerate(most: 500)
        var dear = ModelServer { $0.costOfKey = .seconds(1) }
        dear.run(&machine, steps: 200)
        #expect(machine.keys == 1)
        #expect(dear.sizes.allSatisfy { $0 == 1 || $0 == 2 })
        var cheap = ModelServer { $0.costOfKey = .zero }
        cheap.run(&machine, steps: 200)
        #expect(machine.keys == 500)
        #expect(cheap.sizes.allSatisfy { (1...500).contains($0) })
        var free = PaceMachine(budget: .milliseconds(100), leaving: 0, most: .max)
        cheap.run(&free, steps: 100)
        #expect(free.keys == PaceMachine.mostKeys)
    }

    @Test func `a clock that stands still or runs backwards does no harm`() {
        var machine = considerate()
        let start = ContinuousClock.now
        for step in 0..<100 {
            let keys = machine.begin(at: start)
            #expect((1...PaceMachine.mostKeys).contains(keys))
            #expect(machine.ended(keys: keys, at: start - .seconds(step)) == .zero)
        }
        #expect(machine.ended(keys: 5, at: start) == .zero, "no step was begun")
    }

    @Test func `after a stall it goes on as before`() {
        var (machine, server) = settled()
        let before = machine.keys
        server.disturbance = { $0 < 103 ? .seconds(2) : .zero }
        server.run(&machine, steps: 20)
        #expect(machine.keys == before)
    }

    @Test func `one step in three that is disturbed changes nothing`() {
        var machine = considerate()
        var server = ModelServer { $0.disturbance = { $0 % 3 == 0 ? .milliseconds(5) : .zero } }
        server.run(&machine, steps: 200)
        #expect(machine.keys == 33)
    }

    @Test func `what preparing a slice takes is not the server's time`() {
        var (prompt, slow) = (considerate(), considerate())
        var now = ContinuousClock.now
        for _ in 0..<50 {
            for isSlow in [false, true] {
                var machine = isSlow ? slow : prompt
                let keys = machine.begin(at: now)
                if isSlow {
                    now += .milliseconds(keys)
                    machine.leave(at: now)
                }
                now += .microseconds(80 + 3 * keys)
                _ = machine.ended(keys: keys, at: now)
                if isSlow { slow = machine } else { prompt = machine }
            }
        }
        #expect(slow.keys == 33 && prompt.keys == 33)
    }

    @Test func `a single step that finds nothing to do does not open the door to a large one`() {
        var (machine, server) = settled()
        let before = machine.keys
        server.costOfKey = .zero
        server.run(&machine, steps: 1)
        server.costOfKey = .microseconds(3)
        server.run(&machine, steps: 10)
        #expect(server.sizes.suffix(10).max() == before)
    }

    @Test func `first steps that seem to cost nothing, after probes that were slow, do not open the door either`() {
        for probes in [100, 120, 200] {
            var machine = considerate()
            var server = ModelServer { $0.disturbance = { $0 < 3 ? .microseconds(probes - 80) : .zero } }
            server.run(&machine, steps: 60)
            #expect(server.longestHold(ofLast: 60) <= .microseconds(500), "after probes of \(probes) µs")
        }
    }

    @Test func `keys that become ten times dearer are met by steps ten times smaller, within 16 steps`() {
        var (machine, server) = settled()
        server.costOfKey = .microseconds(30)
        server.run(&machine, steps: 16)
        #expect(machine.keys == 3)
        server.costOfKey = .microseconds(3)
        server.run(&machine, steps: 20)
        #expect(machine.keys == 33)
    }

    @Test func `a network that becomes slower is learnt, and the steps keep their size`() {
        var (machine, server) = settled()
        server.roundTrip = .milliseconds(2)
        server.run(&machine, steps: 200)
        #expect(machine.keys == 33)
    }

    @Test func `over a hundred thousand noisy steps it does not drift`() {
        var machine = considerate()
        var random = SeededGenerator(seed: 1)
        var server = ModelServer {
            $0.disturbance = { _ in .nanoseconds(Int64.random(in: 0...30_000, using: &random)) }
        }
        server.run(&machine, steps: 1_000)
        for _ in 0..<100 {
            server.run(&machine, steps: 1_000)
            #expect((16...60).contains(machine.keys), "\(machine.keys) keys")
        }
    }

    /// A thread that is not run in time, or a neighbour's slow commands, in every second step.
    @Test func `milliseconds lost in half of all steps neither starve the scan nor let it grow`() {
        var random = SeededGenerator(seed: 2)
        for budget in [50, 100] {
            var machine = PaceMachine(budget: .microseconds(budget), leaving: 0)
            var server = ModelServer {
                $0.costOfKey = .microseconds(2)
                $0.disturbance = { _ in
                    let wait = Bool.random(using: &random) ? Int64.random(in: 0...3_000_000, using: &random) : 0
                    return .nanoseconds(wait + .random(in: 0...40_000, using: &random))
                }
            }
            server.run(&machine, steps: 20_000)
            let steady = server.sizes.dropFirst(1_000)
            let mean = steady.reduce(0, +) / steady.count
            #expect((budget / 5...budget / 2).contains(mean), "\(mean) keys of 2 µs for \(budget) µs")
            #expect(steady.count { $0 > budget } < steady.count / 200)
            #expect(steady.count { $0 == 1 } < steady.count / 10)
        }
    }

    @Test func `an idle server is asked without a pause, a busy one is left the share that was promised`() {
        var machine = PaceMachine(budget: .microseconds(100), leaving: 0.75)
        var server = ModelServer()
        server.run(&machine, steps: 1_000)
        #expect(server.pauses == .zero)
        #expect(machine.busyness == 0)

        // What others have of the server comes and goes, so that probes and steps see it apart.
        server.disturbance = { $0 % 2 == 0 ? .microseconds(900) : .microseconds(300) }
        server.run(&machine, steps: 1_000)
        let busy = server.pauses
        #expect(busy > .milliseconds(50), "\(busy)")
        server.disturbance = { _ in .zero }
        server.run(&machine, steps: 1_000)
        let calm = server.pauses - busy
        #expect(calm < busy / 4, "\(calm) after \(busy)")
    }

    @Test func `a pause is long enough to be a sleep and short enough not to be a stop`() {
        var machine = PaceMachine(budget: .milliseconds(100), leaving: 0.9)
        var server = ModelServer {
            $0.costOfKey = .milliseconds(20)
            $0.disturbance = { $0 % 4 == 1 ? .zero : .seconds(1) }
        }
        var before = Duration.zero
        for _ in 0..<300 {
            server.run(&machine, steps: 1)
            let pause = server.pauses - before
            before = server.pauses
            #expect(pause == .zero || (PaceMachine.shortestPause...PaceMachine.longestPause).contains(pause))
        }
        #expect(before > .zero)
    }

    @Test func `a pacer gives whole slices at full pace, and small ones first at any other`() async {
        var full = Pacer(.full, most: 70)
        for _ in 0..<3 {
            #expect(await full.begin() == 70)
            full.end(keys: 70)
        }
        var paced = Pacer(.considerate, most: 70)
        #expect(await paced.begin() == 1)
        paced.end(keys: 1)
        #expect(paced.beginBlocking() == 1)
        // A slice that failed was not ended; the next begins all the same.
        #expect(paced.beginBlocking() == 1)
    }

    @Test func `a pace reads and shows itself in words`() {
        for text in ["full", "considerate", "gentle", "200us"] { #expect(RedisPace(text)?.description == text) }
        for text in ["", "fast", "1us", "us", "-5us", "99999999999999999999us", "200 us"] {
            #expect(RedisPace(text) == nil, "\(text)")
        }
        #expect(RedisPace(budget: .zero, leaving: 7) == RedisPace(budget: .microseconds(5), leaving: 0.9))
        #expect(RedisPace(budget: .seconds(9), leaving: .nan).leaving == 0)
    }

    @Test func `what a slice takes to be gathered is not the server's time`() async throws {
        for isTold in [true, false] {
            var pacer = Pacer(.considerate, most: 32)
            // A thread that loses its processor behind a slice makes the next one smaller: the largest counts.
            var most = 0
            for _ in 0..<80 {
                let keys = await pacer.begin()
                most = max(most, keys)
                // Three times the budget for each key.
                try await Task.sleep(for: .microseconds(300 * keys))
                if isTold { pacer.gathered() }
                pacer.end(keys: keys)
            }
            if isTold { #expect(most > 8) } else { #expect(most <= 8) }
        }
    }
}
