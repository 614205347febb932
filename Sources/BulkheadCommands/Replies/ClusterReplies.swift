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
            let parts = try value.requireElements("a server as host, port and id", atLeast: 3)
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
        let parts = try value.requireElements("two slots and servers", atLeast: 3)
        let (first, last) = (try Int(redis: parts[0]), try Int(redis: parts[1]))
        guard first <= last else { throw RedisConversionError(expected: "a range of slots", found: value) }
        slots = first...last
        var nodes: [Node] = []
        for part in parts.dropFirst(2) { nodes.append(try Node(part)) }
        self.nodes = nodes
    }
}

extension RedisShard {
    /// Slots by the ends of their ranges, which stand in one row.
    static func ranges(_ ends: [Int], of value: RESPValue) throws(RedisConversionError) -> [ClosedRange<Int>] {
        guard ends.count % 2 == 0 else { throw RedisConversionError(expected: "ranges of slots", found: value) }
        var slots: [ClosedRange<Int>] = []
        for index in stride(from: 0, to: ends.count, by: 2) {
            guard ends[index] <= ends[index + 1] else {
                throw RedisConversionError(expected: "ranges of slots", found: value)
            }
            slots.append(ends[index]...ends[index + 1])
        }
        return slots
    }
}
