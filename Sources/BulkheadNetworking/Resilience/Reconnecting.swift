/// When a connection that somebody always needs is made anew after a loss; its clock is its caller's.
///
/// Behind one that was of use the next is made at once. Behind others there is a backoff, and also where one is lost
/// soon after the loss of another, though each was of use: a server that closes every connection again would be given
/// new ones without a pause.
struct Reconnecting: Sendable {
    /// One that was of use for so long is none that is lost soon.
    private let memory: Duration
    /// Pauses since a connection was of use for so long, and whether one was made at once since.
    private var pauses = 0
    private var hasHurried = false
    /// Since when the connection is of use.
    private var usedSince: Moment?

    /// The longest backoff is what a server that is down may cost.
    init(_ backoff: Backoff = Backoff()) { memory = max(backoff.cap, .seconds(1)) }

    /// A connection is being made.
    mutating func begin() { usedSince = nil }

    /// The connection is of use.
    mutating func used(at now: Moment) { usedSince = usedSince ?? now }

    /// The connection was lost, or never came about. The next one is made behind a backoff for so many failures in a
    /// row; zero is at once.
    mutating func lost(at now: Moment) -> Int {
        let usedSince = usedSince.take()
        if let usedSince, now - usedSince >= memory { (pauses, hasHurried) = (0, false) }
        if usedSince != nil, pauses == 0, !hasHurried {
            hasHurried = true
            return 0
        }
        pauses += 1
        return pauses
    }
}
