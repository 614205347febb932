/// What was seen of GETs on a schedule in one stretch of time, and what was done beside them.
package struct ProbeMeasurement: Sendable, Equatable {
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
    /// What was done beside in the measured time, and that time.
    package let work: Int
    package let workSeconds: Double

    package init(
        latencies: LatencyHistogram, lateness: LatencyHistogram, intendedGets: Int, failedGets: Int, seconds: Double,
        work: Int, workSeconds: Double
    ) {
        self.latencies = latencies
        self.lateness = lateness
        self.intendedGets = intendedGets
        self.failedGets = failedGets
        self.seconds = seconds
        self.work = work
        self.workSeconds = workSeconds
    }
}
