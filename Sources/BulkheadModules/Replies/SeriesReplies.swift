public import BulkheadCommands
public import BulkheadRESP

/// A number with its time.
public struct RedisSample: RedisDecodable, Hashable {
    /// In milliseconds since 1970, unless you count otherwise.
    public let time: Int64
    /// The number.
    public let value: Double

    /// Reads both; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let parts = try value.requireElements("a time and a number", count: 2)
        time = try Int64(redis: parts[0])
        self.value = try Double(redis: parts[1])
    }

    /// Nil for an empty array.
    static func optional(_ reply: RESPValue) throws(RedisConversionError) -> RedisSample? {
        guard let parts = reply.withoutAttributes.elements, !parts.isEmpty else { return nil }
        return try RedisSample(redis: reply)
    }

    /// The times of samples; an error inside stands for one that was refused.
    static func times(_ reply: RESPValue) throws(RedisConversionError) -> [Int64?] {
        var times: [Int64?] = []
        for element in try reply.requireElements("times") {
            if case .error = element { times.append(nil) } else { times.append(try Int64(redis: element)) }
        }
        return times
    }
}

/// A series, or a group of several, with samples.
public struct RedisSeries: Sendable {
    /// Its key; of a group `label=value`.
    public let key: String
    /// Its labels, as far as they were asked for; nil where a series has no such label.
    public let labels: [String: String?]
    /// The samples.
    public let samples: [RedisSample]

    /// RESP2 sends rows of key, labels and samples; RESP3 a map with some parts more between these.
    static func each(_ reply: RESPValue) throws(RedisConversionError) -> [RedisSeries] {
        var all: [RedisSeries] = []
        if case .map = reply.withoutAttributes {
            all = try RedisPairs(reply, of: "series").map { key, parts throws(RedisConversionError) in
                let parts = try parts.requireElements("labels and samples")
                guard let labels = parts.first, let samples = parts.last, parts.count >= 2 else {
                    throw RedisConversionError(expected: "labels and samples", found: reply)
                }
                return try RedisSeries(key, labels, samples)
            }
        } else {
            for row in try reply.requireElements("series") {
                let parts = try row.requireElements("key, labels and samples", count: 3)
                all.append(try RedisSeries(parts[0], parts[1], parts[2]))
            }
        }
        // The server has them in no order.
        return all.sorted { $0.key < $1.key }
    }

    private init(_ key: RESPValue, _ labels: RESPValue, _ samples: RESPValue) throws(RedisConversionError) {
        self.key = try String(redis: key)
        // A label that was asked for by name and is missing is null in place of the pair's value.
        self.labels = try [String: String?](redis: labels)
        // TS.MGET has one sample, or none, where the others have an array.
        let first = samples.withoutAttributes.elements?.first?.withoutAttributes
        let isOne = first.map { $0.elements == nil } ?? false
        self.samples = isOne ? [try RedisSample(redis: samples)] : try [RedisSample](redis: samples)
    }
}

/// What is known of a series.
public struct RedisSeriesInfo: RedisDecodable {
    /// All fields, also those that have no name here.
    public let record: RedisRecord
    /// How many samples it has.
    public let samples: Int
    /// Its bytes of memory.
    public let memory: Int
    /// The time of its oldest sample; 0 if there is none.
    public let firstTime: Int64
    /// The time of its newest sample; 0 if there is none.
    public let lastTime: Int64
    /// How long samples are kept; zero is for ever.
    public let retention: Duration
    /// By what it is found.
    public let labels: [String: String]
    /// The series that it has buckets of; nil if there is none.
    public let source: String?
    /// The series that have buckets of it.
    public let rules: [RedisSeriesRule]

    /// Reads a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        record = try RedisRecord(redis: value)
        samples = try record.required("totalSamples")
        memory = try record.required("memoryUsage")
        firstTime = try record.required("firstTimestamp")
        lastTime = try record.required("lastTimestamp")
        retention = .milliseconds(try record.required("retentionTime") as Int64)
        labels = try record.required("labels")
        source = try record.optional("sourceKey")
        rules = try RedisSeriesRule.each(record["rules"] ?? .array([]))
    }
}

/// A series that has buckets of another one.
public struct RedisSeriesRule: Sendable, Hashable {
    /// Its key.
    public let destination: String
    /// The length of a bucket.
    public let bucket: Duration
    /// What is made of the samples in it, in the server's word.
    public let reducer: String

    static func each(_ reply: RESPValue) throws(RedisConversionError) -> [RedisSeriesRule] {
        if case .map = reply.withoutAttributes {
            return try RedisPairs(reply, of: "rules").map { key, parts throws(RedisConversionError) in
                try RedisSeriesRule(key, Array(try parts.requireElements("a rule")))
            }
        }
        var rules: [RedisSeriesRule] = []
        for row in try reply.requireElements("rules") {
            let parts = try row.requireElements("a rule")
            guard let key = parts.first else { throw RedisConversionError(expected: "a rule", found: row) }
            rules.append(try RedisSeriesRule(key, Array(parts.dropFirst())))
        }
        return rules
    }

    private init(_ key: RESPValue, _ parts: [RESPValue]) throws(RedisConversionError) {
        guard parts.count >= 2 else {
            throw RedisConversionError(expected: "a rule", found: "\(parts.count) parts")
        }
        destination = try String(redis: key)
        bucket = .milliseconds(try Int64(redis: parts[0]))
        reducer = try String(redis: parts[1])
    }
}
