public import BulkheadCommands
import BulkheadNetworking

/// Scripts and functions as values.
extension RedisExecutor {
    /// Runs a script: by its digest, and by its text if the server does not know it.
    ///
    /// ```swift
    /// let left = try await database.run(take, keys: ["stock"], arguments: [1])
    /// ```
    /// A server forgets scripts when it restarts, and by SCRIPT FLUSH; the call that finds it so costs a second round
    /// trip. Any number of first calls at once are harmless. Throws what the script throws. A script that may write is
    /// never sent again when its connection was lost, and `error.isAmbiguous` is true then.
    @discardableResult
    public func run<Reply>(
        _ script: RedisScript<Reply>, keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) async throws(RedisError) -> Reply {
        let start = Moment.now
        do throws(RedisError) {
            return try await run(script.commandByDigest(keys: keys, arguments: arguments))
        } catch {
            guard error.isOfUnknownScript else { throw error }
            return try await withTime(since: start).run(script.command(keys: keys, arguments: arguments))
        }
    }

    /// Runs a function of a library that the server has: see ``RedisFunctionLibrary``.
    ///
    /// Throws `function-missing` if no library with it was loaded; and what the function throws. It is sent again as
    /// scripts are.
    @discardableResult
    public func run<Reply>(
        _ function: RedisFunction<Reply>, keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) async throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try await run(function.command(keys: keys, arguments: arguments))
        } catch {
            throw function.explaining(error)
        }
    }
}

extension BlockingRedisExecutor {
    /// Runs a script, as the asynchronous form does.
    @discardableResult
    public func run<Reply>(
        _ script: RedisScript<Reply>, keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) throws(RedisError) -> Reply {
        let start = Moment.now
        do throws(RedisError) {
            return try run(script.commandByDigest(keys: keys, arguments: arguments))
        } catch {
            guard error.isOfUnknownScript else { throw error }
            return try withTime(since: start).run(script.command(keys: keys, arguments: arguments))
        }
    }

    /// Runs a function of a library that the server has, as the asynchronous form does.
    @discardableResult
    public func run<Reply>(
        _ function: RedisFunction<Reply>, keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) throws(RedisError) -> Reply {
        do throws(RedisError) {
            return try run(function.command(keys: keys, arguments: arguments))
        } catch {
            throw function.explaining(error)
        }
    }
}

// A call has its time once, though the text may follow the digest. A lease has it for each command.

extension RedisExecutor {
    /// With what is left of the time of a call that began then.
    fileprivate func withTime(since start: Moment) -> any RedisExecutor {
        guard let database = self as? RedisDatabase else { return self }
        return database.until(Deadline(after: database.timeout, since: start))
    }
}

extension BlockingRedisExecutor {
    /// The same.
    fileprivate func withTime(since start: Moment) -> any BlockingRedisExecutor {
        guard let database = self as? BlockingRedisDatabase else { return self }
        return database.until(Deadline(after: database.timeout, since: start))
    }
}
