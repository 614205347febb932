public import BulkheadCommands
import BulkheadRESP

/// Commands of different types, each with its own result.
extension RedisTransaction {
    /// Two commands, each with its own result: where one fails when it runs, the replies of the others are there.
    ///
    /// ```swift
    /// let (added, length) = try await database.transaction(
    ///     RedisTransaction(results: .sadd("tags", "new"), .rpush("log", "added")))  // Result<Int, RedisError> each
    /// ```
    public init<A, B>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>
    ) where Replies == (Result<A, RedisError>, Result<B, RedisError>) {
        self.init(eachResult: a, b)
    }

    /// The same for three commands.
    public init<A, B, C>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>
    ) where Replies == (Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>) {
        self.init(eachResult: a, b, c)
    }

    /// The same for four commands.
    public init<A, B, C, D>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>
    ) where Replies == (Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>, Result<D, RedisError>) {
        self.init(eachResult: a, b, c, d)
    }

    /// The same for five commands.
    public init<A, B, C, D, E>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>,
        _ e: RedisCommand<E>
    )
    where
        Replies == (
            Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>, Result<D, RedisError>,
            Result<E, RedisError>
        )
    {
        self.init(eachResult: a, b, c, d, e)
    }

    /// The same for six commands.
    public init<A, B, C, D, E, F>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>,
        _ e: RedisCommand<E>, _ f: RedisCommand<F>
    )
    where
        Replies == (
            Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>, Result<D, RedisError>,
            Result<E, RedisError>, Result<F, RedisError>
        )
    {
        self.init(eachResult: a, b, c, d, e, f)
    }

    /// The same for seven commands.
    public init<A, B, C, D, E, F, G>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>,
        _ e: RedisCommand<E>, _ f: RedisCommand<F>, _ g: RedisCommand<G>
    )
    where
        Replies == (
            Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>, Result<D, RedisError>,
            Result<E, RedisError>, Result<F, RedisError>, Result<G, RedisError>
        )
    {
        self.init(eachResult: a, b, c, d, e, f, g)
    }

    /// The same for eight commands.
    public init<A, B, C, D, E, F, G, H>(
        results a: RedisCommand<A>, _ b: RedisCommand<B>, _ c: RedisCommand<C>, _ d: RedisCommand<D>,
        _ e: RedisCommand<E>, _ f: RedisCommand<F>, _ g: RedisCommand<G>, _ h: RedisCommand<H>
    )
    where
        Replies == (
            Result<A, RedisError>, Result<B, RedisError>, Result<C, RedisError>, Result<D, RedisError>,
            Result<E, RedisError>, Result<F, RedisError>, Result<G, RedisError>, Result<H, RedisError>
        )
    {
        self.init(eachResult: a, b, c, d, e, f, g, h)
    }

    private init<each Reply>(
        eachResult command: repeat RedisCommand<each Reply>
    ) where Replies == (repeat Result<each Reply, RedisError>) {
        var batch = RedisBatch()
        repeat batch.append(each command)
        self.init(batch) { replies, database throws(RedisError) in
            var reader = TransactionReader(replies, in: database)
            return (repeat reader.nextResult(each command))
        }
    }
}
