import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What the client may send again by itself when a connection ended and nobody knows whether the server had run it.
///
/// On the connections that all asynchronous callers share, what surely was not sent is sent again, once, on a new one,
/// whatever this says; so is what a blocking caller's connection refused because it had ended. Else, and for who holds
/// a lease, it fails, and ``RedisError/isSafeToRetry`` is true. See ``SideEffect`` for the categories.
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
/// A server that loads its data has run nothing: whatever the command, it is asked again until the call's deadline. But
/// a script may answer what it likes, and its LOADING stands.
struct Repetition {
    private let replay: RedisReplay
    private let bytes: [UInt8]
    private let deadline: Deadline
    private var replays = 0
    private var refusals = 0
    /// The failure of the attempt that came furthest: a later one that was not sent does not undo it.
    private var furthest: ConnectionFailure?

    /// Attempts after the first that ended with a connection.
    private static let mostReplays = 2
    private static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(500))

    init(_ replay: RedisReplay, of bytes: [UInt8], until deadline: Deadline) {
        self.replay = replay
        self.bytes = bytes
        self.deadline = deadline
    }

    /// The pause before the next attempt; nil if the outcome stands, which is then that of the furthest attempt.
    mutating func pause(after outcome: inout Result<[RESPValue], ConnectionFailure>) -> Duration? {
        switch outcome {
        case .success(let replies):
            // Of a batch some commands may have run, when the server was done meanwhile.
            guard replies.allSatisfy(\.isLoading), !SideEffect.isOfScript(encoded: bytes) else { return nil }
            refusals += 1
            return pause(after: refusals)
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

extension RESPValue {
    /// The server reads its data yet.
    var isLoading: Bool { errorMessage?.starts(with: "LOADING".utf8) == true }
}
