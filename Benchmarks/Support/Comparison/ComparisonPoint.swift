/// One row of the comparison: what is measured, beside what, and what it is meant to be.
package enum ComparisonPoint: String, Sendable, CaseIterable {
    case asyncLatency, blockingLatency
    case fiftyCallers, thousandCallers, thousandBesideThousand
    case asyncPipeline, blockingPipeline
    case processorTime
    case fiftyBesideLoop, thousandBesideLoop, busyBesideLoop
    case thousandBesideFifty, tenThousandBesideThousand, busyThousandBesideFifty, thousandTail
    case asyncVectors, blockingVectors, hash, stream, scan
    case bulkDecoding, arrayDecoding, integerDecoding
    case getAllocations, getAllocationsOfFifty, getAllocationsBlocking
    case setAllocations, setAllocationsOfFifty, setAllocationsBlocking
    case incrAllocations, incrAllocationsOfFifty, incrAllocationsBlocking
    case build

    /// What the row is called, in at most 25 columns.
    package var name: String {
        switch self {
        case .asyncLatency: "1 async caller, p50"
        case .blockingLatency: "1 blocking caller, p50"
        case .fiftyCallers: "50 callers"
        case .thousandCallers: "1,000 callers"
        case .thousandBesideThousand: "1,000 callers, -c 1000"
        case .asyncPipeline: "pipeline of 100, async"
        case .blockingPipeline: "pipeline of 100, blocking"
        case .processorTime: "CPU a GET, 50 callers"
        case .fiftyBesideLoop: "50 callers ÷ loop"
        case .thousandBesideLoop: "1,000 callers ÷ loop"
        case .busyBesideLoop: "1,000 ÷ loop, busy cache"
        case .thousandBesideFifty: "1,000 callers ÷ 50"
        case .tenThousandBesideThousand: "10,000 callers ÷ 1,000"
        case .busyThousandBesideFifty: "1,000 ÷ 50, busy cache"
        case .thousandTail: "1,000 callers, p99.9÷p50"
        case .asyncVectors: "MGET of vectors, async"
        case .blockingVectors: "MGET of vectors, blocking"
        case .hash: "HGETALL of 10,000 fields"
        case .stream: "XREAD of 1,000 entries"
        case .scan: "SCAN page of 1,000 keys"
        case .bulkDecoding: "decode bulk of 100 bytes"
        case .arrayDecoding: "decode array of 10"
        case .integerDecoding: "decode integer"
        case .getAllocations: "GET, 1 caller"
        case .getAllocationsOfFifty: "GET, 50 callers"
        case .getAllocationsBlocking: "GET, 1 blocking caller"
        case .setAllocations: "SET, 1 caller"
        case .setAllocationsOfFifty: "SET, 50 callers"
        case .setAllocationsBlocking: "SET, 1 blocking caller"
        case .incrAllocations: "INCR, 1 caller"
        case .incrAllocationsOfFifty: "INCR, 50 callers"
        case .incrAllocationsBlocking: "INCR, 1 blocking caller"
        case .build: "clean release build"
        }
    }

    /// Which table it stands in.
    package enum Section: String, Sendable, CaseIterable {
        case redisBenchmark, loop, callers, receiving, decoding, allocations, build

        package var title: String {
            switch self {
            case .redisBenchmark: "GET of 100 bytes on loopback TCP, beside redis-benchmark"
            case .loop: "The same GET, beside a loop on one thread with as many requests outstanding"
            case .callers: "More callers on one connection, beside fewer"
            case .receiving: "Large replies to Swift values, beside receiving and dropping their bytes"
            case .decoding: "Processor cycles to decode a reply, beside copying its bytes"
            case .allocations: "Allocations a command, the String of a GET's result among them"
            case .build: "The library from nothing, on all cores, beside the processor time that it took"
            }
        }

        /// Whether the target is one of the ratio to what stands beside it, or of the figure itself.
        package var judgesRatio: Bool {
            switch self {
            case .redisBenchmark, .loop, .callers, .receiving: true
            case .decoding, .allocations, .build: false
            }
        }
    }

    package var section: Section {
        switch self {
        case .asyncLatency, .blockingLatency, .fiftyCallers, .thousandCallers, .thousandBesideThousand, .asyncPipeline,
            .blockingPipeline, .processorTime:
            .redisBenchmark
        case .fiftyBesideLoop, .thousandBesideLoop, .busyBesideLoop: .loop
        case .thousandBesideFifty, .tenThousandBesideThousand, .busyThousandBesideFifty, .thousandTail: .callers
        case .asyncVectors, .blockingVectors, .hash, .stream, .scan: .receiving
        case .bulkDecoding, .arrayDecoding, .integerDecoding: .decoding
        case .getAllocations, .getAllocationsOfFifty, .getAllocationsBlocking, .setAllocations,
            .setAllocationsOfFifty, .setAllocationsBlocking, .incrAllocations, .incrAllocationsOfFifty,
            .incrAllocationsBlocking:
            .allocations
        case .build: .build
        }
    }

    /// Of the ratio ours ÷ beside where the section says so, else of the figure; nil for what is only told.
    ///
    /// None is a time, which says as much about the host: a slow one has the same ratios, cycles and allocations, or
    /// nearly so. A GET may allocate its command's bytes and its String, SET and INCR the former: nothing by the reply.
    package var target: ComparisonTarget? {
        switch self {
        case .asyncLatency, .blockingLatency: .atMost(0.6)
        case .fiftyCallers: .atLeast(5)
        case .thousandCallers: .atLeast(12)
        case .thousandBesideThousand: nil
        case .asyncPipeline, .blockingPipeline: .atLeast(0.9)
        case .processorTime: .atMost(0.2)
        case .fiftyBesideLoop, .thousandBesideLoop, .busyBesideLoop: .atLeast(0.5)
        case .thousandBesideFifty, .busyThousandBesideFifty: .atLeast(1)
        case .tenThousandBesideThousand: .atLeast(0.75)
        case .thousandTail: .atMost(10)
        case .asyncVectors, .blockingVectors, .hash, .stream, .scan: .atLeast(0.8)
        case .bulkDecoding: .atMost(100)
        case .arrayDecoding: .atMost(750)
        case .integerDecoding: .atMost(50)
        case .getAllocations, .getAllocationsOfFifty, .getAllocationsBlocking: .atMost(2)
        case .setAllocations, .setAllocationsOfFifty, .setAllocationsBlocking, .incrAllocations,
            .incrAllocationsOfFifty, .incrAllocationsBlocking:
            .atMost(1)
        case .build: .atMost(60e9)
        }
    }

    /// What a figure counts.
    package enum Unit: String, Sendable {
        case nanoseconds, perSecond, cycles, allocations

        package func text(_ number: Double) -> String {
            switch self {
            case .nanoseconds: Units.duration(nanoseconds: number)
            case .perSecond: Units.rate(perSecond: number)
            case .cycles, .allocations: ComparisonPoint.short(number)
            }
        }
    }

    package var unit: Unit {
        switch self {
        case .asyncLatency, .blockingLatency, .processorTime, .thousandTail, .build: .nanoseconds
        default:
            switch section {
            case .decoding: .cycles
            case .allocations: .allocations
            default: .perSecond
            }
        }
    }

    /// A factor in few columns: `0.42`, `13.5`.
    package static func short(_ number: Double) -> String {
        Units.decimal(number, places: number < 9.995 ? 2 : number < 99.95 ? 1 : 0)
    }

    /// A target in words, its number round: `≥ 5`, `≤ 0.6`, `≤ 2 µs`; nil without one.
    package var targetText: String? {
        target?.text { limit in
            if unit == .nanoseconds, !section.judgesRatio {
                var (number, steps) = (limit, ["ns", "µs", "ms", "s"][...])
                while number >= 1_000, steps.count > 1 {
                    number /= 1_000
                    steps.removeFirst()
                }
                return "\(Self.round(number)) \(steps[steps.startIndex])"
            }
            return Self.round(limit)
        }
    }

    private static func round(_ number: Double) -> String {
        Units.decimal(number, places: number == number.rounded() ? 0 : number * 10 == (number * 10).rounded() ? 1 : 2)
    }
}

