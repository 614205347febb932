public import BulkheadRESP

/// The time by a server's clock.
public struct RedisServerTime: RedisDecodable, Hashable {
    /// Since 1970.
    public let seconds: Int64
    /// Within the second.
    public let microseconds: Int64

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("seconds and microseconds", count: 2)
        seconds = try Int64(redis: parts[0])
        microseconds = try Int64(redis: parts[1])
    }
}

/// What a server knows of a connection.
public struct RedisClient: Sendable {
    /// The fields by name, as text: `addr`, `db`, `age` …. What a later server adds is there as well.
    public let fields: [String: String]

    /// The value of a field; nil if the server did not send it.
    public subscript(name: String) -> String? { fields[name] }
    /// Its number, which no other connection had before.
    public var id: Int? { fields["id"].flatMap { Int($0) } }
    /// Its own address and port.
    public var address: String? { fields["addr"] }
    /// Its name; nil if it has none.
    public var name: String? { fields["name"].flatMap { $0.isEmpty ? nil : $0 } }
    /// The database that it uses.
    public var database: Int? { fields["db"].flatMap { Int($0) } }

    /// Reads `name=value` words.
    @usableFromInline
    init(line: String) throws(RedisConversionError) {
        var fields: [String: String] = [:]
        for word in line.split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "=") else {
                throw RedisConversionError(expected: "a connection as name=value words", found: "another word")
            }
            fields[String(word[..<equals])] = String(word[word.index(after: equals)...])
        }
        self.fields = fields
    }

    @usableFromInline
    static func list(redis reply: RESPValue) throws(RedisConversionError) -> [RedisClient] {
        var clients: [RedisClient] = []
        for line in try String(redis: reply).split(whereSeparator: \.isNewline) {
            clients.append(try RedisClient(line: String(line)))
        }
        return clients
    }
}

/// A command that took long, or was or answered something large.
public struct RedisSlowLogEntry: RedisDecodable {
    /// Its number in the log.
    public let id: Int
    /// When it ran: seconds since 1970.
    public let unixSeconds: Int64
    /// How long it took, in microseconds; or how large it was, in bytes, in a log of large ones.
    public let amount: Int
    /// The command's words, long ones cut, and no more than 32.
    public let words: [RESPBytes]
    /// The address of the connection that sent it.
    public let address: String
    /// The name of that connection; empty if it had none.
    public let client: String
    /// What else the server says, as it came: nothing up to Redis 8.2 and Valkey 9.1.
    public let details: [RESPValue]

    /// Reads six parts or more; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, parts.count >= 6 else {
            throw RedisConversionError(expected: "an entry of six parts or more", found: value)
        }
        id = try Int(redis: parts[0])
        unixSeconds = try Int64(redis: parts[1])
        amount = try Int(redis: parts[2])
        words = try [RESPBytes](redis: parts[3])
        address = try String(redis: parts[4])
        client = try String(redis: parts[5])
        details = parts.dropFirst(6).map { $0.detached() }
    }
}

/// When and for how long an event has held up the server.
public struct RedisLatencySample: RedisDecodable, Hashable {
    /// Seconds since 1970.
    public let unixSeconds: Int64
    /// How long.
    public let duration: Duration

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a time and a duration", count: 2)
        unixSeconds = try Int64(redis: parts[0])
        duration = .milliseconds(try Int64(redis: parts[1]))
    }
}

/// A kind of event that has held up the server.
public struct RedisLatencyEvent: RedisDecodable, Hashable {
    /// `command`, `fork`, `expire-cycle` ….
    public let name: String
    /// When it last did: seconds since 1970.
    public let unixSeconds: Int64
    /// For how long it last did.
    public let latest: Duration
    /// The longest time of all.
    public let longest: Duration
    /// All times together; nil before Valkey 8.1.0, and on Redis.
    public let total: Duration?
    /// How often it did; nil before Valkey 8.1.0, and on Redis.
    public let count: Int?
    /// What else the server says, as it came: nothing up to Redis 8.2 and Valkey 9.1.
    public let details: [RESPValue]

    /// Reads four parts or more; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, parts.count >= 4 else {
            throw RedisConversionError(expected: "an event of four parts or more", found: value)
        }
        name = try String(redis: parts[0])
        unixSeconds = try Int64(redis: parts[1])
        latest = .milliseconds(try Int64(redis: parts[2]))
        longest = .milliseconds(try Int64(redis: parts[3]))
        total = parts.count > 4 ? .milliseconds(try Int64(redis: parts[4])) : nil
        count = parts.count > 5 ? try Int(redis: parts[5]) : nil
        details = parts.dropFirst(6).map { $0.detached() }
    }
}

