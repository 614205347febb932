import BulkheadBenchmarkSupport

/// One load, measured after it was warmed up.
struct Measurement {
    private let commands: Int
    private let seconds: Double
    private let processorTime: ProcessorTime
    private let samples: Load.Samples
    private var allocationsPerCommand: Double?

    /// Runs the load: a part of it to warm up, then all of it; with a counter once more, twice as long, as the
    /// difference of the two holds none of what starting and ending costs.
    static func of(
        _ load: Load, _ counter: AllocationCounter?, run: (Load) async throws -> Load.Samples
    ) async throws -> Measurement {
        _ = try await run(load.warmUp)
        let allocationsBefore = counter?.count ?? 0
        let processorTimeBefore = ProcessorTime.now()
        let start = MonotonicClock.now()
        let samples = try await run(load)
        let seconds = Double(MonotonicClock.now() - start) / 1e9
        let processorTime = ProcessorTime.now().since(processorTimeBefore)

        var measurement = Measurement(
            commands: load.commands, seconds: seconds, processorTime: processorTime, samples: samples)
        if let counter {
            let twice = Load(
                work: load.work, clients: load.clients, pipeline: load.pipeline, requests: 2 * load.requests)
            let between = counter.count
            _ = try await run(twice)
            let more = (counter.count - between) - (between - allocationsBefore)
            measurement.allocationsPerCommand = Double(more) / Double(twice.commands - load.commands)
        }
        return measurement
    }

    func report(_ settings: Settings) -> ThroughputReport {
        var latencies = LatencyHistogram()
        for client in samples {
            for sample in client { latencies.record(nanoseconds: sample) }
        }
        return ThroughputReport(
            op: settings.operation, mode: settings.mode, clients: settings.clients, pipeline: settings.pipeline,
            requests: commands, seconds: seconds, latencies: latencies, processorTime: processorTime,
            allocationsPerCommand: allocationsPerCommand)
    }
}
