public import BulkheadCommands

/// Two to eight commands of different types in one round trip; the array form takes any number of one type.
///
/// One parameter pack would do for all, but in one the compiler takes a literal of pairs for a dictionary (Swift 6.3),
/// which loses their order and stops the program where a name is repeated.
extension BlockingRedisExecutor {
    /// Runs several commands in one round trip, as the asynchronous form does.
    @inlinable
    public func pipeline<A, B>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>
    ) throws(RedisError) -> (A, B) {
        try pipelineEach(a, b)
    }

    /// The same for three commands.
    @inlinable
    public func pipeline<A, B, C>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) throws(RedisError) -> (A, B, C) {
        try pipelineEach(a, b, c)
    }

    /// The same for four commands.
    @inlinable
    public func pipeline<A, B, C, D>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) throws(RedisError) -> (A, B, C, D) {
        try pipelineEach(a, b, c, d)
    }

    /// The same for five commands.
    @inlinable
    public func pipeline<A, B, C, D, E>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>
    ) throws(RedisError) -> (A, B, C, D, E) {
        try pipelineEach(a, b, c, d, e)
    }

    /// The same for six commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>
    ) throws(RedisError) -> (A, B, C, D, E, F) {
        try pipelineEach(a, b, c, d, e, f)
    }

    /// The same for seven commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F, G>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>
    ) throws(RedisError) -> (A, B, C, D, E, F, G) {
        try pipelineEach(a, b, c, d, e, f, g)
    }

    /// The same for eight commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F, G, H>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    ) throws(RedisError) -> (A, B, C, D, E, F, G, H) {
        try pipelineEach(a, b, c, d, e, f, g, h)
    }

    @inlinable
    func pipelineEach<each Reply>(
        _ commands: repeat RedisCommand<each Reply>
    ) throws(RedisError) -> (repeat each Reply) {
        var batch = RedisBatch()
        repeat batch.append(typed: each commands)
        var reader = ReplyReader(try pipeline(batch), in: name)
        return try (repeat reader.next(each commands))
    }
}
