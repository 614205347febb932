import BulkheadCommands
import BulkheadNetworking

/// Counts the attempts of one `transaction(watching:)`, and says how long to pause between them.
struct WatchMachine {
    private let attempts: Int
    private let name: DatabaseName
    private var conflicts = 0

    /// Clients that lost to each other come back at moments of their own.
    private static let backoff = Backoff(first: .milliseconds(2), cap: .milliseconds(250))

    /// Throws if nothing is watched, or nothing is attempted.
    init(_ keys: [any RedisArgument], _ attempts: Int, in name: DatabaseName) throws(RedisError) {
        guard !keys.isEmpty, attempts > 0 else {
            throw RedisError(
                .invalidArgument,
                keys.isEmpty ? "name the keys to watch, or use transaction without them" : "allow one attempt at least",
                database: name, command: "a transaction")
        }
        self.attempts = attempts
        self.name = name
    }

    /// The pause before the next attempt; throws if there is none left.
    mutating func pauseAfterConflict() throws(RedisError) -> Duration {
        conflicts += 1
        guard conflicts < attempts else { throw RedisError.conflict(after: attempts).at(name) }
        var random = SystemRandomNumberGenerator()
        return Self.backoff.wait(after: conflicts, using: &random)
    }
}

/// What one attempt came to.
enum WatchOutcome<Replies> {
    case written(Replies)
    case nothingToWrite
    /// Somebody changed a watched key, so the server ran nothing.
    case conflict
}

extension RedisError {
    static func conflict(after attempts: Int) -> RedisError {
        RedisError(
            .transactionConflict,
            (attempts == 1 ? "a watched key was changed" : "a watched key was changed in each of \(attempts) attempts")
                + ", so nothing was written: try again later, allow more attempts, or use a script",
            command: "a transaction", stage: .answered)
    }
}

extension Error {
    /// This error, which is none of this library's; one that is one is thrown.
    var foreign: any Error {
        get throws(RedisError) {
            if let error = self as? RedisError { throw error }
            return self
        }
    }
}
