import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// Decides for one call whether it is sent again, and how long it pauses before.
///
/// A server that loads its data has run nothing: whatever the command, it is asked again until the call's deadline. So
/// has one that refuses because it is not the right one, or not any more; but it would go on to, so it is asked again
/// only on connections that were made anew. A group of servers without a primary
/// will have one soon: it is waited for until the deadline. A script may answer what it likes, and its error stands.
struct RetryMachine {
    private let policy: RedisRetryPolicy
    private let bytes: [UInt8]
    private let deadline: Deadline
    private var retries = 0
    private var refusals = 0
    private var renewals = 0
    private var wait: PrimaryWait
    /// The failure of the attempt that came furthest: a later one that was not sent does not undo it.
    private var furthest: ConnectionFailure?

    /// Attempts after the first that ended with a connection.
    private static let mostRetries = 2
    /// Attempts on new connections after the old ones led to the wrong server.
    private static let mostRenewals = 2
    fileprivate static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(500))

    init(_ policy: RedisRetryPolicy, of bytes: [UInt8], until deadline: Deadline) {
        self.policy = policy
        self.bytes = bytes
        self.deadline = deadline
        wait = PrimaryWait(until: deadline)
    }

    /// The pause before the next attempt; nil if the outcome stands, which is then that of the furthest attempt.
    /// `renew` is asked where a reply shows that the connection leads to the wrong server: it replaces connections, and
    /// says whether the next attempt goes over another one than the last did.
    mutating func pause<Received: Replies>(
        after outcome: inout Result<Received, ConnectionFailure>, renew: () -> Bool = { false }
    ) -> Duration? {
        switch outcome {
        case .success(let replies):
            let isRenewed = replies.showsWrongConnection && renew()
            // Of a batch some commands may have run: those that only read, or when the server was done meanwhile.
            guard let refusal = replies.commonRefusal, !RedisSideEffect.isOfScript(encoded: bytes) else { return nil }
            switch refusal {
            case .loading:
                refusals += 1
                return pause(after: refusals)
            case .wrongConnection:
                guard isRenewed, renewals < Self.mostRenewals else { return nil }
                renewals += 1
                return pause(after: renewals)
            case .unblocked: return nil
            }
        case .failure(let failure):
            let furthest = if let furthest, furthest.stage > failure.stage { furthest } else { failure }
            self.furthest = furthest
            outcome = .failure(furthest)
            if PrimaryWait.isFor(failure) { return wait.pause(after: failure) }
            guard failure.isEndOfConnection, retries < Self.mostRetries, policy.permits(RedisSideEffect(encoded: bytes))
            else { return nil }
            retries += 1
            return pause(after: retries)
        }
    }

    private func pause(after attempts: Int) -> Duration? { Self.backoff.pause(after: attempts, until: deadline) }
}

/// Waits for the primary of a group that has none now, until the call's deadline. Whatever needs a connection waits as
/// requests do.
struct PrimaryWait {
    private let deadline: Deadline
    private var waits = 0

    init(until deadline: Deadline) { self.deadline = deadline }

    /// True if nothing was sent, and the servers are about to agree on a primary.
    static func isFor(_ failure: ConnectionFailure) -> Bool {
        failure.reason == .primaryAwaited && failure.stage.isSafeToRetry
    }

    /// The pause before the next attempt; nil if the failure stands.
    mutating func pause(after failure: ConnectionFailure?) -> Duration? {
        guard let failure, Self.isFor(failure) else { return nil }
        waits += 1
        return RetryMachine.backoff.pause(after: waits, until: deadline)
    }
}

extension Backoff {
    /// Nil if the deadline is over by then.
    fileprivate func pause(after attempts: Int, until deadline: Deadline) -> Duration? {
        let pause = waitAtRandom(after: attempts)
        return pause < deadline.left ? pause : nil
    }
}
