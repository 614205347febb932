import BenchmarkSupport
import Bulkhead
import Dispatch
import Synchronization

/// All clients at once, each one request or pipeline after the other: a closed loop.
struct Load: Sendable {
    let operation: Operation
    let clients: Int
    let pipeline: Int
    let requests: Int
    let value: String

    /// Requests or pipelines of each client.
    private var turns: Int { max(1, requests / (clients * pipeline)) }

    /// Commands that `run` really sends.
    var commands: Int { turns * clients * pipeline }

    /// Every turn's latency.
    func run(on database: RedisDatabase) async throws -> LatencyHistogram {
        try await withThrowingTaskGroup(of: LatencyHistogram.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var histogram = LatencyHistogram()
                    for _ in 0..<turns {
                        let start = MonotonicClock.now()
                        if pipeline == 1 {
                            try await operation.run(on: database, value: value)
                        } else {
                            try await operation.runPipeline(of: pipeline, on: database, value: value)
                        }
                        histogram.record(nanoseconds: MonotonicClock.now() - start)
                    }
                    return histogram
                }
            }
            return try await group.reduce(into: LatencyHistogram()) { $0.merge($1) }
        }
    }

    /// The same on a thread for each client.
    func run(on database: BlockingRedisDatabase) throws -> LatencyHistogram {
        let merged = Mutex(Result<LatencyHistogram, any Error>.success(LatencyHistogram()))
        DispatchQueue.concurrentPerform(iterations: clients) { _ in
            let outcome = Result { try runClient(on: database) }
            merged.withLock { merged in
                switch (merged, outcome) {
                case (.success(var all), .success(let histogram)):
                    all.merge(histogram)
                    merged = .success(all)
                case (.success, .failure): merged = outcome
                case (.failure, _): break
                }
            }
        }
        return try merged.withLock { $0 }.get()
    }

    private func runClient(on database: BlockingRedisDatabase) throws -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for _ in 0..<turns {
            let start = MonotonicClock.now()
            if pipeline == 1 {
                try operation.run(on: database, value: value)
            } else {
                try operation.runPipeline(of: pipeline, on: database, value: value)
            }
            histogram.record(nanoseconds: MonotonicClock.now() - start)
        }
        return histogram
    }
}