/// How long the runs of a command took.
public struct RedisLatencyHistogram: RedisDecodable, Hashable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many runs there were.
    public let calls: Int
    /// How many of them took at most so many microseconds.
    public let microseconds: [Int: Int]

    /// Reads a record of both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        calls = try record.required("calls")
        microseconds = try record.required("histogram_usec")
    }

    /// True if both count the same runs, whatever else their records have.
    public static func == (left: RedisLatencyHistogram, right: RedisLatencyHistogram) -> Bool {
        left.calls == right.calls && left.microseconds == right.microseconds
    }

    /// Hashes the counts.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(calls)
        hasher.combine(microseconds)
    }
}

/// A module that a server has loaded.
public struct RedisModule: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// Its name.
    public let name: String
    /// Its version, as a number of its own making.
    public let version: Int

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        name = try record.required("name")
        version = try record.required("ver")
    }
}

/// What a server is to others: a primary, a replica, or a sentinel.
public struct RedisRole: RedisDecodable {
    /// A replica of a primary.
    public struct Replica: Sendable, Hashable {
        /// Its address.
        public let host: String
        /// Its port.
        public let port: Int
        /// How far it has come.
        public let offset: Int
    }

    /// `master`, `slave` or `sentinel`, as servers say it.
    public let name: String
    /// How far a primary has come; of a replica how far it has read; of a sentinel nil.
    public let offset: Int?
    /// The replicas of a primary.
    public let replicas: [Replica]
    /// Of a replica where its primary is.
    public let primary: (host: String, port: Int)?
    /// Of a replica how its connection to the primary is: `connect`, `sync`, `connected` ….
    public let state: String?
    /// The names that a sentinel watches.
    public let watched: [String]

    /// Reads an array that begins with the role; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, let first = parts.first else {
            throw RedisConversionError(expected: "a role", found: value)
        }
        name = try String(redis: first)
        switch (name, parts.count) {
        case ("master", 3):
            offset = try Int(redis: parts[1])
            var replicas: [Replica] = []
            for replica in try [[String]](redis: parts[2]) {
                guard replica.count == 3, let port = Int(replica[1]), let offset = Int(replica[2]) else {
                    throw RedisConversionError(expected: "a replica as host, port and offset", found: value)
                }
                replicas.append(Replica(host: replica[0], port: port, offset: offset))
            }
            self.replicas = replicas
            (primary, state, watched) = (nil, nil, [])
        case ("slave", 5):
            primary = (try String(redis: parts[1]), try Int(redis: parts[2]))
            state = try String(redis: parts[3])
            offset = try Int(redis: parts[4])
            (replicas, watched) = ([], [])
        case ("sentinel", 2):
            watched = try [String](redis: parts[1])
            (offset, replicas, primary, state) = (nil, [], nil, nil)
        default:
            throw RedisConversionError(expected: "the role of a primary, a replica or a sentinel", found: value)
        }
    }
}

/// Which keys cost a server most. Since Redis 8.6.0
public struct RedisHotkeys: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// Whether the search goes on.
    public let isActive: Bool
    /// Keys with microseconds of the processor, the dearest first; nil if this was not looked for.
    public let processorTime: [RedisKeyed<Int>]?
    /// Keys with bytes on the network, the dearest first; nil if this was not looked for.
    public let networkBytes: [RedisKeyed<Int>]?

    /// Reads a record that stands alone in an array; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a record in an array", count: 1)
        record = try RedisRecord(redis: parts[0])
        isActive = try record.required("tracking-active")
        processorTime = try Self.keys(record["by-cpu-time-us"])
        networkBytes = try Self.keys(record["by-net-bytes"])
    }

    private static func keys(_ value: RESPValue?) throws(RedisConversionError) -> [RedisKeyed<Int>]? {
        guard let value else { return nil }
        return try RedisPairs(value, of: "keys with numbers").map { key, number throws(RedisConversionError) in
            try RedisKeyed<Int>(redis: .array([key, number]))
        }
    }
}

/// How far a backup is. Since Redis 8.10.0
public struct RedisBackupStatus: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// `idle`, `pending`, `snapshotting`, `incrementing`, `sealed` or `failed`.
    public let state: String
    /// Why it failed; nil if it did not.
    public let problem: String?
    /// When it began, in seconds since 1970; nil if there was none.
    public let started: Int64?
    /// When it was sealed, in seconds since 1970; nil if it was not.
    public let sealed: Int64?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        state = try record.required("state")
        let problem: String? = try record.optional("error")
        self.problem = problem == "" ? nil : problem
        started = try Self.time(record, "start_time")
        sealed = try Self.time(record, "end_time")
    }

    private static func time(_ record: RedisRecord, _ name: String) throws(RedisConversionError) -> Int64? {
        let time: Int64? = try record.optional(name)
        return time == 0 ? nil : time
    }
}
