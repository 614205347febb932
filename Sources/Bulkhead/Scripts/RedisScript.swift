public import BulkheadCommands
public import BulkheadRESP

/// A script in Lua: its text, the digest by which servers know it, and how its reply is read.
///
/// Make it once and keep it; making one computes the digest.
/// ```swift
/// let take = RedisScript<Int>("return redis.call('DECRBY', KEYS[1], ARGV[1])")
/// let left = try await database.run(take, keys: ["stock"], arguments: [1])
/// ```
/// A script runs atomically: no command of others runs in between. Name every key it touches among `keys`. Keys,
/// arguments and replies are bytes, whatever they hold.
public struct RedisScript<Reply: Sendable>: Sendable {
    /// The text, as it is sent.
    public let text: [UInt8]
    /// The SHA-1 of the text, in hexadecimal.
    public let digest: String
    /// True if it runs by EVALSHA_RO and EVAL_RO: also on a replica, and never with a write.
    public let isReadOnly: Bool
    private let decode: @Sendable (RESPValue) throws(RedisConversionError) -> Reply

    /// A script, as a `String` or as bytes, with a reply of your own. `decode` gets no error of the server: those are
    /// thrown before.
    ///
    /// One that only reads needs a server from Redis 7.0 on; it is sent again if its connection is lost, as reads are.
    public init(
        _ text: some RedisArgument, isReadOnly: Bool = false,
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply
    ) {
        // What is hashed is what is sent.
        var sent = EncodedCommands(RedisCommand<RESPValue>.raw("EVAL", [text]).encoded.bytes)
        self.text = sent.next()?.last.map { Array($0) } ?? []
        digest = SHA1.hexadecimal(of: self.text)
        self.isReadOnly = isReadOnly
        self.decode = decode
    }

    /// A script whose reply converts as its type says.
    public init(_ text: some RedisArgument, isReadOnly: Bool = false) where Reply: RedisDecodable {
        self.init(text, isReadOnly: isReadOnly) { value throws(RedisConversionError) in try Reply(redis: value) }
    }

    /// A script whose reply does not matter, unless it is an error.
    public init(_ text: some RedisArgument, isReadOnly: Bool = false) where Reply == Void {
        self.init(text, isReadOnly: isReadOnly) { _ throws(RedisConversionError) in }
    }

    /// A call of the script as a value, for pipelines and transactions.
    ///
    /// It sends the text (EVAL), which a server runs whether it knows the script or not: what stands behind it would
    /// have run by the time that NOSCRIPT is seen. ``RedisBatch/append(_:keys:arguments:)`` sends the text once only.
    public func command(
        keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) -> RedisCommand<Reply> {
        command(isReadOnly ? "EVAL_RO" : "EVAL", text, keys, arguments)
    }

    /// A call by the digest, which fails with NOSCRIPT if the server does not know the script.
    func commandByDigest(keys: [any RedisArgument], arguments: [any RedisArgument]) -> RedisCommand<Reply> {
        command(isReadOnly ? "EVALSHA_RO" : "EVALSHA", digest, keys, arguments)
    }

    private func command(
        _ name: String, _ script: any RedisArgument, _ keys: [any RedisArgument], _ arguments: [any RedisArgument]
    ) -> RedisCommand<Reply> {
        RedisCommand(name, [script, keys.count] + keys + arguments, decode: decode)
    }
}

extension RedisError {
    /// The server does not know the script, and has not run it. The whole of its sentence, because a script may answer
    /// an error that begins with the same word.
    var isOfUnknownScript: Bool { code == .noScript && message.hasPrefix("NOSCRIPT No matching script") }
}

extension RedisBatch {
    /// Puts a call of a script behind the others.
    ///
    /// The first call of a script sends its text, and later ones in the batch its digest: by then the server knows it.
    /// In a cluster each server gets the text once.
    public mutating func append<Reply>(
        _ script: RedisScript<Reply>, keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) {
        let isFirst = scripts.insert(script.text, script.digest)
        append(
            isFirst
                ? script.command(keys: keys, arguments: arguments)
                : script.commandByDigest(keys: keys, arguments: arguments))
    }
}
