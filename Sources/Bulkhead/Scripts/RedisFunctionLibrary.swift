public import BulkheadCommands
public import BulkheadRESP

/// A library of functions: text that a server keeps, also over restarts, and whose functions anybody calls by name.
///
/// ```swift
/// let shop = try RedisFunctionLibrary("""
///     #!lua name=shop
///     redis.register_function('take', function(keys, arguments)
///         return redis.call('DECRBY', keys[1], arguments[1])
///     end)
///     """)
/// try await databases.server(of: .main).load(shop)
/// let left = try await databases[.main].run(shop.function("take", as: Int.self), keys: ["stock"], arguments: [1])
/// ```
/// Libraries belong to the server and not to one of its databases. Functions came with Redis 7.0.
public struct RedisFunctionLibrary: Sendable, Hashable {
    /// The engine that runs it, from the first line: `LUA`.
    public let engine: String
    /// The library's name, from the first line.
    public let name: String
    /// The whole text.
    public let code: String

    /// A library by its text. Throws `invalid-argument` if its first line does not name engine and library.
    public init(_ code: String) throws(RedisError) {
        let words = code.prefix { !$0.isNewline }.split(separator: " ")
        let names = words.dropFirst().filter { $0.lowercased().hasPrefix("name=") }
        guard let engine = words.first, engine.hasPrefix("#!"), engine.count > 2,
            let name = names.first?.dropFirst("name=".count), !name.isEmpty
        else {
            throw RedisError(
                .invalidArgument,
                "the first line of a library names its engine and itself: write \"#!lua name=mylibrary\"",
                command: "FUNCTION LOAD")
        }
        self.engine = engine.dropFirst(2).uppercased()
        self.name = String(name)
        self.code = code
    }

    /// A function of the library. `isReadOnly` calls it by FCALL_RO: it must be registered with the flag `no-writes`.
    public func function<Reply: RedisDecodable>(
        _ name: String, isReadOnly: Bool = false, as type: Reply.Type = RESPValue.self
    ) -> RedisFunction<Reply> {
        RedisFunction(name, isReadOnly: isReadOnly)
    }
}

/// A function of a library that was loaded into the server, and how its reply is read.
public struct RedisFunction<Reply: Sendable>: Sendable {
    /// The name that it was registered by.
    public let name: String
    /// True if it runs by FCALL_RO: also on a replica, and never with a write.
    public let isReadOnly: Bool
    private let decode: @Sendable (RESPValue) throws(RedisConversionError) -> Reply

    /// A function with a reply of your own. `decode` gets no error of the server: those are thrown before.
    public init(
        _ name: String, isReadOnly: Bool = false,
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply
    ) {
        self.name = name
        self.isReadOnly = isReadOnly
        self.decode = decode
    }

    /// A function whose reply converts as its type says.
    public init(_ name: String, isReadOnly: Bool = false) where Reply: RedisDecodable {
        self.init(name, isReadOnly: isReadOnly) { value throws(RedisConversionError) in try Reply(redis: value) }
    }

    /// A call of the function as a value, for pipelines and transactions.
    public func command(
        keys: [any RedisArgument] = [], arguments: [any RedisArgument] = []
    ) -> RedisCommand<Reply> {
        RedisCommand(
            isReadOnly ? "FCALL_RO" : "FCALL", [name, keys.count] + keys + arguments, decode: decode)
    }

    /// The server's word for a missing function says neither which nor what to do.
    func explaining(_ error: RedisError) -> RedisError {
        guard error.code == .serverError, error.message.hasPrefix("ERR Function not found") else { return error }
        return RedisError(
            .functionMissing,
            "the server has no function of that name: load its library by databases.server(of: …).load(library)",
            database: error.database, command: error.command, stage: error.stage)
    }
}

extension RedisServer {
    /// Loads a library, in place of one of the same name.
    ///
    /// Throws the server's error if the text does not compile, or if another library has a function of the same name;
    /// the library that was there stays then.
    public func load(_ library: RedisFunctionLibrary) async throws(RedisError) {
        try await functionLoad(library.code, replace: true)
    }
}

extension BlockingRedisServer {
    /// Loads a library, in place of one of the same name, as the asynchronous form does.
    public func load(_ library: RedisFunctionLibrary) throws(RedisError) {
        try functionLoad(library.code, replace: true)
    }
}
