public import BulkheadRESP

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
        var last: String?
        for word in line.split(whereSeparator: \.isWhitespace) {
            if let equals = word.firstIndex(of: "=") {
                let name = String(word[..<equals])
                fields[name] = String(word[word.index(after: equals)...])
                last = name
            } else if let last {
                // The path of a socket may have spaces.
                fields[last]? += " \(word)"
            } else {
                throw RedisConversionError(expected: "a connection as name=value words", found: "another word")
            }
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

/// What a server is to others: a primary, a replica, or a sentinel.
public struct RedisRole: RedisDecodable, Hashable {
    /// The primary of a replica.
    public struct Primary: Sendable, Hashable {
        /// Its address.
        public let host: String
        /// Its port.
        public let port: Int
    }

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
    public let primary: Primary?
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
            primary = Primary(host: try String(redis: parts[1]), port: try Int(redis: parts[2]))
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

extension RedisLatencyHistogram {
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
