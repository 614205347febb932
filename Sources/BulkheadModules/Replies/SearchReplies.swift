public import BulkheadCommands
public import BulkheadRESP

/// What a search has found.
public struct RedisSearchResult<Value: RedisDecodable>: Sendable {
    /// How many documents fit.
    public let total: Int
    /// Those of them that were asked for, the best first.
    public let hits: [RedisSearchHit<Value>]
    /// What the module warns of, such as a timeout; always empty in RESP2.
    public let warnings: [String]

    /// RESP2 sends a row whose form depends on what was asked for; RESP3 a record.
    init(_ reply: RESPValue, hasScores: Bool, hasFields: Bool) throws(RedisConversionError) {
        if case .map = reply.withoutAttributes {
            let record = try RedisRecord(redis: reply)
            total = try record.required("total_results")
            warnings = try record.optional("warning") ?? []
            let rows: [RedisRecord] = try record.required("results")
            hits = try rows.map { row throws(RedisConversionError) in
                RedisSearchHit(
                    key: try row.required("id"), score: try row.optional("score"),
                    fields: try row.optional("extra_attributes") ?? [:])
            }
            return
        }
        let parts = Array(try reply.requireElements("a count and documents"))
        let width = 1 + (hasScores ? 1 : 0) + (hasFields ? 1 : 0)
        guard let first = parts.first, (parts.count - 1).isMultiple(of: width) else {
            throw RedisConversionError(expected: "a count and documents", found: reply)
        }
        total = try Int(redis: first)
        warnings = []
        var hits: [RedisSearchHit<Value>] = []
        for place in stride(from: 1, to: parts.count, by: width) {
            let fields = hasFields ? parts[place + width - 1] : .null
            hits.append(
                RedisSearchHit(
                    key: try String(redis: parts[place]),
                    score: hasScores ? try Double(redis: parts[place + 1]) : nil,
                    // A document that has gone since it was found is null.
                    fields: fields.isNull ? [:] : try [String: Value](redis: fields)))
        }
        self.hits = hits
    }
}

/// A document that a search has found.
public struct RedisSearchHit<Value: RedisDecodable>: Sendable {
    /// Its key.
    public let key: String
    /// How well it fits; nil if that was not asked for.
    public let score: Double?
    /// Its fields; a document of JSON as a whole is the field `$`.
    public let fields: [String: Value]
}

/// The rows of an aggregation.
public struct RedisAggregateResult<Value: RedisDecodable>: RedisDecodable {
    /// What the module counted; not the number of rows.
    public let total: Int
    /// The rows, each with its fields.
    public let rows: [[String: Value]]
    /// What the module warns of, such as a timeout; always empty in RESP2.
    public let warnings: [String]

    /// Reads a count and rows, or a record; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        if case .map = value.withoutAttributes {
            let record = try RedisRecord(redis: value)
            total = try record.required("total_results")
            warnings = try record.optional("warning") ?? []
            let rows: [RedisRecord] = try record.required("results")
            self.rows = try rows.map { row throws(RedisConversionError) in
                try row.required("extra_attributes")
            }
            return
        }
        let parts = try value.requireElements("a count and rows")
        guard let first = parts.first else { throw RedisConversionError(expected: "a count and rows", found: value) }
        total = try Int(redis: first)
        warnings = []
        var rows: [[String: Value]] = []
        for row in parts.dropFirst() { rows.append(try [String: Value](redis: row)) }
        self.rows = rows
    }
}

/// A term that an index does not have, and what may be meant.
public struct RedisSpelling: Sendable {
    /// The term.
    public let term: String
    /// Terms that are like it, with the part of the documents that have them.
    public let suggestions: [RedisScored<String>]

    /// RESP2 sends rows of a word, the term and pairs; RESP3 a record.
    static func each(_ reply: RESPValue) throws(RedisConversionError) -> [RedisSpelling] {
        if case .map = reply.withoutAttributes {
            let results: RESPValue = try RedisRecord(redis: reply).required("results")
            return try RedisPairs(results, of: "terms").map { term, rows throws(RedisConversionError) in
                var suggestions: [RedisScored<String>] = []
                for row in try rows.requireElements("suggestions") {
                    suggestions += try RedisScored<String>.elements(redis: row)
                }
                return RedisSpelling(term: try String(redis: term), suggestions: suggestions)
            }
        }
        var all: [RedisSpelling] = []
        for row in try reply.requireElements("terms") {
            let parts = try row.requireElements("a term and suggestions", count: 3)
            var suggestions: [RedisScored<String>] = []
            for pair in try parts[2].requireElements("suggestions") {
                let pair = try pair.requireElements("a score and a term", count: 2)
                suggestions.append(RedisScored(try String(redis: pair[1]), score: try Double(redis: pair[0])))
            }
            all.append(RedisSpelling(term: try String(redis: parts[1]), suggestions: suggestions))
        }
        return all
    }
}

/// A text of a dictionary of suggestions.
public struct RedisSuggestion: Sendable, Hashable {
    /// The text.
    public let text: String
    /// How good it is for what was asked.
    public let score: Double
    /// What was kept beside it.
    public let payload: String?

    static func each(_ reply: RESPValue) throws(RedisConversionError) -> [RedisSuggestion] {
        if reply.isNull { return [] }
        let parts = try reply.requireElements("texts with scores and payloads")
        guard parts.count.isMultiple(of: 3) else {
            throw RedisConversionError(expected: "texts with scores and payloads", found: reply)
        }
        var all: [RedisSuggestion] = []
        for first in stride(from: 0, to: parts.count, by: 3) {
            all.append(
                RedisSuggestion(
                    text: try String(redis: parts[first]), score: try Double(redis: parts[first + 1]),
                    payload: try String?(redis: parts[first + 2])))
        }
        return all
    }
}
