import Bulkhead
import BulkheadBenchmarkSupport
import Dispatch

/// GETs of a cache that leave on a schedule, whatever became of those before them.
///
/// The calling thread keeps the schedule and starts a task for each request; the library's asynchronous side does the
/// rest, as it would in a service. Latency counts from the intended instant to the task's resumption.
struct LatencyProbe {
    let database: RedisDatabase
    let content: IsolationContent
    let settings: IsolationSettings
    /// Counts what the server says of the same time; nil where it is not ours to ask.
    let watch: ServerWatch?
    /// What others take of the machine; nil sets nothing aside, where it is this program that keeps others waiting.
    let machine: MachineWatch?

    /// How long answers may stay out after the last request, in seconds, before they count as failed.
    private static let timeout = 30
    /// Time in nanoseconds before the first request, for the thread to be there in time.
    private static let lead: Int64 = 5_000_000

    /// Measures once beside the noise, which ends with it; blocks the calling thread, which must be none of Swift's
    /// pool. Throws what ended the noise too. Without a rate, that of the settings.
    func run(
        round: Int, rate: Double? = nil, beside noise: NoiseMaker?, _ interruption: Interruption
    ) throws -> ProbeMeasurement {
        // Also where something else ended the measurement, which then counts.
        defer { try? noise?.stop() }
        return try measure(round, rate ?? settings.rate, noise, interruption)
    }

    private func measure(
        _ round: Int, _ rate: Double, _ noise: NoiseMaker?, _ interruption: Interruption
    ) throws -> ProbeMeasurement {
        let seed = UInt64(settings.seed) &+ UInt64(round) << 32
        var randomKeys = SeededGenerator(seed: ~seed)
        let schedule = OpenLoopSchedule(
            start: MonotonicClock.now() + Self.lead, rate: rate,
            count: max(1, Int((rate * (settings.warmUp + settings.seconds)).rounded())),
            arrivals: settings.even ? .even : .poisson(seed: seed))
        let measuredFrom = schedule.start + Int64(settings.warmUp * 1e9)

        let canary = Canary(cores: machine?.cores, besideOwnWork: noise?.isAwaited ?? false)
        let recorder = ProbeRecorder(measuredFrom: measuredFrom, canary: machine == nil ? nil : canary)
        let underWay = DispatchGroup()
        var intendedGets = 0
        var windowStart: Int64?
        var workBefore = 0
        noise?.measure(measuredFrom..<schedule.end)
        try watch?.begin()
        let loadBefore = machine?.read()
        for intended in schedule {
            if interruption.isAsked { _ = canary.stop() }
            try interruption.check()
            MonotonicClock.sleep(until: intended)
            let isMeasured = intended >= measuredFrom
            if isMeasured, windowStart == nil {
                windowStart = MonotonicClock.now()
                workBefore = noise?.count ?? 0
                canary.reset()
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
        let load = machine?.load(since: loadBefore)
        let workDone = (noise?.count ?? 0) - workBefore
        _ = underWay.wait(timeout: .now() + .seconds(Self.timeout))

        let seenByCanary = canary.stop()
        let truth = try watch?.end()
        // Its last step is counted to its end.
        try noise?.stop()
        let steps = noise?.steps ?? NoiseSteps()
        var seen = recorder.seen(seenByCanary)
        for begun in steps.beginnings { seen.timeline.mark(at: begun - measuredFrom) }
        let start = windowStart ?? measuredFrom
        return ProbeMeasurement(
            latencies: seen.gets.latencies, lateness: seen.gets.lateness, stalls: seenByCanary.stalls,
            calmStalls: seenByCanary.calmStalls, answeredGets: seen.gets.answered, setAside: seen.gets.setAside,
            load: load, intendedGets: intendedGets, failedGets: intendedGets - seen.gets.answered,
            seconds: Double(max(seen.lastAnswer, windowEnd) - start) / 1e9,
            work: workDone, workSeconds: Double(windowEnd - start) / 1e9, steps: steps.latencies,
            timeline: seen.timeline, truth: truth)
    }
}
