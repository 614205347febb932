import BulkheadCommands

/// Which samples of a time are read, and what is made of them.
public struct RedisSeriesQuery: Sendable, ModuleOption {
    /// A bucket of time that is not over counts as well. Since TimeSeries 1.8.0
    public var includesLatest: Bool
    /// Only samples of these times.
    public var times: [Int64]
    /// Only samples with values in this range.
    public var values: ClosedRange<Double>?
    /// How many are read at most.
    public var count: Int?
    /// Buckets of time, and what is made of the samples in each; nil reads the samples themselves.
    public var aggregation: RedisSeriesAggregation?
    /// Where a bucket begins; `earliest` is the first time asked for. Nil is 0.
    public var alignment: RedisSeriesTime?
    /// Which time of its bucket a result has.
    public var bucketTime: RedisBucketTime?
    /// Whether buckets without samples have a result. Since TimeSeries 1.8.0
    public var includesEmptyBuckets: Bool

    /// A query by its parts.
    public init(
        includingLatest includesLatest: Bool = false, times: [Int64] = [], values: ClosedRange<Double>? = nil,
        count: Int? = nil, aggregation: RedisSeriesAggregation? = nil, alignment: RedisSeriesTime? = nil,
        bucketTime: RedisBucketTime? = nil, includingEmptyBuckets includesEmptyBuckets: Bool = false
    ) {
        self.includesLatest = includesLatest
        self.times = times
        self.values = values
        self.count = count
        self.aggregation = aggregation
        self.alignment = alignment
        self.bucketTime = bucketTime
        self.includesEmptyBuckets = includesEmptyBuckets
    }

    func append(to arguments: inout RedisArguments) {
        if includesLatest { arguments.append("LATEST") }
        if !times.isEmpty {
            arguments.append("FILTER_BY_TS")
            arguments.append(contentsOf: times)
        }
        if let values {
            arguments.append("FILTER_BY_VALUE")
            arguments.append(values.lowerBound)
            arguments.append(values.upperBound)
        }
        if let count {
            arguments.append("COUNT")
            arguments.append(count)
        }
        guard let aggregation else { return }
        if let alignment {
            arguments.append("ALIGN")
            arguments.append(alignment)
        }
        arguments.append(aggregation)
        if let bucketTime {
            arguments.append("BUCKETTIMESTAMP")
            arguments.append(bucketTime)
        }
        if includesEmptyBuckets { arguments.append("EMPTY") }
    }
}

/// Which time of its bucket a result has.
public struct RedisBucketTime: Sendable, Hashable, ModuleWordOption {
    let word: String

    /// Its beginning, the default.
    public static let start = RedisBucketTime(word: "-")
    /// Its end.
    public static let end = RedisBucketTime(word: "+")
    /// Its middle.
    public static let middle = RedisBucketTime(word: "~")
}

/// Which labels of a series are read with its samples.
public struct RedisSeriesLabels: Sendable, Hashable, ModuleOption {
    private let names: [String]

    /// All of them.
    public static let all = RedisSeriesLabels(names: [])
    /// Those of these names. Since TimeSeries 1.6.0
    public static func named(_ first: String, _ others: String...) -> RedisSeriesLabels {
        RedisSeriesLabels(names: [first] + others)
    }

    func append(to arguments: inout RedisArguments) {
        arguments.append(names.isEmpty ? "WITHLABELS" : "SELECTED_LABELS")
        arguments.append(contentsOf: names)
    }
}

/// Makes one series of all that have the same value of a label. Since TimeSeries 1.6.0
public struct RedisSeriesGrouping: Sendable, Hashable, ModuleOption {
    private let label: String
    private let reducer: RedisSampleReducer

    /// What is made of the samples of one time.
    public init(by label: String, reducing reducer: RedisSampleReducer) {
        self.label = label
        self.reducer = reducer
    }

    func append(to arguments: inout RedisArguments) {
        arguments.append("GROUPBY")
        arguments.append(label)
        arguments.append("REDUCE")
        arguments.append(reducer.word)
    }
}
