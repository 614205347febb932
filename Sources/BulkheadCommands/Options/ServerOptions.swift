/// Which commands are listed.
public struct RedisCommandFilter: Sendable, RedisCommandOption {
    private let kind: String
    private let value: String

    /// Those of a module.
    public static func module(_ name: String) -> RedisCommandFilter { RedisCommandFilter(kind: "MODULE", value: name) }
    /// Those of a category of rules of access, such as `read`.
    public static func category(_ name: String) -> RedisCommandFilter {
        RedisCommandFilter(kind: "ACLCAT", value: name)
    }
    /// Those whose names fit a pattern.
    public static func pattern(_ pattern: String) -> RedisCommandFilter {
        RedisCommandFilter(kind: "PATTERN", value: pattern)
    }

    @usableFromInline func append(to arguments: inout RedisArguments) {
        arguments.append("FILTERBY")
        arguments.append(kind)
        arguments.append(value)
    }
}

/// Which connections are meant.
public struct RedisClientFilter: Sendable, RedisCommandOption {
    private let words: [String]

    /// Those with these ids.
    public static func ids(_ ids: Int...) -> RedisClientFilter {
        RedisClientFilter(words: ["ID"] + ids.map(String.init))
    }
    /// Those of a kind: `normal`, `master`, `replica`, `pubsub`.
    public static func type(_ type: String) -> RedisClientFilter { RedisClientFilter(words: ["TYPE", type]) }
    /// Those that are logged in as this user. Not for listing before Valkey 8.1.
    public static func user(_ name: String) -> RedisClientFilter { RedisClientFilter(words: ["USER", name]) }
    /// The one from this address and port. Not for listing before Valkey 8.1.
    public static func address(_ address: String) -> RedisClientFilter { RedisClientFilter(words: ["ADDR", address]) }
    /// The one that came in at this address and port of the server.
    public static func localAddress(_ address: String) -> RedisClientFilter {
        RedisClientFilter(words: ["LADDR", address])
    }
    /// Those that are at least this old, in whole seconds. Since Redis 7.4.0, Valkey 8.0.0
    public static func minimumAge(_ age: Duration) -> RedisClientFilter {
        RedisClientFilter(words: ["MAXAGE", String(age.redisFullSeconds)])
    }
    /// Those that sent nothing for at least this long, in whole seconds. Since Valkey 9.0.0
    public static func minimumIdle(_ idle: Duration) -> RedisClientFilter {
        RedisClientFilter(words: ["IDLE", String(idle.redisFullSeconds)])
    }
    /// Those of this name. Since Valkey 9.0.0
    public static func name(_ name: String) -> RedisClientFilter { RedisClientFilter(words: ["NAME", name]) }
    /// Those that have all of these flags, one letter each, as CLIENT LIST shows them. Since Valkey 9.0.0
    public static func flags(_ flags: String) -> RedisClientFilter { RedisClientFilter(words: ["FLAGS", flags]) }
    /// Those whose program says that it uses this library. Since Valkey 9.0.0
    public static func library(_ name: String) -> RedisClientFilter { RedisClientFilter(words: ["LIB-NAME", name]) }
    /// Those whose program says that its library has this version. Since Valkey 9.0.0
    public static func libraryVersion(_ version: String) -> RedisClientFilter {
        RedisClientFilter(words: ["LIB-VER", version])
    }
    /// Those in the database of this number. Since Valkey 9.0.0
    public static func database(_ number: Int) -> RedisClientFilter {
        RedisClientFilter(words: ["DB", String(number)])
    }
    /// Those that have told the server of these abilities, one letter each. Since Valkey 9.0.0
    public static func capabilities(_ letters: String) -> RedisClientFilter {
        RedisClientFilter(words: ["CAPA", letters])
    }
    /// Those from this address, whatever the port. Since Valkey 9.0.0
    public static func host(_ address: String) -> RedisClientFilter { RedisClientFilter(words: ["IP", address]) }
    /// Those that do not fit a condition. Not for ages, idle times and `sparingSelf`. Since Valkey 9.0.0
    public static func not(_ filter: RedisClientFilter) -> RedisClientFilter {
        RedisClientFilter(words: ["NOT-" + filter.words[0]] + filter.words.dropFirst())
    }
    /// Whether the connection that asks is spared, by default. Only for closing.
    public static func sparingSelf(_ isSpared: Bool) -> RedisClientFilter {
        RedisClientFilter(words: ["SKIPME", isSpared ? "yes" : "no"])
    }

    @usableFromInline func append(to arguments: inout RedisArguments) { arguments.append(contentsOf: words) }
}

/// Who answers for a slot, or where it is moved.
public struct RedisSlotState: Sendable, RedisCommandOption {
    private let words: [String]

    /// It is coming here from this server.
    public static func importing(from node: String) -> RedisSlotState { RedisSlotState(words: ["IMPORTING", node]) }
    /// It is going from here to this server.
    public static func migrating(to node: String) -> RedisSlotState { RedisSlotState(words: ["MIGRATING", node]) }
    /// It is moved no more.
    public static let stable = RedisSlotState(words: ["STABLE"])
    /// This server answers for it.
    public static func node(_ node: String) -> RedisSlotState { RedisSlotState(words: ["NODE", node]) }

    @usableFromInline func append(to arguments: inout RedisArguments) { arguments.append(contentsOf: words) }
}
