public import BulkheadCommands

/// What a query says beside its text.
public struct RedisQueryOptions: Sendable, ModuleOption {
    private var parameters: [(name: String, value: [UInt8])] = []
    /// The version of the language of queries; nil is the module's setting. Vectors need 2.
    public var dialect: Int?
    /// How long the module may work; nil is its setting.
    public var timeout: Duration?
    /// Only the very words are found, and none of the same stem.
    public var isVerbatim = false

    /// Options by name.
    public init(dialect: Int? = nil, timeout: Duration? = nil, verbatim isVerbatim: Bool = false) {
        self.dialect = dialect
        self.timeout = timeout
        self.isVerbatim = isVerbatim
    }

    /// What `$name` in the query stands for, as text or bytes. Parameters need dialect 2 or later.
    public mutating func set(_ name: String, _ value: some RedisArgument) {
        parameters.append((name, value.encodedBytes))
    }

    /// The same with one more parameter.
    public func with(_ name: String, _ value: some RedisArgument) -> RedisQueryOptions {
        var options = self
        options.set(name, value)
        return options
    }

    func append(to arguments: inout RedisArguments) {
        if isVerbatim { arguments.append("VERBATIM") }
        appendBehindSteps(to: &arguments)
    }

    /// What may stand behind the steps of an aggregation.
    fileprivate func appendBehindSteps(to arguments: inout RedisArguments) {
        arguments.append("TIMEOUT", timeout?.wholeMilliseconds)
        if !parameters.isEmpty {
            arguments.append("PARAMS")
            arguments.append(parameters.count * 2)
            for parameter in parameters {
                arguments.append(parameter.name)
                arguments.append(parameter.value)
            }
        }
        arguments.append("DIALECT", dialect)
    }
}

extension RedisArguments {
    /// VERBATIM, which an aggregation takes in front of its steps only.
    mutating func append(verbatim options: RedisQueryOptions?) {
        if options?.isVerbatim == true { append("VERBATIM") }
    }

    mutating func append(behindSteps options: RedisQueryOptions?) { options?.appendBehindSteps(to: &self) }
}

extension RedisSearch? {
    /// Of no fields RESP2 sends keys alone.
    var readsFields: Bool { self?.fields?.isEmpty != true }
}

/// Which documents of those that fit are read, and what of them.
public struct RedisSearch: Sendable, ModuleOption {
    /// The fields that are read; nil reads all.
    public var fields: [String]?
    /// By which field they are ordered; nil is by their scores.
    public var order: (field: String, direction: RedisOrder)?
    /// How many at the beginning are left out.
    public var offset: Int
    /// How many are read at most; nil is ten.
    public var limit: Int?
    /// Only these keys.
    public var keys: [String]
    /// Only words in these fields count.
    public var textFields: [String]

    /// A search by its parts.
    public init(
        fields: [String]? = nil, order: (field: String, direction: RedisOrder)? = nil, offset: Int = 0,
        limit: Int? = nil, keys: [String] = [], textFields: [String] = []
    ) {
        self.fields = fields
        self.order = order
        self.offset = offset
        self.limit = limit
        self.keys = keys
        self.textFields = textFields
    }

    func append(to arguments: inout RedisArguments) {
        if !keys.isEmpty { arguments.append(counted: "INKEYS", keys) }
        if !textFields.isEmpty { arguments.append(counted: "INFIELDS", textFields) }
        if let fields { arguments.append(counted: "RETURN", fields) }
        if let order {
            arguments.append("SORTBY")
            arguments.append(order.field)
            arguments.append(order.direction.keyword)
        }
        if offset != 0 || limit != nil {
            arguments.append("LIMIT")
            arguments.append(offset)
            arguments.append(limit ?? 10)
        }
    }
}

/// One step of an aggregation; each works on the rows of the one before it. Fields are written with their `@`.
public struct RedisAggregateStep: Sendable, ModuleWordsOption {
    let words: [String]

    /// Reads fields of the documents; of none, all of them.
    public static func load(_ fields: String...) -> RedisAggregateStep {
        RedisAggregateStep(words: fields.isEmpty ? ["LOAD", "*"] : counted("LOAD", fields))
    }

    /// One row for all rows that have the same values in these fields, with what is made of them.
    public static func group(by fields: [String], _ reducers: RedisGroupReducer...) -> RedisAggregateStep {
        RedisAggregateStep(words: counted("GROUPBY", fields) + reducers.flatMap(\.words))
    }

    /// Orders rows; with a limit the first of them are enough.
    public static func sort(_ fields: [(field: String, direction: RedisOrder)], limit: Int? = nil) -> RedisAggregateStep
    {
        let words = counted("SORTBY", fields.flatMap { [$0.field, $0.direction.keyword] })
        return RedisAggregateStep(words: words + (limit.map { ["MAX", String($0)] } ?? []))
    }

    /// Adds a field: the value of an expression.
    public static func apply(_ expression: String, as name: String) -> RedisAggregateStep {
        RedisAggregateStep(words: ["APPLY", expression, "AS", name])
    }

    /// Keeps the rows for which an expression holds.
    public static func filter(_ expression: String) -> RedisAggregateStep {
        RedisAggregateStep(words: ["FILTER", expression])
    }

    /// Keeps so many rows behind the first `offset`.
    public static func limit(_ count: Int, offset: Int = 0) -> RedisAggregateStep {
        RedisAggregateStep(words: ["LIMIT", String(offset), String(count)])
    }

    private static func counted(_ word: String, _ values: [String]) -> [String] {
        [word, String(values.count)] + values
    }
}

/// What is made of the rows of a group.
public struct RedisGroupReducer: Sendable {
    let words: [String]

    /// Any reducer of the module by its name: `QUANTILE` of `@price` and `0.5`.
    public static func named(_ function: String, _ arguments: [String], as name: String) -> RedisGroupReducer {
        RedisGroupReducer(words: ["REDUCE", function, String(arguments.count)] + arguments + ["AS", name])
    }

    /// How many rows there are.
    public static func count(as name: String) -> RedisGroupReducer { named("COUNT", [], as: name) }
    /// The sum of a field.
    public static func sum(_ field: String, as name: String) -> RedisGroupReducer { named("SUM", [field], as: name) }
    /// The mean of a field.
    public static func average(_ field: String, as name: String) -> RedisGroupReducer {
        named("AVG", [field], as: name)
    }
    /// The least value of a field.
    public static func minimum(_ field: String, as name: String) -> RedisGroupReducer {
        named("MIN", [field], as: name)
    }
    /// The greatest value of a field.
    public static func maximum(_ field: String, as name: String) -> RedisGroupReducer {
        named("MAX", [field], as: name)
    }
    /// How many different values a field has.
    public static func countDistinct(_ field: String, as name: String) -> RedisGroupReducer {
        named("COUNT_DISTINCT", [field], as: name)
    }
}
