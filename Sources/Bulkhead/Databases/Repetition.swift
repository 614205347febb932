import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What the client may send again by itself when a connection ended and nobody knows whether the server had run it.
///
/// On the connections that all asynchronous callers share, what surely was not sent is sent again, once, on a new one,
/// whatever this says; so is what a blocking caller's connection refused because it had ended. Else, and for who holds
/// a lease, it fails, and ``RedisError/isSafeToRetry`` is true. A server that loads its data, or answers READONLY,
/// MASTERDOWN or NOAUTH, has not run the command: that is sent again too, the latter on a new connection. See
/// ``SideEffect`` for the categories.
public enum RedisReplay: Sendable, Hashable {
    /// Nothing else: every command that may have run fails with its ``RedisError/isAmbiguous`` true.
    case notSent
    /// Reads. The default.
    case reads
    /// Reads, and writes that leave the same keys when they run twice, such as SET and DEL. The reply is that of the
    /// last run: DEL may say 0 of a key that it removed. What another client wrote in between is written over.
    case idempotentWrites

    fileprivate func permits(_ effect: SideEffect) -> Bool {
        switch self {
        case .notSent: false
        case .reads: effect == .read
        case .idempotentWrites: effect <= .idempotentWrite
        }
    }
}

/// Decides for one call whether it is sent again, and how long it pauses before.
///
/// A server that loads its data has run nothing: whatever the command, it is asked again until the call's deadline. So
/// has one that refuses because it is not the right one, or not any more; but it would go on to, so it is asked again
/// only on connections that were made anew. A script may answer what it likes, and its error stands.
struct Repetition {
    private let replay: RedisReplay
    private let bytes: [UInt8]
    private let deadline: Deadline
    private var replays = 0
    private var refusals = 0
    private var renewals = 0
    /// The failure of the attempt that came furthest: a later one that was not sent does not undo it.
    private var furthest: ConnectionFailure?

    /// Attempts after the first that ended with a connection.
    private static let mostReplays = 2
    /// Attempts on new connections after the old ones led to the wrong server.
    private static let mostRenewals = 2
    private static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(500))

    init(_ replay: RedisReplay, of bytes: [UInt8], until deadline: Deadline) {
        self.replay = replay
        self.bytes = bytes
        self.deadline = deadline
    }

    /// The pause before the next attempt; nil if the outcome stands, which is then that of the furthest attempt.
    /// `isRenewed` says that the next one goes over another connection than the last one did.
    mutating func pause(
        after outcome: inout Result<[RESPValue], ConnectionFailure>, isRenewed: Bool = false
    ) -> Duration? {
        switch outcome {
        case .success(let replies):
            // Of a batch some commands may have run: those that only read, or when the server was done meanwhile.
            guard let refusal = replies.first?.refusal, replies.allSatisfy({ $0.refusal == refusal }),
                !SideEffect.isOfScript(encoded: bytes)
            else { return nil }
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
            let furthest = if let furthest, furthest.progress > failure.progress { furthest } else { failure }
            self.furthest = furthest
            outcome = .failure(furthest)
            guard failure.isEndOfConnection, replays < Self.mostReplays, replay.permits(SideEffect(encoded: bytes))
            else { return nil }
            replays += 1
            return pause(after: replays)
        }
    }

    private func pause(after attempts: Int) -> Duration? {
        var random = SystemRandomNumberGenerator()
        let pause = Self.backoff.wait(after: attempts, using: &random)
        return pause < deadline.left ? pause : nil
    }
}

/// What some errors say of the command they answer: it has not run.
enum Refusal {
    /// The server reads its data yet.
    case loading
    /// The connection leads to a replica, or its login has lapsed: another one may lead elsewhere.
    case wrongConnection
    /// The server became a replica while the command waited there; the same, but its time has begun to run.
    case unblocked

    private static let words: [(StaticString, Refusal)] = [
        ("LOADING", .loading), ("READONLY", .wrongConnection), ("MASTERDOWN", .wrongConnection),
        ("NOAUTH", .wrongConnection), ("UNBLOCKED force", .unblocked),
    ]

    init?(_ message: RESPBytes) {
        let found = Self.words.first { word, _ in
            word.withUTF8Buffer { message.starts(with: $0) }
        }
        guard let found else { return nil }
        self = found.1
    }

    /// True if the connection should be replaced.
    var isOfConnection: Bool { self != .loading }
}

extension RESPValue {
    /// Nil of nearly all replies, without a look at their bytes unless they are errors.
    var refusal: Refusal? { errorMessage.flatMap { Refusal($0) } }
}

extension Result<[RESPValue], ConnectionFailure> {
    /// True if ``Repetition`` has a say, or the connection is to be replaced.
    var mayNotStand: Bool {
        switch self {
        case .success(let replies): replies.contains { $0.refusal != nil }
        case .failure: true
        }
    }

    /// True if a reply shows that the connection leads to the wrong server.
    var showsWrongConnection: Bool {
        switch self {
        case .success(let replies): replies.contains { $0.refusal?.isOfConnection == true }
        case .failure: false
        }
    }
}
