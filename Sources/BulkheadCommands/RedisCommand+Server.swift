public import BulkheadRESP

/// The server itself.
extension RedisCommand {
    /// Asks for a sign of life.
    ///
    /// - Returns: `PONG`, also from a connection that subscribed in RESP2, where the server says it in other words.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func ping() -> RedisCommand<String> {
        RedisCommand<String>(
            "PING",
            decode: { reply throws(RedisConversionError) in
                reply.isPongOfSubscriber ? "PONG" : try String(redis: reply)
            })
    }

    /// Sends a message there and back.
    ///
    /// - Returns: The message.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func echo<Value: RedisDecodable>(
        _ message: some RedisArgument, as type: Value.Type = String.self
    ) -> RedisCommand<Value> {
        RedisCommand<Value>("ECHO") { $0.append(message) }
    }

    /// Reads figures about the server, of these sections: `server`, `memory`, `commandstats` …; of the default ones
    /// if none is named.
    ///
    /// - Returns: The fields by name; a section unknown to the server adds none.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0; several sections 7.0.0
    @inlinable
    public static func info(_ sections: [String]) -> RedisCommand<RedisInfo> {
        RedisCommand<RedisInfo>("INFO") { $0.append(contentsOf: sections) }
    }

    /// Reads figures about the server, of sections named one by one; `info()` reads the default ones.
    ///
    /// - Returns: The fields by name; a section unknown to the server adds none.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0; several sections 7.0.0
    @inlinable
    public static func info(_ sections: String...) -> RedisCommand<RedisInfo> {
        info(sections)
    }

    /// Counts the keys of this database.
    ///
    /// - Returns: How many, those included that have expired and are not removed yet.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func dbsize() -> RedisCommand<Int> {
        RedisCommand<Int>("DBSIZE")
    }

    /// Not public: a database asks its catalogue before it flushes. Since Redis 6.2.0, which brought SYNC.
    package static func flushdb(isAsynchronous: Bool) -> RedisCommand<Void> {
        RedisCommand<Void>("FLUSHDB", route: .bulk) { $0.append(isAsynchronous ? "ASYNC" : "SYNC") }
    }
}

extension RESPValue {
    /// What PING answers in RESP2 while the connection subscribes: `pong` and an empty message, as an array.
    @usableFromInline var isPongOfSubscriber: Bool {
        guard case .array(let elements) = withoutAttributes, elements.count == 2 else { return false }
        return elements[0].bytes?.elementsEqual("pong".utf8) == true && elements[1].bytes?.isEmpty == true
    }
}
