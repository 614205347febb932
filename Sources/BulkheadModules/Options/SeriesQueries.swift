import BulkheadCommands

/// Which samples of a time are read, and what is made of them.
public struct RedisSeriesQuery: Sendable, ModuleOption {
    /// A bucket of time that is not over counts as well. Since TimeSeries 1.8.0
    public var includesLatest: Bool
    /// Only samples of these times, 128 at most: of more the module reads the first alone and does not say so, and the
    /// call throws `unexpected-reply`.
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
        arguments.append("COUNT", count)
        guard let aggregation else { return }
        arguments.append("ALIGN", alignment?.word)
        arguments.append(aggregation)
        arguments.append("BUCKETTIMESTAMP", bucketTime?.word)
        if includesEmptyBuckets { arguments.append("EMPTY") }
    }
}

extension RedisSeriesQuery {
    /// What the module looks at of `FILTER_BY_TS` (1.12).
    fileprivate static let mostTimes = 128
}

extension RedisSeriesQuery? {
    /// Throws where the reply lacks samples that were asked for.
    func requireWhole() throws(RedisConversionError) {
        guard let count = self?.times.count, count > RedisSeriesQuery.mostTimes else { return }
        throw RedisConversionError(
            expected: "at most \(RedisSeriesQuery.mostTimes) times to be asked for, as the module ignores others",
            found: "\(count) times")
    }
}

/// Which labels of a series are read with its samples.
public struct RedisSeriesLabels: Sendable, Hashable, ModuleWordsOption {
    let words: [String]

    /// All of them.
    public static let all = RedisSeriesLabels(words: ["WITHLABELS"])
    /// Those of these names. Since TimeSeries 1.6.0
    public static func named(_ first: String, _ others: String...) -> RedisSeriesLabels {
        RedisSeriesLabels(words: ["SELECTED_LABELS", first] + others)
    }
}

/// Makes one series of all that have the same value of a label. Since TimeSeries 1.6.0
public struct RedisSeriesGrouping: Sendable, Hashable, ModuleWordsOption {
    let words: [String]

    /// What is made of the samples of one time.
    public init(by label: String, reducing reducer: RedisSampleReducer) {
        words = ["GROUPBY", label, "REDUCE", reducer.word]
    }
}
