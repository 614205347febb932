/// When a function is asked for credentials, and how long its answer is used; its clock is its caller's.
///
/// Credentials that say how long they hold are used for every connection until they end, and renewed when four fifths
/// of that time are over. All others are asked for anew by each connection. One question at a time: whoever comes while
/// one is open waits for its answer.
struct CredentialMachine: Sendable {
    /// The newest; living connections take it too.
    private(set) var latest = Login(number: 0, credentials: nil)
    /// Until when new connections use it without asking.
    private var end = Moment.past
    /// When to ask although nobody waits; never without an end.
    private(set) var nextRenewal = Moment.never
    /// The question that is open, or the last one.
    private var question = 0
    private(set) var isAsking = false
    private var failures = 0
    /// After a failure the next question waits until then.
    private var pauseEnd = Moment.past
    private var failure: ConnectionFailure?

    /// No renewal follows its predecessor sooner.
    static let shortestRenewal = Duration.milliseconds(10)
    /// A renewal that failed is tried again no later.
    private static let longestPause = Duration.seconds(30)

    /// What somebody who needs a login does.
    enum Step: Sendable {
        case use(Login)
        /// Wait for the outcome of this question; ask it if it is new.
        case wait(question: Int, isNew: Bool)
        case fail(ConnectionFailure)
    }

    /// Somebody connects.
    mutating func wanted(at now: Moment) -> Step {
        if latest.number > 0, now < end { return .use(latest) }
        if isAsking { return .wait(question: question, isNew: false) }
        if let failure, now < pauseEnd { return .fail(failure) }
        return .wait(question: ask(), isNew: true)
    }

    /// The time to renew has come; the question to ask, if none is open.
    mutating func renewalIsDue(at now: Moment) -> Int? {
        guard nextRenewal <= now, !isAsking else { return nil }
        return ask()
    }

    private mutating func ask() -> Int {
        isAsking = true
        question += 1
        nextRenewal = .never
        return question
    }

    /// The function has answered; the login if it is news for living connections. An answer to a question that was
    /// given up is dropped.
    mutating func answered(_ question: Int, _ credentials: Credentials?, at now: Moment) -> Login? {
        guard isAsking, question == self.question else { return nil }
        isAsking = false
        failures = 0
        failure = nil
        let isNews = latest.number == 0 || credentials != latest.credentials || credentials?.validity != nil
        if isNews { latest = Login(number: latest.number + 1, credentials: credentials) }
        if let validity = credentials?.validity {
            end = now + validity
            nextRenewal = now + max(validity / 5 * 4, Self.shortestRenewal)
        } else {
            end = .past
        }
        return isNews ? latest : nil
    }

    /// The function has failed, or took too long.
    mutating func failed(
        _ question: Int, _ failure: ConnectionFailure, at now: Moment, wait: (Int) -> Duration
    ) {
        guard isAsking, question == self.question else { return }
        isAsking = false
        failures += 1
        self.failure = failure
        pauseEnd = now + wait(failures)
        // Living connections still hold a login that ends.
        if latest.credentials?.validity != nil {
            let pause = min(max((end - now) / 4, Self.shortestRenewal * 10), Self.longestPause)
            nextRenewal = max(pauseEnd, now + pause)
        }
    }

    /// How a question went; nil while it is open.
    func outcome(of question: Int) -> Result<Login, ConnectionFailure>? {
        guard question < self.question || !isAsking else { return nil }
        return failure.map { .failure($0) } ?? .success(latest)
    }

    /// A server has refused that login: the next connection asks.
    mutating func refused(_ number: Int) {
        if number == latest.number { end = .past }
    }
}
