public import BulkheadCommands
public import BulkheadRESP

/// Commands that the server runs atomically.
extension RedisExecutor {
    /// Runs several commands atomically: no command of others runs between them.
    ///
    /// ```swift
    /// let (visits, _) = try await database.transaction(.incr("visits"), .set("seen", "now"))
    /// ```
    /// MULTI, the commands and EXEC leave in one write, on a connection of their own: one round trip. The first one of
    /// a database costs two, because it asks before whether the server permits transactions to this user.
    ///
    /// Throws `EXECABORT`, with the command that the server refused when it was queued: then none has run. An error of
    /// a command that failed when it ran has that command's code and place: the others have run. If the connection is
    /// lost behind EXEC nobody knows whether they have, and `error.isAmbiguous` is true. The transaction is sent again
    /// by itself only if ``RedisConfiguration/retryPolicy`` permits it for each of its commands.
    ///
    /// Commands that block, subscriptions, and those that ``RedisExecutor/pipeline(_:)`` refuses are refused before
    /// anything is sent.
    @discardableResult
    public func transaction<A, B>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>
    ) async throws(RedisError) -> (A, B) {
        try await transaction(RedisTransaction(a, b))
    }

    /// The same for three commands.
    @discardableResult
    public func transaction<A, B, C>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) async throws(RedisError) -> (A, B, C) {
        try await transaction(RedisTransaction(a, b, c))
    }

    /// The same for four commands.
    @discardableResult
    public func transaction<A, B, C, D>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) async throws(RedisError) -> (A, B, C, D) {
        try await transaction(RedisTransaction(a, b, c, d))
    }

    /// The same for five commands.
    @discardableResult
    public func transaction<A, B, C, D, E>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>
    ) async throws(RedisError) -> (A, B, C, D, E) {
        try await transaction(RedisTransaction(a, b, c, d, e))
    }

    /// The same for six commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>
    ) async throws(RedisError) -> (A, B, C, D, E, F) {
        try await transaction(RedisTransaction(a, b, c, d, e, f))
    }

    /// The same for seven commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F, G>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>
    ) async throws(RedisError) -> (A, B, C, D, E, F, G) {
        try await transaction(RedisTransaction(a, b, c, d, e, f, g))
    }

    /// The same for eight commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F, G, H>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    ) async throws(RedisError) -> (A, B, C, D, E, F, G, H) {
        try await transaction(RedisTransaction(a, b, c, d, e, f, g, h))
    }

    /// Runs many commands of one type atomically, and returns each one's own result, in order.
    ///
    /// Throws only if the server ran none of them, or if nobody knows.
    @discardableResult
    public func transaction<Reply>(
        _ commands: [RedisCommand<Reply>]
    ) async throws(RedisError) -> [Result<Reply, RedisError>] {
        try await transaction(RedisTransaction(commands))
    }

    /// Runs a batch atomically, and returns the raw replies, errors of single commands among them.
    ///
    /// Throws only if the server ran none of them, or if nobody knows.
    @discardableResult
    public func transaction(_ batch: RedisBatch) async throws(RedisError) -> [RESPValue] {
        try await transaction(RedisTransaction(batch))
    }
}
