public import BulkheadRESP

/// One command, as a value: its bytes, the way it takes through the client, and how its reply is read.
///
/// The same value runs alone, in a pipeline, on an asynchronous or a blocking database:
/// ```swift
/// let (name, visits) = try await databases[.main].pipeline(.get("user:1:name"), .incr("visits"))
/// ```
/// The `Returns` of the functions that make them speak of the reply. A value holds up to 64 bytes in itself: a command
/// of that size is made without an allocation, a longer one with one.
public struct RedisCommand<Reply: Sendable>: Sendable {
    /// What is sent.
    @usableFromInline package let bytes: CommandBytes
    /// Its way through the client.
    @usableFromInline package let route: CommandRoute
    /// Reads the reply, which is no error of the server.
    @usableFromInline package let decode: @Sendable (RESPValue) throws(RedisConversionError) -> Reply

    /// Its bytes as an array, which costs a short command an allocation, and its way.
    @usableFromInline package var encoded: EncodedCommand { EncodedCommand(bytes: bytes.array, route: route) }

    /// The command's word, for messages and metrics: `GET`. It is read from the command's bytes at each call.
    public var name: String { encoded.name }

    /// What running it twice would do. It is worked out from the command's bytes at each call.
    public var sideEffect: RedisSideEffect { RedisSideEffect(encoded: encoded.bytes) }

    /// `decode` sees no errors of the server: those are thrown before.
    @inlinable
    package init(
        _ name: StaticString,
        route: CommandRoute = .shared,
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply,
        _ build: (inout RedisArguments) -> Void = { _ in }
    ) {
        self.bytes = RedisArguments.encode(name, build)
        self.route = route
        self.decode = decode
    }

    /// A command that makes sense from `least` arguments on, its name among them; with fewer it takes the way `none`.
    @inlinable
    package init(
        _ name: StaticString,
        route: CommandRoute = .shared,
        least: Int,
        else none: CommandRoute,
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply,
        _ build: (inout RedisArguments) -> Void
    ) {
        let bytes = RedisArguments.encode(name, build)
        self.bytes = bytes
        self.route = bytes.argumentCount < least ? none : route
        self.decode = decode
    }

    init(_ encoded: EncodedCommand, decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply) {
        self.init(CommandBytes(encoded.bytes), encoded.route, decode: decode)
    }

    fileprivate init(
        _ bytes: CommandBytes, _ route: CommandRoute,
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply
    ) {
        self.bytes = bytes
        self.route = route
        self.decode = decode
    }
}

extension RedisCommand where Reply: RedisDecodable {
    /// A command whose reply converts as its type says.
    @inlinable
    package init(
        _ name: StaticString, route: CommandRoute = .shared, _ build: (inout RedisArguments) -> Void = { _ in }
    ) {
        self.init(name, route: route, decode: { value throws(RedisConversionError) in try Reply(redis: value) }, build)
    }

    /// The same for one that makes sense from `least` arguments on.
    @inlinable
    package init(
        _ name: StaticString, route: CommandRoute = .shared, least: Int, else none: CommandRoute,
        _ build: (inout RedisArguments) -> Void
    ) {
        self.init(
            name, route: route, least: least, else: none,
            decode: { value throws(RedisConversionError) in try Reply(redis: value) }, build)
    }
}

extension RedisCommand where Reply == Void {
    /// A command that answers OK.
    @inlinable
    package init(_ name: StaticString, route: CommandRoute = .shared, _ build: (inout RedisArguments) -> Void) {
        self.init(name, route: route, decode: { _ throws(RedisConversionError) in }, build)
    }

    /// The same for one that makes sense from `least` arguments on.
    @inlinable
    package init(_ name: StaticString, least: Int, else none: CommandRoute, _ build: (inout RedisArguments) -> Void) {
        self.init(name, least: least, else: none, decode: { _ throws(RedisConversionError) in }, build)
    }
}

