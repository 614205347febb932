/// What a program wants to hear of its commands and connections: the one hook for logs, metrics and traces.
///
/// ```swift
/// struct SlowLog: RedisObserver {
///     func commandEnded(_ event: RedisCommandEvent) {
///         if event.duration > .milliseconds(50) { print("\(event.command) in \(event.database): \(event.duration)") }
///     }
/// }
/// var configuration = RedisConfiguration(host: "cache")
/// configuration.observer = SlowLog()
/// ```
/// Of commands it hears on the caller's task or thread, after each command or pipeline and before its caller goes on:
/// what it does is part of every command's time, and a task-local trace context is the caller's. Of connections it
/// hears on a queue of their own, a moment later, in their order. Adapters to swift-log,
/// swift-metrics and swift-distributed-tracing are a few lines: <doc:Observing>.
public protocol RedisObserver: Sendable {
    /// A command or a pipeline has its replies, or has failed, on this side too; or nobody could be lent a connection.
    func commandEnded(_ event: RedisCommandEvent)

    /// A connection was opened, lost or closed, or the server went away or came back.
    func connectionChanged(_ event: RedisConnectionEvent)
}

extension RedisObserver {
    /// Does nothing.
    public func connectionChanged(_ event: RedisConnectionEvent) {}
}

/// One command, or one pipeline, that is over. Every field but the times is from a bounded set, fit for a label.
public struct RedisCommandEvent: Sendable, Hashable {
    /// The name it was asked of.
    public let database: DatabaseName
    /// The command's word, `GET`; `PIPELINE` for several; `OTHER` for words that are not Redis's own; `LEASE` for a
    /// `withConnection` that got no connection.
    public let command: String
    /// Commands in the pipeline; 1 for one alone, 0 for a `LEASE`.
    public let commandCount: Int
    /// What became of it; of a pipeline the first error, if there is one.
    public let outcome: Outcome
    /// How far it had come; `answered` where the server replied, with an error or without.
    public let stage: RedisError.Stage
    /// From the call to its end, pauses and repetitions included.
    public let duration: Duration

    /// How a command ended; printed as `ok` or the code.
    public enum Outcome: Sendable, Hashable, CustomStringConvertible {
        /// The server answered without an error. Whether the reply is of the type its caller asked for is seen there
        /// alone: `unexpected-reply` is thrown after this.
        case success
        /// The failure's code: this package's own, or the server's where ``RedisError/Code`` names it, else `ERR`.
        case failure(RedisError.Code)

        public var description: String {
            switch self {
            case .success: "ok"
            case .failure(let code): code.name
            }
        }
    }
}
