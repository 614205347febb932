public import BulkheadCommands
public import BulkheadRESP

/// Commands that the server runs atomically.
extension BlockingRedisExecutor {
    /// Runs several commands atomically: as the asynchronous form does.
    @discardableResult
    public func transaction<A, B>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>
    ) throws(RedisError) -> (A, B) {
        try transaction(RedisTransaction(a, b))
    }

    /// The same for three commands.
    @discardableResult
    public func transaction<A, B, C>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) throws(RedisError) -> (A, B, C) {
        try transaction(RedisTransaction(a, b, c))
    }

    /// The same for four commands.
    @discardableResult
    public func transaction<A, B, C, D>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) throws(RedisError) -> (A, B, C, D) {
        try transaction(RedisTransaction(a, b, c, d))
    }

    /// The same for five commands.
    @discardableResult
    public func transaction<A, B, C, D, E>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>
    ) throws(RedisError) -> (A, B, C, D, E) {
        try transaction(RedisTransaction(a, b, c, d, e))
    }

    /// The same for six commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>
    ) throws(RedisError) -> (A, B, C, D, E, F) {
        try transaction(RedisTransaction(a, b, c, d, e, f))
    }

    /// The same for seven commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F, G>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>
    ) throws(RedisError) -> (A, B, C, D, E, F, G) {
        try transaction(RedisTransaction(a, b, c, d, e, f, g))
    }

    /// The same for eight commands.
    @discardableResult
    public func transaction<A, B, C, D, E, F, G, H>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    ) throws(RedisError) -> (A, B, C, D, E, F, G, H) {
        try transaction(RedisTransaction(a, b, c, d, e, f, g, h))
    }

    /// Runs many commands of one type atomically, and returns each one's own result, in order.
    ///
    /// Throws only if the server ran none of them, or if nobody knows.
    @discardableResult
    public func transaction<Reply>(
        _ commands: [RedisCommand<Reply>]
    ) throws(RedisError) -> [Result<Reply, RedisError>] {
        try transaction(RedisTransaction(commands))
    }

    /// Runs a batch atomically, and returns the raw replies, errors of single commands among them.
    ///
    /// Throws only if the server ran none of them, or if nobody knows.
    @discardableResult
    public func transaction(_ batch: RedisBatch) throws(RedisError) -> [RESPValue] {
        try transaction(RedisTransaction(batch))
    }
}
