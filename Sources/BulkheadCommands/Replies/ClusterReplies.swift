public import BulkheadRESP

/// What a server knows of another one of its cluster.
public struct RedisClusterNode: Sendable, Hashable {
    /// 40 hexadecimal digits.
    public let id: String
    /// Where it is: `127.0.0.1:7000@17000,name`.
    public let address: String
    /// `myself`, `master`, `slave`, `fail?`, `fail` ….
    public let flags: [String]
    /// Of a replica its primary; nil of a primary.
    public let primary: String?
    /// When the server that answers sent a PING that is unanswered, in milliseconds since 1970; 0 if there is none.
    public let pingSent: Int64
    /// When the last answer to a PING came, in milliseconds since 1970; 0 of the server itself.
    public let pongReceived: Int64
    /// The epoch of what it says of its slots: of two servers that claim a slot, the higher one has it.
    public let configurationEpoch: Int
    /// `connected` or `disconnected`.
    public let link: String
    /// The slots that it answers for, as `0-5460` and single ones, and in brackets those that are being moved.
    public let slots: [String]

    init(line: Substring) throws(RedisConversionError) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 8, let pingSent = Int64(words[4]), let pongReceived = Int64(words[5]),
            let epoch = Int(words[6])
        else {
            throw RedisConversionError(expected: "a server as eight words", found: "\(words.count) words")
        }
        id = words[0]
        address = words[1]
        flags = words[2].split(separator: ",").map(String.init)
        primary = words[3] == "-" ? nil : words[3]
        self.pingSent = pingSent
        self.pongReceived = pongReceived
        configurationEpoch = epoch
        link = words[7]
        slots = Array(words[8...])
    }

    /// Reads one text of lines.
    @usableFromInline
    static func list(redis reply: RESPValue) throws(RedisConversionError) -> [RedisClusterNode] {
        var nodes: [RedisClusterNode] = []
        for line in try String(redis: reply).split(whereSeparator: \.isNewline) {
            nodes.append(try RedisClusterNode(line: line))
        }
        return nodes
    }

    /// Reads an array of lines.
    @usableFromInline
    static func lines(redis reply: RESPValue) throws(RedisConversionError) -> [RedisClusterNode] {
        var nodes: [RedisClusterNode] = []
        for line in try [String](redis: reply) { nodes.append(try RedisClusterNode(line: line[...])) }
        return nodes
    }
}

/// Servers that hold the same slots.
public struct RedisShard: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// 40 hexadecimal digits, the same for all of its servers; nil before Valkey 9.1.0, and on Redis.
    public let id: String?
    /// The slots that they answer for.
    public let slots: [ClosedRange<Int>]
    /// The servers, each with `id`, `endpoint`, `port`, `role`, `health` and others.
    public let nodes: [RedisRecord]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        let ends: [Int] = try record.required("slots")
        guard ends.count % 2 == 0 else { throw RedisConversionError(expected: "ranges of slots", found: value) }
        var slots: [ClosedRange<Int>] = []
        for index in stride(from: 0, to: ends.count, by: 2) {
            guard ends[index] <= ends[index + 1] else {
                throw RedisConversionError(expected: "ranges of slots", found: value)
            }
            slots.append(ends[index]...ends[index + 1])
        }
        self.slots = slots
        nodes = try record.required("nodes")
        id = try record.optional("id")
    }
}

/// Slots, and the servers that answer for them.
public struct RedisSlotRange: RedisDecodable {
    /// A server.
    public struct Node: Sendable, Hashable {
        /// Its address; nil if the server does not know it.
        public let host: String?
        /// Its port.
        public let port: Int
        /// 40 hexadecimal digits.
        public let id: String
        /// What else the server says of it, such as `hostname` and `ip`. Since Redis 7.0.0
        public let details: [String: String]

        init(_ value: RESPValue) throws(RedisConversionError) {
            guard let parts = value.withoutAttributes.elements, parts.count >= 3 else {
                throw RedisConversionError(expected: "a server as host, port and id", found: value)
            }
            host = try String?(redis: parts[0])
            port = try Int(redis: parts[1])
            id = try String(redis: parts[2])
            details = parts.count > 3 ? try [String: String](redis: parts[3]) : [:]
        }
    }

    /// The slots.
    public let slots: ClosedRange<Int>
    /// The primary, and then its replicas.
    public let nodes: [Node]

    /// Reads an array of two slots and servers; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let parts = value.withoutAttributes.elements, parts.count >= 3 else {
            throw RedisConversionError(expected: "two slots and servers", found: value)
        }
        let (first, last) = (try Int(redis: parts[0]), try Int(redis: parts[1]))
        guard first <= last else { throw RedisConversionError(expected: "a range of slots", found: value) }
        slots = first...last
        var nodes: [Node] = []
        for part in parts.dropFirst(2) { nodes.append(try Node(part)) }
        self.nodes = nodes
    }
}

/// Figures of a slot.
public struct RedisSlotStats: RedisDecodable {
    /// The slot.
    public let slot: Int
    /// Its figures by name: `key-count`, `cpu-usec` ….
    public let figures: [String: Int]

    /// Reads a slot and a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a slot and its figures", count: 2)
        slot = try Int(redis: parts[0])
        figures = try [String: Int](redis: parts[1])
    }
}

/// A task by which one primary of a cluster takes over slots from another. Since Redis 8.4.0
public struct RedisMigrationTask: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// Its id.
    public let id: String
    /// The slots, as text: `0-1000`.
    public let slots: String
    /// `import` if this server takes them over, `migrate` if it gives them away.
    public let operation: String
    /// `completed`, `failed` or `canceled` at its end; otherwise its current step.
    public let state: String
    /// What went wrong last; nil if nothing did.
    public let problem: String?

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        id = try record.required("id")
        slots = try record.required("slots")
        operation = try record.required("operation")
        state = try record.required("state")
        let problem: String? = try record.optional("last_error")
        self.problem = problem == "" ? nil : problem
    }
}
