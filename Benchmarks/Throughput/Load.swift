import Bulkhead
import BulkheadBenchmarkSupport
import Dispatch
import Synchronization

/// All clients at once, each one request or pipeline after the other: a closed loop.
struct Load: Sendable {
    let work: Work
    let clients: Int
    let pipeline: Int
    let requests: Int

    /// Requests or pipelines of each client.
    var turns: Int { max(1, requests / (clients * pipeline)) }

    /// Commands that `run` really sends.
    var commands: Int { turns * clients * pipeline }

    /// Every turn's latency in nanoseconds, by client.
    typealias Samples = [[Int64]]

    func run(on database: RedisDatabase) async throws -> Samples {
        try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var recorder = Recorder(turns: turns)
                    for _ in 0..<turns {
                        if pipeline == 1 {
                            try await work.run(on: database)
                        } else {
                            try await work.runPipeline(of: pipeline, on: database)
                        }
                        recorder.endTurn()
                    }
                    return recorder.samples
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The same on a thread for each client.
    func run(on database: BlockingRedisDatabase) throws -> Samples {
        // One caller needs no second thread, and then nothing but the command is measured.
        if clients == 1 { return [try runClient(on: database)] }
        let all = Mutex(Result<Samples, any Error>.success([]))
        DispatchQueue.concurrentPerform(iterations: clients) { _ in
            let outcome = Result { try runClient(on: database) }
            all.withLock { all in all = all.flatMap { samples in outcome.map { samples + [$0] } } }
        }
        return try all.withLock { $0 }.get()
    }

    private func runClient(on database: BlockingRedisDatabase) throws -> [Int64] {
        var recorder = Recorder(turns: turns)
        for _ in 0..<turns {
            if pipeline == 1 {
                try work.run(on: database)
            } else {
                try work.runPipeline(of: pipeline, on: database)
            }
            recorder.endTurn()
        }
        return recorder.samples
    }

    /// Warms everything up: connections, caches, the client's own watching of the round trip. As long for a short load
    /// as for a long one: the difference of two loads is what their commands cost.
    var warmUp: Load {
        Load(
            work: work, clients: clients, pipeline: pipeline,
            requests: max(Self.leastWarmUp / work.elements, Self.warmUpTurns * clients * pipeline))
    }

    private static let warmUpTurns = 50
    /// Commands; of elements, where a command is about several.
    private static let leastWarmUp = 5_000
}

/// The latencies of one client's turns.
///
/// A turn starts where the one before ended, so one reading of the clock does for both; a histogram for each of 1,000
/// clients would keep the caches busy, so each only notes its numbers, and they are counted afterwards.
struct Recorder {
    private(set) var samples: [Int64] = []
    private var start: Int64

    /// Samples of one client at most: 8 MB. Beyond that the first ones stand for all.
    private static let limit = 1_000_000

    init(turns: Int) {
        samples.reserveCapacity(min(turns, Self.limit))
        start = MonotonicClock.now()
    }

    mutating func endTurn() {
        let now = MonotonicClock.now()
        if samples.count < Self.limit { samples.append(now - start) }
        start = now
    }
}
