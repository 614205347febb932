/// What was seen of GETs on a schedule in one stretch of time, and what was done beside them.
package struct ProbeMeasurement: Sendable, Equatable {
    /// Answered GETs, from the instant they were meant to leave.
    package let latencies: LatencyHistogram
    /// How late GETs were handed to the client: what the program itself adds to the latencies, at most.
    package let lateness: LatencyHistogram
    /// How late a thread woke that did nothing but sleep: what the machine adds, whatever the program does.
    package let stalls: LatencyHistogram
    /// The same without the moments for which GETs were set aside.
    package let calmStalls: LatencyHistogram
    /// All that were answered, and those that left about a moment that the machine took, see ``MachineMoments``.
    package let answeredGets, setAside: Int
    /// What others had of the cores meanwhile; nil where the system does not say.
    package let load: MachineLoad?
    /// GETs that the schedule has in the measured time.
    package let intendedGets: Int
    /// GETs that failed, found nothing, or were not answered at all.
    package let failedGets: Int
    /// From the start of the measured time to its end or to the last answer, whichever came later.
    package let seconds: Double
    /// What the noise counted in the measured time (vectors, keys, replies), and that time.
    package let work: Int
    package let workSeconds: Double
    /// How long each step of the noise took its caller, of those that began in the measured time.
    package let steps: LatencyHistogram
    /// The slowest GET of each slice of the measured time.
    package let timeline: IsolationTimeline
    /// What the server of the cache says about the same time; nil where it was not asked.
    package let truth: ServerTruth?

    package init(
        latencies: LatencyHistogram, lateness: LatencyHistogram, stalls: LatencyHistogram = LatencyHistogram(),
        calmStalls: LatencyHistogram = LatencyHistogram(), answeredGets: Int? = nil, setAside: Int = 0,
        load: MachineLoad? = nil, intendedGets: Int, failedGets: Int, seconds: Double, work: Int, workSeconds: Double,
        steps: LatencyHistogram = LatencyHistogram(), timeline: IsolationTimeline = IsolationTimeline(),
        truth: ServerTruth? = nil
    ) {
        self.latencies = latencies
        self.lateness = lateness
        self.stalls = stalls
        self.calmStalls = calmStalls
        self.answeredGets = answeredGets ?? latencies.count
        self.setAside = setAside
        self.load = load
        self.intendedGets = intendedGets
        self.failedGets = failedGets
        self.seconds = seconds
        self.work = work
        self.workSeconds = workSeconds
        self.steps = steps
        self.timeline = timeline
        self.truth = truth
    }
}

/// Latency over time: the slowest GET that was meant to leave in each slice, and when steps of the scan began.
package struct IsolationTimeline: Sendable, Equatable, Encodable {
    /// Of a slice, in milliseconds.
    package static let sliceMilliseconds = 5
    /// Slices that are kept: the first second.
    package static let mostSlices = 200

    /// In nanoseconds; 0 where no GET left.
    package private(set) var slowest: [Int64] = []
    /// Beginnings of steps, in microseconds from the start; of those in one millisecond the first, as a picture shows
    /// no more.
    package private(set) var steps: [Int] = []

    package init() {}

    /// One GET, by nanoseconds from the start of the measured time.
    package mutating func record(at offset: Int64, latency: Int64) {
        let slice = Int(offset / Int64(Self.sliceMilliseconds * 1_000_000))
        guard offset >= 0, slice < Self.mostSlices else { return }
        while slowest.count <= slice { slowest.append(0) }
        slowest[slice] = max(slowest[slice], latency)
    }

    /// One step of the scan, by nanoseconds from the start of the measured time.
    package mutating func mark(at offset: Int64) {
        let end = Int64(Self.mostSlices * Self.sliceMilliseconds) * 1_000_000
        guard (0..<end).contains(offset) else { return }
        let mark = Int(offset / 1_000)
        if let last = steps.last, last / 1_000 == mark / 1_000 { return }
        steps.append(mark)
    }
}

/// What a server counted while a case was measured.
package struct ServerTruth: Sendable, Equatable, Encodable {
    package struct Command: Sendable, Equatable, Encodable {
        package let name: String
        package let calls: Int
        package let microsecondsPerCall: Double

        package init(name: String, calls: Int, microsecondsPerCall: Double) {
            self.name = name
            self.calls = calls
            self.microsecondsPerCall = microsecondsPerCall
        }
    }

    /// Of INFO commandstats, those that took most of the server's time first.
    package let commands: [Command]
    /// The slowest command of SLOWLOG, in microseconds, and its word.
    package let slowestMicroseconds: Int?
    package let slowestCommand: String?
    /// Of LATENCY LATEST: the longest of each event in milliseconds.
    package let latencyEvents: [String: Int]

    package init(
        commands: [Command], slowestMicroseconds: Int?, slowestCommand: String?, latencyEvents: [String: Int]
    ) {
        self.commands = commands.sorted {
            Double($0.calls) * $0.microsecondsPerCall > Double($1.calls) * $1.microsecondsPerCall
        }
        self.slowestMicroseconds = slowestMicroseconds
        self.slowestCommand = slowestCommand
        self.latencyEvents = latencyEvents
    }

    /// The commands that took a hundredth of the time or more, three at most, and the slowest one:
    /// `hmget 20 k × 3.10 µs, scan …, slowest scan 5.30 ms`
    package var text: String {
        func time(_ command: Command) -> Double { Double(command.calls) * command.microsecondsPerCall }
        let all = commands.reduce(0) { $0 + time($1) }
        let most = commands.prefix(3).filter { time($0) * 100 >= all }.map {
            "\($0.name) \(Units.count($0.calls)) × \(Units.duration(nanoseconds: $0.microsecondsPerCall * 1_000))"
        }
        let slowest = slowestMicroseconds.map {
            "slowest \(slowestCommand ?? "?") \(Units.duration(nanoseconds: Int64($0) * 1_000))"
        }
        return (most + [slowest].compactMap(\.self)).joined(separator: ", ")
    }
}