extension RedisCommand {
    /// A command of your own, with a reply of your own: by its words, and how its reply is read.
    ///
    /// ```swift
    /// extension RedisCommand {
    ///     static func memoryUsage(_ key: String) -> RedisCommand<Int?> {
    ///         RedisCommand<Int?>("MEMORY", ["USAGE", key]) { reply throws(RedisConversionError) in
    ///             try Int?(redis: reply)
    ///         }
    ///     }
    /// }
    /// let bytes = try await database.run(.memoryUsage("doc:1"))
    /// ```
    /// The name is one word. Words that would break the connection's binding to its database, or reach past it, are
    /// refused when the command runs, and nothing is sent: ``raw(_:_:as:)`` lists them. `decode` gets no error of the
    /// server: those are thrown before. What it throws is thrown as `unexpected-reply`. The reply keeps the block of
    /// memory that it was received in: what is to be kept for long is copied, by `detached()`.
    public init(
        _ name: String, _ arguments: [any RedisArgument] = [],
        decode: @escaping @Sendable (RESPValue) throws(RedisConversionError) -> Reply
    ) {
        let bytes = Self.encoded(name, arguments)
        self.init(EncodedCommand(bytes: bytes, route: CommandRoute(rawCommand: bytes)), decode: decode)
    }

    /// The same command, its reply made into another value.
    ///
    /// ```swift
    /// let length = RedisCommand<Int>.strlen("doc:1").map { Measurement(value: Double($0), unit: .bytes) }
    /// ```
    /// What `transform` throws is thrown as `unexpected-reply`; the command has run then.
    public func map<NewReply>(
        _ transform: @escaping @Sendable (Reply) throws(RedisConversionError) -> NewReply
    ) -> RedisCommand<NewReply> {
        let decode = decode
        return RedisCommand<NewReply>(bytes, route) { value throws(RedisConversionError) in
            try transform(try decode(value))
        }
    }

    /// Any command, by its words: what has no method yet.
    ///
    /// ```swift
    /// let encoding: RedisCommand<String> = .raw("OBJECT", ["ENCODING", "doc:1"], as: String.self)
    /// ```
    /// The name is one word. Its words decide how it runs; a reply that is no ``RedisDecodable`` is for
    /// ``init(_:_:decode:)``.
    ///
    /// | Commands | Run |
    /// |---|---|
    /// | all that are not named below | on a connection that all callers share |
    /// | SCAN and the like, KEYS, DUMP, RESTORE, SORT, MGET, whole hashes, sets and ranges, XREAD | on a second one |
    /// | BLPOP and the like, XREAD and XREADGROUP with BLOCK | on a connection of their own |
    /// | MULTI, WATCH, SUBSCRIBE and the like, CLIENT TRACKING, READONLY, WAIT … | only inside `withConnection` |
    /// | SELECT, SWAPDB, MOVE, MIGRATE, COPY … DB, FLUSHALL; FLUSHDB, which has a method | never: another database |
    /// | RESET, QUIT, MONITOR, CLIENT REPLY, SCRIPT DEBUG, HELLO, AUTH, SYNC | never: they end the order of replies |
    ///
    /// One that never runs throws `command-refused`, with what to do instead, and nothing is sent.
    public static func raw<Value: RedisDecodable>(
        _ name: String, _ arguments: [any RedisArgument], as type: Value.Type = RESPValue.self
    ) -> RedisCommand<Value> {
        RedisCommand<Value>(name, arguments) { value throws(RedisConversionError) in try Value(redis: value) }
    }
}

extension RedisCommand {
    /// A command that `raw` refuses because it reaches past its database (MOVE, COPY … DB), for tools whose work is
    /// just that: whoever makes one answers for what it reaches. The connection's own database must stay as it is, so
    /// SELECT and its kin have no business here.
    package static func reaching<Value: RedisDecodable>(
        _ name: String, _ arguments: [any RedisArgument], as type: Value.Type = RESPValue.self
    ) -> RedisCommand<Value> {
        let bytes = encoded(name, arguments)
        return RedisCommand<Value>(EncodedCommand(bytes: bytes, route: .bulk)) {
            value throws(RedisConversionError) in try Value(redis: value)
        }
    }

    /// Not public: a database asks its catalogue before it flushes. Since Redis 6.2.0, which brought SYNC.
    package static func flushdb(_ mode: RedisFlushMode) -> RedisCommand<Void> {
        RedisCommand<Void>("FLUSHDB", route: .bulk) { $0.append(mode) }
    }

    private static func encoded(_ name: String, _ arguments: [any RedisArgument]) -> [UInt8] {
        RedisArguments.encode { builder in
            builder.append(name)
            for argument in arguments { argument.append(to: &builder) }
        }.array
    }
}
