import BulkheadRESP
import Testing

@testable import Bulkhead

@Suite struct ConsumerMachineTests {
    private let start = ContinuousClock.now

    private func machine(
        concurrency: Int = 2, configure: (inout RedisStreamConsumer) -> Void = { _ in }
    ) -> ConsumerMachine {
        var consumer = RedisStreamConsumer(stream: "s", group: "g", name: "c")
        configure(&consumer)
        return ConsumerMachine(consumer, concurrency: concurrency, at: start)
    }

    private func error(_ code: String) -> RedisError {
        RedisError(code: .init(rawValue: code), message: "", stage: .answered)
    }

    /// One that has made its group, and has nothing of its own and nothing to claim.
    private func readingMachine(configure: (inout RedisStreamConsumer) -> Void = { _ in }) -> ConsumerMachine {
        var machine = machine(configure: configure)
        machine.madeGroup()
        machine.readOwn(last: nil)
        _ = machine.refusedClaim(error("ERR"))
        machine.claimed(next: "0-0", at: start)
        return machine
    }

    @Test func `it makes the group, reads its own, claims the stale, and then reads new entries`() {
        var machine = machine()
        #expect(machine.next(at: start) == .makeGroup)
        machine.madeGroup()
        #expect(machine.next(at: start) == .readOwn(after: "0-0", count: 2))
        machine.readOwn(last: "5-0")
        #expect(machine.next(at: start) == .readOwn(after: "5-0", count: 2))
        machine.readOwn(last: nil)
        // No server before Redis 8.4 knows this.
        #expect(machine.next(at: start) == .readOrClaim(count: 2, wait: .seconds(5)))
        let isRefused = machine.refusedClaim(error("ERR"))
        #expect(isRefused)
        #expect(machine.next(at: start) == .claim(from: "0-0", count: 2))
        machine.claimed(next: "7-0", at: start)
        #expect(machine.next(at: start) == .claim(from: "7-0", count: 2))
        machine.claimed(next: "0-0", at: start)
        #expect(machine.next(at: start) == .readNew(count: 2, wait: .seconds(5)))
        #expect(machine.next(at: start + .seconds(28)) == .readNew(count: 2, wait: .seconds(2)))
        #expect(machine.next(at: start + .seconds(30)) == .claim(from: "0-0", count: 2))
    }

    @Test func `it claims and reads by one command until a server refuses that`() {
        var machine = machine()
        machine.madeGroup()
        machine.readOwn(last: nil)
        for code in ["connection-closed", "NOGROUP", "WRONGTYPE", "NOPERM"] {
            let isRefused = machine.refusedClaim(error(code))
            #expect(!isRefused, "\(code)")
        }
        #expect(machine.next(at: start) == .readOrClaim(count: 2, wait: .seconds(5)))
        machine.readNew()
        #expect(machine.next(at: start + .seconds(90)) == .readOrClaim(count: 2, wait: .seconds(5)))
        var refusals = [machine.refusedClaim(error("ERR"))]
        // From the plain command the same error is one of its own.
        refusals.append(machine.refusedClaim(error("ERR")))
        #expect(refusals == [true, false])
    }

    @Test func `it reads no more entries than handlers are free`() {
        var machine = readingMachine()
        let isFirst = machine.begin("1-0")
        let isAgain = machine.begin("1-0")
        #expect(isFirst && !isAgain, "an entry that is under way was begun again")
        #expect(machine.next(at: start) == .readNew(count: 1, wait: .seconds(5)))
        _ = machine.begin("2-0")
        #expect(machine.next(at: start) == .waitForHandler)
        machine.end("1-0")
        #expect(machine.next(at: start) == .readNew(count: 1, wait: .seconds(5)))
    }

    @Test func `a lost group is made again at once, or ends the consumer`() {
        for code in ["NOGROUP", "UNBLOCKED"] {
            var making = readingMachine()
            let goesOn1 = making.failed(error(code), at: start)
            #expect(goesOn1)
            #expect(making.next(at: start) == .makeGroup)
            var ending = readingMachine { $0.makesGroup = false }
            let goesOn2 = ending.failed(error(code), at: start)
            #expect(!goesOn2)
            #expect(ending.next(at: start) == .end)
            #expect(ending.failure?.code.name == code)
        }
    }

