/// What check found, as `--json` prints it; text and page are made from it.
///
/// Counts are whole numbers, sizes bytes, times milliseconds. An object with `estimate`, `low` and `high` is an
/// estimate and its interval of 95 %; the three are equal where it is exact. A member without a value is absent.
package struct CheckReport: Sendable, Encodable {
    /// The schema: it changes with a change that breaks its readers.
    var format = "bulkhead-check/2"
    /// `server` or `snapshot`.
    var source: Source
    /// When the walk began, as ISO 8601 in UTC.
    var date: String
    /// False if a database was not walked to its end; then counts are of the part that was, estimates of the whole.
    var isComplete: Bool { servers.allSatisfy { $0.isReached && $0.databases.allSatisfy(\.isComplete) } }
    var servers: [ServerReport]
    var cost: CheckCost?

    package enum Source: String, Sendable, Encodable {
        case server, snapshot

        /// What a number of bytes means.
        var measure: String {
            switch self {
            case .server: "MEMORY USAGE"
            case .snapshot: "serialised size"
            }
        }
    }

    var findings: [Finding] { servers.flatMap(\.findings) }

    enum CodingKeys: String, CodingKey {
        case format, source, date, measure, confidence, servers, cost
        case isComplete = "complete"
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(format, forKey: .format)
        try values.encode(source, forKey: .source)
        try values.encode(source.measure, forKey: .measure)
        try values.encode(date, forKey: .date)
        try values.encode(isComplete, forKey: .isComplete)
        try values.encode(Estimate.confidence, forKey: .confidence)
        try values.encode(servers, forKey: .servers)
        try values.encodeIfPresent(cost, forKey: .cost)
    }
}

/// One server, or one snapshot.
package struct ServerReport: Sendable, Encodable {
    /// "Redis 7.0.15".
    var name: String
    /// Its address, or the snapshot's path.
    var address: String
    /// What the server says of its memory; absent where it does not, and of a snapshot.
    var memory: Memory?
    var databases: [DatabaseReport]
    var findings: [Finding] = []
    /// False for a server that could not be asked, which is a finding.
    var isReached: Bool { !findings.contains { $0.code == Finding.unreachableCode } }

    /// Figures of INFO memory, in bytes.
    package struct Memory: Sendable, Encodable {
        var used: Int
        /// Of these, what keys and values take.
        var dataset: Int?
        /// 0 is no limit.
        var maxmemory: Int?
        var policy: String?
    }
}

