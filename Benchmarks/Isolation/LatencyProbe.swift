import BenchmarkSupport
import Bulkhead
import Dispatch

/// GETs of a cache that leave on a schedule, whatever became of those before them.
///
/// The calling thread keeps the schedule and starts a task for each request; the library's asynchronous side does the
/// rest, as it would in a service. Latency counts from the intended instant to the task's resumption.
struct LatencyProbe {
    let database: RedisDatabase
    let content: IsolationContent
    let settings: IsolationSettings

    /// How long answers may stay out after the last request, in seconds, before they count as failed.
    private static let patience = 30
    /// Time in nanoseconds before the first request, for the thread to be there in time.
    private static let lead: Int64 = 5_000_000

    /// Measures once; blocks the calling thread, which must be none of Swift's pool. `work` counts what is done beside;
    /// it is read at both ends of the measured time.
    func run(
        round: Int, beside work: () -> Int, _ interruption: Interruption
    ) throws(Interrupted) -> ProbeMeasurement {
        let seed = UInt64(settings.seed) &+ UInt64(round) << 32
        var randomKeys = SeededGenerator(seed: ~seed)
        let schedule = OpenLoopSchedule(
            start: MonotonicClock.now() + Self.lead, rate: settings.rate,
            count: max(1, Int((settings.rate * (settings.warmUp + settings.seconds)).rounded())),
            arrivals: settings.even ? .even : .poisson(seed: seed))
        let measuredFrom = schedule.start + Int64(settings.warmUp * 1e9)

        let recorder = ProbeRecorder()
        let underWay = DispatchGroup()
        var intendedGets = 0
        var windowStart: Int64?
        var workBefore = 0
        for intended in schedule {
            try interruption.check()
            MonotonicClock.sleep(until: intended)
            let isMeasured = intended >= measuredFrom
            if isMeasured, windowStart == nil {
                windowStart = MonotonicClock.now()
                workBefore = work()
            }
            if isMeasured { intendedGets += 1 }
            let key = content.cacheKey(Int(randomKeys.next() % UInt64(settings.keys)))
            underWay.enter()
            Task.detached { [database, valueSize = settings.valueSize] in
                let handedOver = MonotonicClock.now()
                let value = try? await database.get(key, as: RESPBytes.self)
                let answered = MonotonicClock.now()
                if isMeasured {
                    recorder.record(
                        intended: intended, handedOver: handedOver, answered: answered,
                        isGood: value?.count == valueSize)
                }
                underWay.leave()
            }
        }
        MonotonicClock.sleep(until: schedule.end)
        let windowEnd = MonotonicClock.now()
        let workDone = work() - workBefore
        _ = underWay.wait(timeout: .now() + .seconds(Self.patience))

        let seen = recorder.seen
        let start = windowStart ?? measuredFrom
        return ProbeMeasurement(
            latencies: seen.latencies, lateness: seen.lateness, intendedGets: intendedGets,
            failedGets: intendedGets - seen.latencies.count,
            seconds: Double(max(seen.lastAnswer, windowEnd) - start) / 1e9,
            work: workDone, workSeconds: Double(windowEnd - start) / 1e9)
    }
}
