/// What was seen of one layout in one round.
package struct IsolationMeasurement: Sendable, Equatable {
    package let layout: IsolationLayout
    package let round: Int
    /// Answered GETs, from the instant they were meant to leave.
    package let latencies: LatencyHistogram
    /// How late GETs were handed to the client: what the program itself adds to the latencies, at most.
    package let lateness: LatencyHistogram
    /// GETs that the schedule has in the measured time.
    package let intendedGets: Int
    /// GETs that failed, found nothing, or were not answered at all.
    package let failedGets: Int
    /// From the start of the measured time to its end or to the last answer, whichever came later.
    package let seconds: Double
    /// Vectors fetched and decoded in the measured time, and that time.
    package let vectors: Int
    package let scanSeconds: Double

    package init(
        layout: IsolationLayout, round: Int, latencies: LatencyHistogram, lateness: LatencyHistogram,
        intendedGets: Int, failedGets: Int, seconds: Double, vectors: Int, scanSeconds: Double
    ) {
        self.layout = layout
        self.round = round
        self.latencies = latencies
        self.lateness = lateness
        self.intendedGets = intendedGets
        self.failedGets = failedGets
        self.seconds = seconds
        self.vectors = vectors
        self.scanSeconds = scanSeconds
    }
}
