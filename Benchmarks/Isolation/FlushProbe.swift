import Bulkhead
import BulkheadBenchmarkSupport
import Dispatch
import Synchronization

/// Flushes a full cache while vectors of another database of the server are read, and looks what it cost them.
struct FlushProbe {
    private let settings: IsolationSettings
    private let content: IsolationContent
    private let databases: RedisDatabases
    private let machine: MachineWatch

    /// Reads of vectors before each flush, in seconds.
    private static let calm = 0.3
    private static let rounds = 5

    init(
        _ settings: IsolationSettings, _ server: RedisConfiguration, _ content: IsolationContent,
        _ machine: MachineWatch
    ) {
        self.machine = machine
        self.settings = settings
        self.content = content
        databases = RedisDatabases(server, catalogue: Site.named)
    }

    /// Both modes in turns; blocks the calling thread, which must be none of Swift's pool.
    func run(_ interruption: Interruption) throws -> [FlushMeasurement] {
        defer { databases.closeBlocking() }
        if try databases.blocking(.knowledge).dbsize() == 0 {
            try Workload(settings, lifetime: nil).load(
                [
                    Site(
                        layout: .namedDatabases, cache: databases, vectors: databases, content: content, pace: .full)
                ],
                interruption)
        }
        var measurements: [FlushMeasurement] = []
        for round in 0..<min(settings.rounds, Self.rounds) {
            for mode in FlushMeasurement.Mode.allCases {
                try interruption.check()
                measurements.append(try flush(mode, round))
            }
        }
        return measurements
    }

    private func flush(_ mode: FlushMeasurement.Mode, _ round: Int) throws -> FlushMeasurement {
        let main = try databases.blocking(.main)
        let knowledge = try databases.blocking(.knowledge)
        for indices in Workload.batches(of: settings.flushedKeys) {
            let commands: [RedisCommand<Bool>] = indices.map {
                .set("flushed:\($0)", content.cacheValue($0 % 1_000, size: settings.valueSize))
            }
            try Workload.run(commands, in: main)
        }
        let vectorsBefore = try knowledge.dbsize()
        let keys = try main.dbsize()
        let reads = Reads()
        let window = Double(FlushMeasurement.window) / 1e9
        let schedule = OpenLoopSchedule(
            start: MonotonicClock.now() + 5_000_000, rate: settings.rate,
            count: Int(settings.rate * (Self.calm + window)), arrivals: .poisson(seed: UInt64(round)))
        let flushAt = schedule.start + Int64(Self.calm * 1e9)
        let span = Mutex((start: Int64.max, end: Int64.max))
        let isFlushed = DispatchSemaphore(value: 0)
        let canary = Canary(cores: machine.cores, besideOwnWork: false)
        guard
            let flusher = DedicatedThread({
                MonotonicClock.sleep(until: flushAt)
                canary.reset()
                let start = MonotonicClock.now()
                try? main.flushdb(mode == .asynchronous ? .asynchronous : .synchronous)
                span.withLock { $0 = (start, MonotonicClock.now()) }
                isFlushed.signal()
            })
        else {
            _ = canary.stop()
            throw ProgramError("the system allows no further thread for the flush")
        }
        try read(schedule, reads)
        isFlushed.wait()
        flusher.join()
        // Of the time from the flush to the last read.
        let stall = canary.stop().stalls.max ?? 0
        guard try main.dbsize() == 0 else { throw ProgramError("the cache was not flushed") }
        let (start, end) = span.withLock { $0 }
        var before = LatencyHistogram()
        var during = LatencyHistogram()
        for (intended, latency) in reads.all {
            if intended + latency < start { before.record(nanoseconds: latency) }
            if start...max(end, start + FlushMeasurement.window) ~= intended { during.record(nanoseconds: latency) }
        }
        return FlushMeasurement(
            mode: mode, round: round, keys: keys, nanoseconds: end - start, before: before, during: during,
            stall: stall, lost: vectorsBefore - (try knowledge.dbsize()), failedReads: reads.failures)
    }

    private func read(_ schedule: OpenLoopSchedule, _ reads: Reads) throws {
        let knowledge = try databases[.knowledge]
        let underWay = DispatchGroup()
        var random = SeededGenerator(seed: UInt64(schedule.start))
        for intended in schedule {
            MonotonicClock.sleep(until: intended)
            let key = content.vectorKey(Int(random.next() % UInt64(settings.vectors)))
            underWay.enter()
            Task.detached { [dimensions = settings.dimensions] in
                let vector = try? await knowledge.hget(key, "vector", as: [Float].self)
                reads.add(
                    intended, MonotonicClock.now() - intended, isGood: (vector ?? nil)?.count == dimensions)
                underWay.leave()
            }
        }
        _ = underWay.wait(timeout: .now() + .seconds(30))
    }

    /// Where the tasks write down what they saw.
    private final class Reads: Sendable {
        private let state = Mutex((all: [(intended: Int64, latency: Int64)](), failures: 0))

        var all: [(intended: Int64, latency: Int64)] { state.withLock { $0.all } }
        var failures: Int { state.withLock { $0.failures } }

        func add(_ intended: Int64, _ latency: Int64, isGood: Bool) {
            state.withLock { state in
                if isGood { state.all.append((intended, latency)) } else { state.failures += 1 }
            }
        }
    }
}
