/// One flush of the cache while vectors of another database are read.
package struct FlushMeasurement: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable, Encodable {
        case asynchronous, synchronous
    }

    /// Reads count as beside the flush for so long after it began, in nanoseconds: what an asynchronous one leaves to
    /// a thread of the server takes about as long as a synchronous one.
    package static let window: Int64 = 50_000_000

    package let mode: Mode
    /// From 0.
    package let round: Int
    /// Keys that were flushed.
    package let keys: Int
    /// How long the caller of the flush waited, in nanoseconds.
    package let nanoseconds: Int64
    /// Reads of vectors that were over before the flush, and those meant to leave in the window after its beginning;
    /// from the instants they were meant to leave.
    package let before: LatencyHistogram
    package let during: LatencyHistogram
    /// How late a thread woke at most, in nanoseconds, that only slept in the same window: what the machine did.
    package let stall: Int64
    /// Keys of the database of the vectors that are missing afterwards, and reads that did not find their vector.
    package let lost: Int
    package let failedReads: Int

    package init(
        mode: Mode, round: Int, keys: Int, nanoseconds: Int64, before: LatencyHistogram, during: LatencyHistogram,
        stall: Int64 = 0, lost: Int, failedReads: Int
    ) {
        self.mode = mode
        self.round = round
        self.keys = keys
        self.nanoseconds = nanoseconds
        self.before = before
        self.during = during
        self.stall = stall
        self.lost = lost
        self.failedReads = failedReads
    }
}

/// All flushes of one mode together.
package struct FlushSummary: Sendable, Encodable {
    package let mode: FlushMeasurement.Mode
    package let rounds: Int
    package let keys: Int
    /// In nanoseconds.
    package let nanoseconds: Spread
    package let before: IsolationSummary.Percentiles
    package let during: IsolationSummary.Percentiles
    /// The longest of all rounds, in nanoseconds.
    package let stall: Int64
    package let lost: Int
    package let failedReads: Int

    /// Nil without rounds or without reads in them.
    package init?(_ mode: FlushMeasurement.Mode, of measurements: [FlushMeasurement]) {
        let rounds = measurements.filter { $0.mode == mode }
        var before = LatencyHistogram()
        var during = LatencyHistogram()
        for round in rounds {
            before.merge(round.before)
            during.merge(round.during)
        }
        guard let time = Spread(rounds.map { Double($0.nanoseconds) }),
            let calm = IsolationSummary.Percentiles(before), let flushed = IsolationSummary.Percentiles(during)
        else { return nil }
        self.mode = mode
        self.rounds = rounds.count
        keys = rounds.map(\.keys).max() ?? 0
        nanoseconds = time
        self.before = calm
        self.during = flushed
        stall = rounds.map(\.stall).max() ?? 0
        lost = rounds.reduce(0) { $0 + $1.lost }
        failedReads = rounds.reduce(0) { $0 + $1.failedReads }
    }

    /// A flush that a read waits for longer than this, in nanoseconds, has stopped the reads: other work of a server
    /// seldom takes so long.
    package static let longestWait: Int64 = 10_000_000

    /// That it stopped the reads, in words; nil where it did not.
    package var stop: String? {
        guard during.max > Self.longestWait else { return nil }
        let doubt =
            stall > during.max / 2
            ? ", of which the machine itself may have taken \(Units.duration(nanoseconds: stall))" : ""
        return "the \(mode.rawValue) flush stopped reads for \(Units.duration(nanoseconds: during.max))\(doubt)"
    }

    package var sentence: String {
        "\(mode.rawValue) flush of \(Units.grouped(keys)) keys of main: "
            + "\(lost == 0 ? "no vector" : "\(lost) vectors") of knowledge lost; FLUSHDB took "
            + "\(nanoseconds.text { Units.duration(nanoseconds: $0) }); reads of knowledge took p99 "
            + "\(Units.duration(nanoseconds: during.p99)) and at most "
            + "\(Units.duration(nanoseconds: during.max)) in the \(FlushMeasurement.window / 1_000_000) ms from its "
            + "beginning, p99 \(Units.duration(nanoseconds: before.p99)) before"
    }
}
