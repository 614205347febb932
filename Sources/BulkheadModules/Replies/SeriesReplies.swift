import BulkheadCommands
import BulkheadRESP

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

    /// The same of a query.
    static func each(
        _ reply: RESPValue, by query: RedisSeriesQuery?
    ) throws(RedisConversionError) -> [RedisSeries] {
        try query.requireWhole()
        return try each(reply)
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

extension RedisSample {
    /// The samples that a query brings.
    static func all(_ reply: RESPValue, by query: RedisSeriesQuery?) throws(RedisConversionError) -> [RedisSample] {
        try query.requireWhole()
        return try [RedisSample](redis: reply)
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
