public import BulkheadCommands
public import BulkheadRESP

extension RedisDatabase {
    /// Handles the entries of a stream as one consumer of a group, until its task is cancelled.
    ///
    /// It makes the group if there is none, takes up what it left pending under its name, and then reads new entries
    /// and those that other consumers left alone. An entry is acknowledged after `handle` has returned. If `handle`
    /// throws, or the process ends, the entry stays pending and comes again: each is handled at least once, and some
    /// more than once. At most ``RedisStreamConsumer/concurrency`` handlers run, each in a task of its own, and no
    /// entry is read before a handler is free for it. While it waits it has a connection of its own.
    ///
    /// When its task is cancelled it reads no more; handlers that run are not cancelled, and it returns when their
    /// entries are acknowledged. When a connection or server fails it goes on after a pause, and
    /// ``RedisStreamConsumer/observe`` is called. It throws where waiting does not help, such as `WRONGTYPE`, `NOPERM`,
    /// `ERR` and `closed`, after the handlers have ended.
    ///
    /// An entry that failed as often as ``RedisStreamConsumer/deadLetters`` allows goes to `deadLetters`, as bytes, and
    /// is acknowledged when that has returned; if it throws the entry comes again. If there is a stream of dead letters
    /// as well, the entry moves there then. `invalid-argument` says that there is neither.
    /// - Returns: How much happened.
    /// - Since: Redis 6.2.0
    @discardableResult
    public func consume(
        _ consumer: RedisStreamConsumer,
        handle: @escaping @Sendable (RedisStreamEntry<String>) async throws -> Void,
        deadLetters: (@Sendable (RedisStreamEntry<RESPBytes>) async throws -> Void)? = nil
    ) async throws(RedisError) -> RedisStreamCounts {
        try await consume(consumer, as: String.self, handle: handle, deadLetters: deadLetters)
    }

    /// The same with values of another type, such as `RESPBytes`. An entry that does not convert counts as failed.
    @discardableResult
    public func consume<Value: RedisDecodable>(
        _ consumer: RedisStreamConsumer, as type: Value.Type,
        handle: @escaping @Sendable (RedisStreamEntry<Value>) async throws -> Void,
        deadLetters: (@Sendable (RedisStreamEntry<RESPBytes>) async throws -> Void)? = nil
    ) async throws(RedisError) -> RedisStreamCounts {
        let consumption = try StreamConsumption(consumer, in: self, handler: handle, deadLetters: deadLetters)
        let work = Task { await consumption.run() }
        return try await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            consumption.stop()
        }.get()
    }
}
