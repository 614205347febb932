public import BulkheadCommands
public import BulkheadRESP

/// A guard in front of what a lock protects: it refuses writes of holders that were overtaken.
///
/// ```swift
/// try await main.withLock("orders:42", lease: .seconds(10)) { lock in
///     let fence = RedisFence("orders:42", number: lock.number)
///     try await main.run(.set("orders:42:total", total), behind: fence)
/// }
/// ```
/// The highest number that wrote is kept under `fence:` and the resource's name, without expiry. One script compares,
/// remembers and writes. So after a holder with a higher number has written, nobody with a lower one can. All who write
/// to the resource must do so behind the fence.
///
/// In a cluster the resource's name needs the tag of the keys behind it, as in `{orders:42}`.
public struct RedisFence: Sendable, Hashable {
    /// What is protected, by any name.
    public let resource: String
    /// The number of the one who writes, ``RedisLock/number``.
    public let number: Int64

    /// A guard of a resource, for writes with this number.
    public init(_ resource: String, number: Int64) {
        self.resource = resource
        self.number = number
    }
}

/// What stands in the way of a call behind a fence.
struct FencedCall {
    private static let script = RedisScript<RESPValue>(
        LockScripts.refusal + """
            local last = redis.pcall('GET', KEYS[1])
            if refusal(last) then return refusal(last) end
            if last and tonumber(last) > tonumber(ARGV[1]) then return 0 end
            local done = redis.pcall('SET', KEYS[1], ARGV[1])
            if refusal(done) then return refusal(done) end
            local replies, at = {}, 2
            while ARGV[at] do
                local count = tonumber(ARGV[at])
                replies[#replies + 1] = redis.pcall(unpack(ARGV, at + 1, at + count))
                at = at + count + 1
            end
            return replies
            """
    ) { $0 }

    let batch: RedisBatch
    let keys: [any RedisArgument]
    let arguments: [any RedisArgument]

    init(_ batch: RedisBatch, _ fence: RedisFence) throws(RedisError) {
        try batch.check(isShared: true)
        var keys: [any RedisArgument] = ["fence:" + fence.resource]
        var arguments: [any RedisArgument] = [fence.number]
        for command in EncodedCommand.commands(of: batch.bytes) {
            keys += command.keys.map { Array($0) }
        }
        var commands = EncodedCommands(batch.bytes)
        while let words = commands.next() {
            arguments.append(words.count)
            arguments += words.map { Array($0) }
        }
        self.batch = batch
        self.keys = keys
        self.arguments = arguments
    }

    var script: RedisScript<RESPValue> { Self.script }

    func replies(_ reply: RESPValue, in database: DatabaseName) throws(RedisError) -> [RESPValue] {
        guard case .array(let replies) = reply else {
            throw RedisError(
                .fenceRefused,
                "a later holder of the lock has written already, so nothing was written: this one's lock was lost",
                database: database, stage: .answered)
        }
        return batch.replies(with: Array(replies))
    }
}

extension RedisExecutor {
    /// Runs a command unless somebody with a higher number has been behind the fence.
    ///
    /// Throws `fence-refused`, with nothing written, if so; and what the command throws. It is sent again as scripts
    /// are: if its connection is lost, `error.isAmbiguous` is true.
    @discardableResult
    public func run<Reply>(
        _ command: RedisCommand<Reply>, behind fence: RedisFence
    ) async throws(RedisError) -> Reply {
        var batch = RedisBatch()
        batch.append(command)
        return try command.value(of: try await pipeline(batch, behind: fence)[0], in: name)
    }

    /// Runs a batch in one piece, unless somebody with a higher number has been behind the fence, and returns the raw
    /// replies, errors of single commands among them. After one that failed the others have run all the same.
    ///
    /// Throws `fence-refused`, with nothing written, if so. A script takes some thousands of words for one command.
    @discardableResult
    public func pipeline(
        _ batch: RedisBatch, behind fence: RedisFence
    ) async throws(RedisError) -> [RESPValue] {
        let call = try FencedCall(batch, fence)
        return try call.replies(try await run(call.script, keys: call.keys, arguments: call.arguments), in: name)
    }
}

extension BlockingRedisExecutor {
    /// Runs a command unless somebody with a higher number has been behind the fence, as the asynchronous form does.
    @discardableResult
    public func run<Reply>(_ command: RedisCommand<Reply>, behind fence: RedisFence) throws(RedisError) -> Reply {
        var batch = RedisBatch()
        batch.append(command)
        return try command.value(of: try pipeline(batch, behind: fence)[0], in: name)
    }

    /// Runs a batch in one piece, unless somebody with a higher number has been behind the fence, as the asynchronous
    /// form does.
    @discardableResult
    public func pipeline(_ batch: RedisBatch, behind fence: RedisFence) throws(RedisError) -> [RESPValue] {
        let call = try FencedCall(batch, fence)
        return try call.replies(try run(call.script, keys: call.keys, arguments: call.arguments), in: name)
    }
}
