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
