/// Is notified of commands that have ended and of connections: the one hook for logs, metrics and traces.
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
/// It is notified of a command on the caller's task or thread, before the caller goes on: what it does adds to the time
/// of every command, and a task-local trace context is the caller's. It is notified of connections on a queue of their
/// own, a moment later, in the order of the changes. Adapters to swift-log,
/// swift-metrics and swift-distributed-tracing are a few lines: <doc:Observing>.
public protocol RedisObserver: Sendable {
    /// A command or a pipeline has its replies or has failed, also where nothing was sent; or a lease has failed.
    func commandEnded(_ event: RedisCommandEvent)

    /// A connection was opened, lost or closed, or the server went down or came back.
    func connectionChanged(_ event: RedisConnectionEvent)
}

extension RedisObserver {
    /// Does nothing.
    public func connectionChanged(_ event: RedisConnectionEvent) {}
}
