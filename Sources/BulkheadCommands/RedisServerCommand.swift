/// A command about a whole server, and not about one of its databases: its settings, users, connections, logs.
///
/// A type of its own keeps it apart from ``RedisCommand``: a database has no such methods, and none of them stands in
/// a pipeline by accident. The handle of a server runs it.
public struct RedisServerCommand<Reply: Sendable>: Sendable {
    /// What is sent, and how its reply is read.
    @usableFromInline package let command: RedisCommand<Reply>

    /// The command's word, for messages and metrics: `CONFIG`.
    public var name: String { command.name }

    /// What running it twice would do.
    public var sideEffect: RedisSideEffect { command.sideEffect }

    @inlinable
    init(_ command: RedisCommand<Reply>) { self.command = command }
}
