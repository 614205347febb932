/// Decides whether connections to the wrong server, or with a login that has lapsed, are replaced now; its clock and
/// its dice are its caller's.
///
/// After a failover the replies say so on every connection at once, and until the server's name points elsewhere new
/// ones say it too. So connections are replaced at most once a backoff, which begins anew when nothing was replaced
/// for longer than its longest pause.
struct RenewalMachine: Sendable {
    private let memory: Duration
    private var count = 0
    private var latest: Moment?
    private var next = Moment(nanoseconds: 0)

    /// `memory` is the longest backoff.
    init(memory: Duration) {
        self.memory = memory
    }

    /// True if connections are to be replaced now. `wait` is the pause after so many replacements in a row.
    mutating func isDue(at now: Moment, wait: (Int) -> Duration) -> Bool {
        guard next <= now else { return false }
        if next + memory < now { count = 0 }
        count += 1
        latest = now
        next = now + wait(count)
        return true
    }

    /// True of the 1st, 2nd, 4th, 8th … replacement in a row: connections of others, which lose something by it, are
    /// replaced more and more rarely.
    var concernsOthers: Bool { count & (count - 1) == 0 }

    /// True if connections were replaced at `moment` or later.
    func hasRenewed(since moment: Moment) -> Bool {
        latest.map { $0 >= moment } ?? false
    }
}
