/// One way to load the server: what takes its turn in every round.
package enum ComparedProgram: String, Sendable, CaseIterable {
    case asyncOne, blockingOne, plainOne
    case asyncFifty, plainFifty, loopFifty, asyncThousand, plainThousand, loopThousand, asyncTenThousand
    case busyFifty, busyThousand, busyLoop
    case asyncPipeline, blockingPipeline, plainPipeline
    case asyncVectors, blockingVectors, plainVectors
    case hash, plainHash, stream, plainStream, scan, plainScan

    /// For the line that says what runs.
    package var name: String {
        let subject = isRedisBenchmark ? redisBenchmarkOptions : "\(clients == 1 ? "" : "\(clients) ")\(mode)"
        let command = load.operation == "get" ? "" : ", \(load.operation)"
        let pipelined = pipeline > 1 && !isRedisBenchmark ? ", pipeline" : ""
        return subject + command + pipelined + (isBusy ? ", busy cache" : "")
    }

    private var redisBenchmarkOptions: String {
        "redis-benchmark -c \(clients)" + (pipeline > 1 ? " -P \(pipeline)" : "")
    }

    /// Which programs run right after each other, because their figures are divided by each other.
    package static let groups: [[ComparedProgram]] = [
        [.asyncOne, .plainOne, .blockingOne],
        [.asyncFifty, .plainFifty, .loopFifty, .asyncThousand, .plainThousand, .loopThousand, .asyncTenThousand],
        [.busyFifty, .busyThousand, .busyLoop],
        [.asyncPipeline, .plainPipeline, .blockingPipeline],
        [.asyncVectors, .plainVectors, .blockingVectors],
        [.hash, .plainHash], [.stream, .plainStream], [.scan, .plainScan],
    ]

    /// All programs in the order of one round: every other round runs its groups backwards, so that neither side is
    /// always the first.
    package static func order(inRound round: Int) -> [ComparedProgram] {
        groups.flatMap { round.isMultiple(of: 2) ? $0 : $0.reversed() }
    }

    /// Whether redis-benchmark runs it. All others are modes of `throughput`.
    package var isRedisBenchmark: Bool {
        switch self {
        case .plainOne, .plainFifty, .plainThousand, .plainPipeline: true
        default: false
        }
    }

    package var clients: Int {
        switch self {
        case .asyncFifty, .plainFifty, .loopFifty, .busyFifty: 50
        case .asyncThousand, .plainThousand, .loopThousand, .busyThousand, .busyLoop: 1_000
        case .asyncTenThousand: 10_000
        default: 1
        }
    }

    package var pipeline: Int {
        switch self {
        case .asyncPipeline, .blockingPipeline, .plainPipeline: 100
        default: 1
        }
    }

    /// Bytes of a value of GET.
    package static let valueSize = 100
    /// Keys of one MGET, and the bytes of each of its vectors.
    package static let vectors = 100
    package static let vectorSize = 6_144

    /// Memory that a thread beside walks through where a cache is to be busy: KiB, more than many hosts have of L2.
    package static let busyCache = 1_024

    private var isBusy: Bool {
        switch self {
        case .busyFifty, .busyThousand, .busyLoop: true
        default: false
        }
    }

    private var mode: String {
        switch self {
        case .blockingOne, .blockingPipeline, .blockingVectors: "blocking"
        case .plainVectors, .plainHash, .plainStream, .plainScan: "receive"
        case .loopFifty, .loopThousand, .busyLoop: "loop"
        default: "async"
        }
    }

    /// The command, how many keys, fields or entries it is about, and the bytes of a value.
    private var load: (operation: String, count: Int?, valueSize: Int) {
        switch self {
        case .asyncVectors, .blockingVectors, .plainVectors: ("mget", Self.vectors, Self.vectorSize)
        case .hash, .plainHash: ("hgetall", 10_000, Self.valueSize)
        case .stream, .plainStream: ("xread", 1_000, Self.valueSize)
        case .scan, .plainScan: ("scan", 1_000, Self.valueSize)
        default: ("get", nil, Self.valueSize)
        }
    }

    /// How many commands find out how fast it is here.
    package var firstRequests: Int {
        if load.count != nil { return 100 }
        return clients == 1 && pipeline == 1 ? 2_000 : 50_000
    }

    /// How many commands take about so long, at so many a second: the same number for each client, as redis-benchmark
    /// may end with "All clients disconnected" where some of them have no last command to send.
    package func requests(perSecond rate: Double, seconds: Double) -> Int {
        let unit = clients * pipeline
        let count = rate * seconds
        guard count >= Double(max(100, unit)), count < 1e9 else { return max(100, unit) }
        return Int(count) / unit * unit
    }

    /// The program's words on the command line, its own name left out.
    package func arguments(port: Int, requests: Int) -> [String] {
        if isRedisBenchmark {
            return [
                "-h", "127.0.0.1", "-p", "\(port)", "-t", "get", "-d", "\(Self.valueSize)", "-n", "\(requests)",
                "-c", "\(clients)", "-P", "\(pipeline)", "--csv", "--precision", "3",
            ]
        }
        var words = [
            "--json", "--host", "127.0.0.1", "--port", "\(port)", "--mode", mode, "--requests", "\(requests)",
            "--clients", "\(clients)", "--pipeline", "\(pipeline)",
        ]
        words += ["--op", load.operation]
        if let count = load.count { words += ["--keys", "\(count)"] }
        words += ["--value-size", "\(load.valueSize)"]
        if self == .asyncVectors || self == .blockingVectors { words += ["--as", "floats"] }
        if isBusy { words += ["--busy-cache", "\(Self.busyCache)"] }
        return words
    }
}

/// What one run of a program showed.
package struct ComparisonReading: Sendable, Equatable {
    package let commandsPerSecond: Double
    /// Microseconds.
    package let p50: Double
    /// Microseconds; nil where the program does not say.
    package let p999: Double?
    /// Microseconds of the program's processor time for one command.
    package let processorTime: Double

    package init(commandsPerSecond: Double, p50: Double, p999: Double?, processorTime: Double) {
        self.commandsPerSecond = commandsPerSecond
        self.p50 = p50
        self.p999 = p999
        self.processorTime = processorTime
    }

    package init(_ report: ThroughputReport) {
        self.init(
            commandsPerSecond: report.rps, p50: report.p50_us, p999: report.p999_us,
            processorTime: report.processorMicrosecondsPerCommand)
    }

    /// - Parameter processorSeconds: of the whole program, its start and end too.
    package init(_ line: RedisBenchmarkLine, requests: Int, processorSeconds: Double) {
        self.init(
            commandsPerSecond: line.requestsPerSecond, p50: line.middleOfP50, p999: nil,
            processorTime: processorSeconds * 1e6 / Double(requests))
    }
}