/// One database.
package struct DatabaseReport: Sendable, Encodable {
    struct TypeRow: Sendable, Encodable {
        let type: String
        let keys: Estimate
        /// Absent if sizes are not known.
        let memory: Estimate?
    }

    struct EncodingRow: Sendable, Encodable {
        let type: String
        /// Absent if the server refused it.
        let encoding: String?
        let keys: Estimate
    }

    struct TimeLeftRow: Sendable, Encodable {
        let title: String
        /// Milliseconds; absent for the last bucket and for keys that never expire.
        let below: Int?
        let keys: Estimate

        enum CodingKeys: String, CodingKey {
            case title, keys
            case below = "below_ms"
        }
    }

    struct PrefixRow: Sendable, Encodable {
        let prefix: ShownBytes
        /// 1 for `chat:`, 2 for `chat:session:`, which stands behind the prefix it is part of.
        let depth: Int
        /// At least so many, and at most so many.
        let keys: Int
        let keysAtMost: Int
        /// What they may take, after those of them that were looked at; absent if none was.
        let memory: Int?

        enum CodingKeys: String, CodingKey {
            case prefix, depth, keys, memory
            case keysAtMost = "keys_at_most"
        }
    }

    struct BiggestRow: Sendable, Encodable {
        let key: ShownBytes
        let bytes: Int
        let type: String?
        let encoding: String?
    }

    struct Misplaced: Sendable, Encodable {
        let pattern: String
        let belongsTo: String
        let keys: Int
        /// Keys that belong here and fit the pattern too.
        let atHome: Int
        let examples: [ShownBytes]
        let command: String

        enum CodingKeys: String, CodingKey {
            case pattern, keys, examples, command
            case belongsTo = "belongs_to"
            case atHome = "at_home"
        }
    }

    var name: String
    var number: Int
    /// Other names of the same number.
    var aliases: [String]
    /// False if the catalogue has no name for it.
    var isNamed: Bool
    /// As the server counted them when the walk began.
    var keys: Int
    var walked: Int
    var looked: Int
    /// Gone between being found and being looked at.
    var gone: Int
    /// Keys whose size is known.
    var sized: Int
    /// Keys of which the user may see only the name. All figures leave them out, except those of names and of INFO.
    var hidden: Estimate?
    var isComplete: Bool
    /// Why it could not be walked to its end.
    var failure: String?
    /// The server refused to have it scanned, and would do so again.
    var isRefused = false
    /// Notes of a migration among the keys.
    var notes = 0
    /// What the server refused, in its words, by command.
    var refusals: [String: String]

    var expiring: Estimate?
    /// Those of all keys that expire, 0...1.
    var expiringShare: Double?
    var averageTimeLeft: Estimate?
    /// Of all keys that are not hidden.
    var memory: Estimate?
    /// Of the keys whose size is known, which is the least that all take; nil if the server gives no sizes.
    var memorySeen: Int?
    /// Keys that samples stand for: those there, without hidden ones.
    var population: Int
    var types: [TypeRow]
    var encodings: [EncodingRow]
    var timesLeft: [TimeLeftRow]
    var prefixes: [PrefixRow]
    var withoutPrefix: Int
    var biggest: [BiggestRow]
    /// True if there is no larger key: all were looked at.
    var isBiggestCertain: Bool
    var misplaced: [Misplaced]
    /// Keys that fit a pattern of this database; absent if the catalogue has none for it.
    var atHome: Int?
    /// Keys that fit no pattern of the catalogue.
    var nobodys: Int

    enum CodingKeys: String, CodingKey {
        case name, number, aliases, keys, walked, looked, gone, sized, hidden, failure, refusals
        case expiring, memory, types, encodings, prefixes, biggest, misplaced
        case isNamed = "named"
        case isComplete = "complete"
        case averageTimeLeft = "average_ttl_ms"
        case memorySeen = "memory_seen"
        case timesLeft = "ttl"
        case withoutPrefix = "without_prefix"
        case isBiggestCertain = "biggest_certain"
        case atHome = "at_home"
        case nobodys = "no_pattern"
    }
}

/// What the check cost.
package struct CheckCost: Sendable, Encodable {
    var pace: String
    var commands: Int
    var scans: Int
    var looks: Int
    /// Milliseconds that the server itself says it took to execute them; absent where it may not be asked.
    ///
    /// Reading and writing come on top, which no server counts by command.
    var server: Double?
    /// True if others ran the same commands meanwhile: then `server` is this check's share by the number of calls.
    var isServerShared: Bool
    /// Milliseconds from which a command comes into the SLOWLOG; absent where it may not be asked.
    var slowFrom: Double?
    /// The longest of these commands in the SLOWLOG; absent if none came into it.
    var longestCommand: Double?
    /// Milliseconds from the writing of each step to its last reply, added up, measured on this side: the way and the
    /// server's queue are in it.
    var waited: Double
    /// The longest of these.
    var longestStep: Double
    /// In milliseconds.
    var elapsed: Double

    enum CodingKeys: String, CodingKey {
        case pace, commands, scans, looks
        case server = "server_ms"
        case isServerShared = "server_shared"
        case slowFrom = "slowlog_from_ms"
        case longestCommand = "longest_command_ms"
        case waited = "waited_ms"
        case longestStep = "longest_step_ms"
        case elapsed = "elapsed_ms"
    }
}
