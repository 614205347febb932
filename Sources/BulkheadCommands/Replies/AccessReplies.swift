public import BulkheadRESP

/// What a user may do.
public struct RedisACLUser: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// `on`, `off`, `nopass` ….
    public let flags: [String]
    /// Hashes of the passwords.
    public let passwords: [String]
    /// Which commands: `+@all -flushall`.
    public let commands: String
    /// Which keys: `~* %R~log:*`.
    public let keys: String
    /// Which channels: `&*`.
    public let channels: String
    /// Which databases: `alldbs`, or `db=0,1`; nil before Valkey 9.1.0, and on Redis.
    public let databases: String?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        flags = try record.required("flags")
        passwords = try record.required("passwords")
        commands = try record.required("commands")
        keys = try Self.patterns(record, "keys")
        channels = try Self.patterns(record, "channels")
        databases = try record.optional("databases")
    }

    /// Before 7.0 a list of patterns without their mark.
    private static func patterns(_ record: RedisRecord, _ name: String) throws(RedisConversionError) -> String {
        guard let value = record[name]?.withoutAttributes, value.elements != nil else {
            return try record.required(name)
        }
        let mark = name == "keys" ? "~" : "&"
        return try [String](redis: value).map { mark + $0 }.joined(separator: " ")
    }
}

/// Something that a connection was refused.
public struct RedisACLLogEntry: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How often.
    public let count: Int
    /// `auth`, `command`, `key`, `channel` ….
    public let reason: String
    /// `toplevel`, `multi`, `lua` or `module`.
    public let context: String
    /// The command, key or channel.
    public let object: String
    /// As whom the connection was logged in, or tried to.
    public let username: String

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        count = try record.required("count")
        reason = try record.required("reason")
        context = try record.required("context")
        object = try record.required("object")
        username = try record.required("username")
    }
}

/// A library of functions.
public struct RedisLibrary: RedisDecodable {
    /// A function of a library.
    public struct Function: RedisDecodable {
        /// Its name.
        public let name: String
        /// What it was said to do; nil if nothing was.
        public let description: String?
        /// `no-writes` and others.
        public let flags: [String]

        /// Reads a record; throws if it is something else.
        public init(redis value: RESPValue) throws(RedisConversionError) {
            let record = try RedisRecord(redis: value)
            name = try record.required("name")
            description = try record.optional("description")
            flags = try record.required("flags")
        }
    }

    /// Its name.
    public let name: String
    /// `LUA`.
    public let engine: String
    /// Its functions.
    public let functions: [Function]
    /// Its text; nil unless it was asked for.
    public let code: String?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let record = try RedisRecord(redis: value)
        name = try record.required("library_name")
        engine = try record.required("engine")
        functions = try record.required("functions")
        code = try record.optional("library_code")
    }
}

/// Which function runs, and what each engine holds.
public struct RedisFunctionStats: RedisDecodable {
    /// What one engine holds.
    public struct Engine: RedisDecodable, Hashable {
        /// How many libraries.
        public let libraries: Int
        /// How many functions.
        public let functions: Int

        /// Reads a record; throws if it is something else.
        public init(redis value: RESPValue) throws(RedisConversionError) {
            let record = try RedisRecord(redis: value)
            libraries = try record.required("libraries_count")
            functions = try record.required("functions_count")
        }
    }

    /// The function that runs, with its command and how long it has run; nil if none does.
    public let running: RedisRecord?
    /// By the engine's name.
    public let engines: [String: Engine]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let record = try RedisRecord(redis: value)
        running = try record.optional("running_script")
        engines = try record.required("engines")
    }
}

/// What a server says of a command.
public struct RedisCommandInfo: RedisDecodable {
    /// In lower case; a subcommand as `xgroup|create`.
    public let name: String
    /// How many words it has, its name among them; a negative number is a minimum.
    public let arity: Int
    /// `readonly`, `write`, `fast` ….
    public let flags: Set<String>
    /// Which word is the first key; 0 if none is, or only its arguments tell.
    public let firstKey: Int
    /// Which word is the last key; a negative number counts from the end.
    public let lastKey: Int
    /// From one key to the next.
    public let keyStep: Int
    /// What rules of access call it: `@read`, `@string` ….
    public let categories: Set<String>
    /// What else the server says: tips, places of keys, and subcommands, as they came. Since Redis 7.0.0
    public let details: [RESPValue]

    /// Reads six parts or more; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, parts.count >= 6 else {
            throw RedisConversionError(expected: "a command of six parts or more", found: value)
        }
        name = try String(redis: parts[0])
        arity = try Int(redis: parts[1])
        flags = try Set(redis: parts[2])
        firstKey = try Int(redis: parts[3])
        lastKey = try Int(redis: parts[4])
        keyStep = try Int(redis: parts[5])
        categories = parts.count > 6 ? try Set(redis: parts[6]) : []
        details = parts.dropFirst(7).map { $0.detached() }
    }
}
