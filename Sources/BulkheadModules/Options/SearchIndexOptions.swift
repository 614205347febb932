import BulkheadCommands

/// A field of an index.
public struct RedisSearchField: Sendable, ModuleOption {
    private var name: String
    private var alias: String?
    private var type: [String]
    private var ending: [String] = []

    private init(_ name: String, as alias: String?, _ type: [String], isSortable: Bool, isIndexed: Bool = true) {
        self.name = name
        self.alias = alias
        self.type = type
        if isSortable { ending.append("SORTABLE") }
        if !isIndexed { ending.append("NOINDEX") }
    }

    /// Text, of which each word is found. Of a document the name is a path, and `as` what queries call it.
    ///
    /// `weight` is how much it counts for the score, 1 by default; without `stemming` only the very words are found.
    public static func text(
        _ name: String, as alias: String? = nil, weight: Double? = nil, stemming: Bool = true, sortable: Bool = false
    ) -> RedisSearchField {
        var type = ["TEXT"]
        if !stemming { type.append("NOSTEM") }
        if let weight { type += ["WEIGHT", String(weight)] }
        return RedisSearchField(name, as: alias, type, isSortable: sortable)
    }

    /// Tags, divided by a comma by default; each is found as a whole.
    public static func tag(
        _ name: String, as alias: String? = nil, separator: Character? = nil, caseSensitive: Bool = false,
        sortable: Bool = false
    ) -> RedisSearchField {
        var type = ["TAG"]
        if let separator { type += ["SEPARATOR", String(separator)] }
        if caseSensitive { type.append("CASESENSITIVE") }
        return RedisSearchField(name, as: alias, type, isSortable: sortable)
    }

    /// Numbers, found by ranges.
    public static func number(_ name: String, as alias: String? = nil, sortable: Bool = false) -> RedisSearchField {
        RedisSearchField(name, as: alias, ["NUMERIC"], isSortable: sortable)
    }

    /// Places, `longitude,latitude`, found by their distance.
    public static func place(_ name: String, as alias: String? = nil) -> RedisSearchField {
        RedisSearchField(name, as: alias, ["GEO"], isSortable: false)
    }

    /// Vectors, found by their nearness.
    public static func vector(
        _ name: String, as alias: String? = nil, _ form: RedisVectorForm
    ) -> RedisSearchField {
        RedisSearchField(name, as: alias, form.words, isSortable: false)
    }

    func append(to arguments: inout RedisArguments) {
        arguments.append(name)
        arguments.append("AS", alias)
        arguments.append(contentsOf: type)
        arguments.append(contentsOf: ending)
    }
}

/// How vectors of a field are kept and compared.
public struct RedisVectorForm: Sendable {
    let words: [String]

    /// Each is compared: exact, and slow for many. `type` is how numbers are kept: `FLOAT32`, `FLOAT64`; `metric` how
    /// nearness is measured: `COSINE`, `L2`, `IP`.
    public static func flat(dimensions: Int, type: String = "FLOAT32", metric: String = "COSINE") -> RedisVectorForm {
        make("FLAT", dimensions, type, metric, [])
    }

    /// A graph leads to the nearest: quick, and nearly exact. `links` are the edges of an element, 16 by default;
    /// `buildEffort` and `searchEffort` are how many candidates are looked at, 200 and 10 by default.
    public static func graph(
        dimensions: Int, type: String = "FLOAT32", metric: String = "COSINE", links: Int? = nil,
        buildEffort: Int? = nil, searchEffort: Int? = nil
    ) -> RedisVectorForm {
        var more: [String] = []
        for (word, value) in [("M", links), ("EF_CONSTRUCTION", buildEffort), ("EF_RUNTIME", searchEffort)] {
            if let value { more += [word, String(value)] }
        }
        return make("HNSW", dimensions, type, metric, more)
    }

    private static func make(
        _ algorithm: String, _ dimensions: Int, _ type: String, _ metric: String, _ more: [String]
    ) -> RedisVectorForm {
        let parts = ["TYPE", type, "DIM", String(dimensions), "DISTANCE_METRIC", metric] + more
        return RedisVectorForm(words: ["VECTOR", algorithm, String(parts.count)] + parts)
    }
}

/// Which keys are in an index.
public struct RedisIndexScope: Sendable, ModuleOption {
    private let kind: String
    private let prefixes: [String]
    /// An expression about the fields of a key that decides whether it is taken in: `@year > 1980`.
    public var filter: String?
    /// The language by whose rules words are stemmed: `german`; English by default.
    public var language: String?
    /// Words that are not indexed; nil are the module's own, and none keeps all words.
    public var stopWords: [String]?
    /// How long the index stays when nobody asks it; nil is for ever.
    public var lifetime: Duration?
    /// Whether the keys that are there already are left out.
    public var skipsOldDocuments = false

    private init(_ kind: String, _ prefixes: [String]) {
        self.kind = kind
        self.prefixes = prefixes
    }

    /// Hashes whose keys begin with one of these; all hashes if there are none.
    public static func hashes(_ prefixes: String...) -> RedisIndexScope { RedisIndexScope("HASH", prefixes) }

    /// Documents of JSON whose keys begin with one of these; all if there are none.
    public static func documents(_ prefixes: String...) -> RedisIndexScope { RedisIndexScope("JSON", prefixes) }

    func append(to arguments: inout RedisArguments) {
        arguments.append("ON")
        arguments.append(kind)
        if !prefixes.isEmpty { arguments.append(counted: "PREFIX", prefixes) }
        arguments.append("FILTER", filter)
        arguments.append("LANGUAGE", language)
        arguments.append("TEMPORARY", lifetime?.redisWholeSeconds)
        if let stopWords { arguments.append(counted: "STOPWORDS", stopWords) }
        if skipsOldDocuments { arguments.append("SKIPINITIALSCAN") }
    }
}

extension RedisArguments {
    /// A word, how many values follow it, and the values.
    mutating func append(counted word: String, _ values: [String]) {
        append(word)
        append(values.count)
        append(contentsOf: values)
    }

    mutating func append(fields: [RedisSearchField]) {
        for field in fields { append(field) }
    }

    mutating func append(steps: [RedisAggregateStep]) {
        for step in steps { append(step) }
    }

    mutating func append(including: String?, excluding: String?) {
        for (word, dictionary) in [("INCLUDE", including), ("EXCLUDE", excluding)] {
            guard let dictionary else { continue }
            append("TERMS")
            append(word)
            append(dictionary)
        }
    }
}
