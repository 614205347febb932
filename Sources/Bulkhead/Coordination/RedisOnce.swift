/// What became of a call that is to be made once.
public struct RedisOnce<Result> {
    /// How it ended.
    public let state: RedisOnceState
    /// What the closure returned; nil unless it ran.
    public let result: Result?
}

extension RedisOnce: Sendable where Result: Sendable {}

/// How a call that is to be made once has ended; more ways may come.
public struct RedisOnceState: RawRepresentable, Sendable, Hashable {
    /// One word, fit for a metric label: `ran`.
    public let rawValue: String

    /// A state by its word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// This call has run the closure, and the server remembers it.
    public static let ran = RedisOnceState(rawValue: "ran")
    /// It had been done before: the closure did not run.
    public static let alreadyDone = RedisOnceState(rawValue: "already-done")
    /// Somebody else is at it: the closure did not run. Come again when their lease is over at the latest.
    public static let inProgress = RedisOnceState(rawValue: "in-progress")
}
