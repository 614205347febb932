import Bulkhead

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Asks a rate limit as often as it can, and writes down when it was allowed: between which two moments of the server's
/// clock, which is this machine's.
enum LimitWork {
    private static let name = "calls"
    /// One in ten milliseconds, and twenty at once.
    private static let limit = RedisRateLimit(100, per: .seconds(1), burst: 20)

    static func runBlocking(_ worker: Worker) throws {
        let (locks, resource) = (try worker.locks.blocking(.main), try worker.resource.blocking(.main))
        while worker.isWanted {
            do {
                let before = Faults.microseconds()
                let answer = try locks.allow(name, limit)
                if answer.isAllowed {
                    try resource.rpush(Worker.journal, "\(worker.name) \(before) \(Faults.microseconds())")
                } else {
                    try resource.incr(Worker.refused)
                    usleep(2_000)
                }
            } catch {
                // It may have been counted: nobody took it for allowed.
                try resource.incr(Worker.lost)
            }
        }
    }

    static func run(_ worker: Worker) async throws {
        let (locks, resource) = (try worker.locks[.main], try worker.resource[.main])
        while worker.isWanted {
            do {
                let before = Faults.microseconds()
                let answer = try await locks.allow(name, limit)
                if answer.isAllowed {
                    try await resource.rpush(Worker.journal, "\(worker.name) \(before) \(Faults.microseconds())")
                } else {
                    try await resource.incr(Worker.refused)
                    try await Task.sleep(for: .milliseconds(2))
                }
            } catch {
                try await resource.incr(Worker.lost)
            }
        }
    }

    /// Prints what was found; true if no time saw more than the rate and the burst, and a burst more for each failover.
    static func judge(_ resource: BlockingRedisDatabase) throws -> Bool {
        var tally = LimitTally(interval: 10_000, burst: 20)
        for entry in try resource.lrange(Worker.journal, from: 0, through: -1) { tally.add(entry) }
        func count(_ key: String) throws -> Int { try resource.get(key, as: Int.self) ?? 0 }
        let found = tally.judged()
        print(
            "\(tally.permits.count) allowed, \(try count(Worker.refused)) refused, \(try count(Worker.lost)) lost; at "
                + "most \(found.most) above the rate at once, where no failover was")
        print("allowed beyond rate and burst, where no failover was: \(found.beyond)")
        print(
            "allowed beyond rate and burst, with a burst more for each failover: \(found.beyondFailovers) (without it "
                + "\(found.excess))")
        let isRight = found.beyond + found.beyondFailovers == 0
        print(isRight ? "The limit held." : "THE LIMIT DID NOT HOLD.")
        return isRight
    }
}

/// When something was allowed, and how many more that was than a limit says.
struct LimitTally {
    struct Judgement {
        /// The most in any time, less what the rate gives in it; no failover in that time.
        var most = 0
        /// How many of these were above the burst.
        var beyond = 0
        /// The most above rate and burst in a time with failovers, and above what each of them may forget too.
        var excess = 0
        var beyondFailovers = 0
    }

    /// Microseconds that one costs.
    let interval: Int
    let burst: Int
    private(set) var permits: [ClosedRange<Int>] = []
    private var failovers: [ClosedRange<Int>] = []

    init(interval: Int, burst: Int) {
        self.interval = interval
        self.burst = burst
    }

    mutating func add(_ entry: String) {
        let words = entry.split(separator: " ")
        guard words.count == 3, let first = Int(words[1]), let last = Int(words[2]), first <= last else { return }
        if words[0] == "failover" { failovers.append(first...last) } else { permits.append(first...last) }
    }

    /// Looks at each time from the beginning of one call to the end of another: whatever was allowed in a call that
    /// lies within it was allowed in that time. A call that hangs lies in long times only.
    func judged() -> Judgement {
        var found = Judgement()
        let byEnd = permits.sorted { $0.upperBound < $1.upperBound }
        for start in permits.map(\.lowerBound) {
            var count = 0
            for permit in byEnd where permit.lowerBound >= start {
                count += 1
                judge(count, in: start...permit.upperBound, &found)
            }
        }
        return found
    }

    private func judge(_ count: Int, in time: ClosedRange<Int>, _ found: inout Judgement) {
        let above = count - (time.upperBound - time.lowerBound) / interval
        guard above > found.most || above > burst else { return }
        let forgetting = failovers.filter { $0.overlaps(time) }
        if forgetting.isEmpty {
            found.most = max(found.most, above)
            found.beyond = max(found.beyond, above - burst)
        } else {
            // While it is under way two servers may allow, each at the rate.
            let both = forgetting.map { failover in
                let common = failover.clamped(to: time)
                return burst + (common.upperBound - common.lowerBound) / interval + 1
            }
            found.excess = max(found.excess, above - burst)
            found.beyondFailovers = max(found.beyondFailovers, above - burst - both.reduce(0, +))
        }
    }
}
