public import BulkheadCommands

/// Two to eight commands of different types in one round trip; the array form takes any number of one type.
///
/// One parameter pack would do for all, but in one the compiler takes a literal of pairs for a dictionary (Swift 6.3),
/// which loses their order and stops the program where a name is repeated.
extension RedisExecutor {
    /// Runs several commands in one round trip: one write, one wait.
    ///
    /// ```swift
    /// let (name, visits) = try await database.pipeline(.get("user:1:name"), .incr("visits"))
    /// ```
    /// It is no transaction: others' commands may run between. If a command fails the others have run all the same,
    /// and the first failure is thrown; the array form gives each its own result.
    @inlinable
    public func pipeline<A, B>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>
    ) async throws(RedisError) -> (A, B) {
        try await pipelineEach(a, b)
    }

    /// The same for three commands.
    @inlinable
    public func pipeline<A, B, C>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) async throws(RedisError) -> (A, B, C) {
        try await pipelineEach(a, b, c)
    }

    /// The same for four commands.
    @inlinable
    public func pipeline<A, B, C, D>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) async throws(RedisError) -> (A, B, C, D) {
        try await pipelineEach(a, b, c, d)
    }

    /// The same for five commands.
    @inlinable
    public func pipeline<A, B, C, D, E>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>
    ) async throws(RedisError) -> (A, B, C, D, E) {
        try await pipelineEach(a, b, c, d, e)
    }

    /// The same for six commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>
    ) async throws(RedisError) -> (A, B, C, D, E, F) {
        try await pipelineEach(a, b, c, d, e, f)
    }

    /// The same for seven commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F, G>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>
    ) async throws(RedisError) -> (A, B, C, D, E, F, G) {
        try await pipelineEach(a, b, c, d, e, f, g)
    }

    /// The same for eight commands.
    @inlinable
    public func pipeline<A, B, C, D, E, F, G, H>(
        _ a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>, _ e: RedisCommand<E>,
        _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    ) async throws(RedisError) -> (A, B, C, D, E, F, G, H) {
        try await pipelineEach(a, b, c, d, e, f, g, h)
    }

    @inlinable
    func pipelineEach<each Reply>(
        _ commands: repeat RedisCommand<each Reply>
    ) async throws(RedisError) -> (repeat each Reply) {
        var batch = RedisBatch()
        repeat batch.append(typed: each commands)
        var reader = ReplyReader(try await pipeline(batch), in: name)
        return try (repeat reader.next(each commands))
    }
}