    @Test func `it waits after a failure that may pass, and ends with one that does not`() {
        var machine = readingMachine()
        let goesOn3 = machine.failed(error("connection-closed"), at: start)
        #expect(goesOn3)
        // The pause is random and at most the longest.
        #expect(machine.next(at: start + .seconds(5)) != .end)
        machine.readNew()
        #expect(machine.next(at: start) == .readNew(count: 2, wait: .seconds(5)))
        let goesOn4 = machine.failed(error("WRONGTYPE"), at: start)
        #expect(!goesOn4)
        #expect(machine.next(at: start) == .end)
        #expect(machine.failure?.code == .wrongType)
    }

    @Test func `an entry is dead after so many deliveries, and left if somebody else has it`() throws {
        let machine = machine { $0.deadLetters = RedisDeadLetters(after: 3, to: "dead") }
        func pending(_ consumer: String, deliveries: Int) throws -> RedisPendingEntry {
            try RedisPendingEntry(
                redis: .array([
                    .bulkString("1-0"), .bulkString(RESPBytes(consumer)), .integer(0), .integer(Int64(deliveries)),
                ]))
        }
        #expect(try machine.verdict(pending("c", deliveries: 3)) == .handle)
        #expect(try machine.verdict(pending("c", deliveries: 4)) == .bury)
        #expect(try machine.verdict(pending("other", deliveries: 4)) == .leave)
        #expect(machine.verdict(nil) == .leave)
    }

    @Test func `once told to stop it only ends, whatever fails then`() {
        var machine = readingMachine()
        machine.stop()
        let goesOn5 = machine.failed(error("WRONGTYPE"), at: start)
        #expect(!goesOn5)
        #expect(machine.next(at: start) == .end)
        #expect(machine.failure == nil)
    }

    private func keeper(idleLimit: Duration = .seconds(60), keepsEntries: Bool = true) -> EntryKeeper {
        var consumer = RedisStreamConsumer(stream: "s", group: "g", name: "c")
        consumer.idleLimit = idleLimit
        consumer.keepsEntries = keepsEntries
        return EntryKeeper(consumer)
    }

    @Test func `entries are kept at a third of the limit, all with the one that is due`() {
        var keeper = keeper()
        #expect(keeper.next(at: start) == .pause(.seconds(20)))
        keeper.begin("1-0", at: start)
        keeper.begin("2-0", at: start + .seconds(5))
        #expect(keeper.next(at: start + .seconds(8)) == .pause(.seconds(12)))
        #expect(keeper.next(at: start + .seconds(20)) == .keep(["1-0", "2-0"]))
        keeper.end("1-0")
        keeper.begin("3-0", at: start + .seconds(21))
        keeper.kept(["1-0", "2-0"], at: start + .seconds(20))
        #expect(keeper.next(at: start + .seconds(22)) == .pause(.seconds(18)))
        #expect(keeper.next(at: start + .seconds(40)) == .keep(["2-0", "3-0"]))
        keeper.end("2-0")
        keeper.end("3-0")
        #expect(keeper.next(at: start + .seconds(40)) == .pause(.seconds(20)))
    }

    @Test func `a keeping that failed is tried again within a third of the limit, and never if that does not help`() {
        var keeper = keeper(idleLimit: .milliseconds(300))
        keeper.begin("1-0", at: start)
        for _ in 0..<20 { keeper.failed(error("connection-closed"), at: start) }
        #expect(keeper.next(at: start + .milliseconds(100)) == .keep(["1-0"]))
        keeper.failed(error("NOPERM"), at: start)
        #expect(keeper.next(at: start + .milliseconds(100)) == .end)
    }

    @Test func `nothing is kept if that is not wanted`() {
        var keeper = keeper(keepsEntries: false)
        keeper.begin("1-0", at: start)
        #expect(keeper.next(at: start + .seconds(60)) == .end)
    }
}