extension ComparisonPoint {
    /// What one round of the programs showed for this row; nil for rows that other programs fill, and where one of
    /// them is missing.
    package func sample(of round: [ComparedProgram: ComparisonReading]) -> ComparisonSample? {
        func pair(
            _ ours: ComparedProgram, _ beside: ComparedProgram, _ figure: (ComparisonReading) -> Double
        ) -> ComparisonSample? {
            guard let ours = round[ours], let beside = round[beside] else { return nil }
            return ComparisonSample(ours: figure(ours), beside: figure(beside))
        }
        switch self {
        case .asyncLatency: return pair(.asyncOne, .plainOne) { $0.p50 * 1e3 }
        case .blockingLatency: return pair(.blockingOne, .plainOne) { $0.p50 * 1e3 }
        case .fiftyCallers: return pair(.asyncFifty, .plainFifty, \.commandsPerSecond)
        case .thousandCallers: return pair(.asyncThousand, .plainFifty, \.commandsPerSecond)
        case .thousandBesideThousand: return pair(.asyncThousand, .plainThousand, \.commandsPerSecond)
        case .asyncPipeline: return pair(.asyncPipeline, .plainPipeline, \.commandsPerSecond)
        case .blockingPipeline: return pair(.blockingPipeline, .plainPipeline, \.commandsPerSecond)
        case .processorTime: return pair(.asyncFifty, .plainFifty) { $0.processorTime * 1e3 }
        case .fiftyBesideLoop: return pair(.asyncFifty, .loopFifty, \.commandsPerSecond)
        case .thousandBesideLoop: return pair(.asyncThousand, .loopThousand, \.commandsPerSecond)
        case .busyBesideLoop: return pair(.busyThousand, .busyLoop, \.commandsPerSecond)
        case .thousandBesideFifty: return pair(.asyncThousand, .asyncFifty, \.commandsPerSecond)
        case .tenThousandBesideThousand: return pair(.asyncTenThousand, .asyncThousand, \.commandsPerSecond)
        case .busyThousandBesideFifty: return pair(.busyThousand, .busyFifty, \.commandsPerSecond)
        case .thousandTail:
            guard let reading = round[.asyncThousand], let p999 = reading.p999, reading.p50 > 0 else { return nil }
            return ComparisonSample(ours: p999 * 1e3, beside: reading.p50 * 1e3)
        case .asyncVectors: return pair(.asyncVectors, .plainVectors, \.commandsPerSecond)
        case .blockingVectors: return pair(.blockingVectors, .plainVectors, \.commandsPerSecond)
        case .hash: return pair(.hash, .plainHash, \.commandsPerSecond)
        case .stream: return pair(.stream, .plainStream, \.commandsPerSecond)
        case .scan: return pair(.scan, .plainScan, \.commandsPerSecond)
        default: return nil
        }
    }
}

/// One measurement of ours and, where there is one, of what stands beside it, in the same round.
package struct ComparisonSample: Sendable, Equatable, Encodable {
    package let ours: Double
    package let beside: Double?

    package init(ours: Double, beside: Double?) {
        self.ours = ours
        self.beside = beside
    }

    /// Ours divided by what stands beside it.
    package var ratio: Double? { beside.map { ours / $0 } }
}
