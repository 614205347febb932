import BulkheadCommands

/// A time of a series, or one of its ends.
public struct RedisSeriesTime: Sendable, Hashable, ModuleWordOption {
    let word: String

    /// Before all samples.
    public static let earliest = RedisSeriesTime(word: "-")
    /// Behind all samples.
    public static let latest = RedisSeriesTime(word: "+")
    /// This time, in milliseconds since 1970 unless you count otherwise.
    public static func at(_ time: Int64) -> RedisSeriesTime { RedisSeriesTime(word: String(time)) }
}

/// What becomes of a sample whose time has one already.
public struct RedisDuplicatePolicy: Sendable, Hashable, ModuleWordOption {
    let word: String

    /// It is refused.
    public static let block = RedisDuplicatePolicy(word: "BLOCK")
    /// The old one stays.
    public static let first = RedisDuplicatePolicy(word: "FIRST")
    /// It replaces the old one.
    public static let last = RedisDuplicatePolicy(word: "LAST")
    /// The lesser one stays.
    public static let minimum = RedisDuplicatePolicy(word: "MIN")
    /// The greater one stays.
    public static let maximum = RedisDuplicatePolicy(word: "MAX")
    /// Their sum stays.
    public static let sum = RedisDuplicatePolicy(word: "SUM")
}

/// What is made of the samples in a bucket of time.
public struct RedisSampleReducer: Sendable, Hashable {
    let word: String

    /// Their mean.
    public static let average = RedisSampleReducer(word: "avg")
    /// Their sum.
    public static let sum = RedisSampleReducer(word: "sum")
    /// The least.
    public static let minimum = RedisSampleReducer(word: "min")
    /// The greatest.
    public static let maximum = RedisSampleReducer(word: "max")
    /// The greatest less the least.
    public static let range = RedisSampleReducer(word: "range")
    /// How many there are.
    public static let count = RedisSampleReducer(word: "count")
    /// The oldest; not for groups.
    public static let first = RedisSampleReducer(word: "first")
    /// The newest; not for groups.
    public static let last = RedisSampleReducer(word: "last")
    /// The deviation of the whole population.
    public static let populationDeviation = RedisSampleReducer(word: "std.p")
    /// The deviation of a sample.
    public static let sampleDeviation = RedisSampleReducer(word: "std.s")
    /// The variance of the whole population.
    public static let populationVariance = RedisSampleReducer(word: "var.p")
    /// The variance of a sample.
    public static let sampleVariance = RedisSampleReducer(word: "var.s")
    /// The mean over the time, each value as long as it held; not for groups. Since TimeSeries 1.8.0
    public static let timeAverage = RedisSampleReducer(word: "twa")
}

/// Buckets of time, and what is made of the samples in each.
public struct RedisSeriesAggregation: Sendable, Hashable, ModuleOption {
    private let reducer: RedisSampleReducer
    private let bucket: Duration

    /// Buckets of this length, in whole milliseconds.
    public init(_ reducer: RedisSampleReducer, every bucket: Duration) {
        self.reducer = reducer
        self.bucket = bucket
    }

    func append(to arguments: inout RedisArguments) {
        arguments.append("AGGREGATION")
        arguments.append(reducer.word)
        arguments.append(bucket.wholeMilliseconds)
    }
}

/// Settings of a series; what is nil stays as it is, or as the server has it.
public struct RedisSeriesSettings: Sendable, ModuleOption {
    /// How long samples are kept before the newest one; zero is for ever.
    public var retention: Duration?
    /// Whether samples are kept as they came, and not compressed. Only for a new series.
    public var uncompressed: Bool
    /// The bytes of a block of samples.
    public var chunkSize: Int?
    /// What becomes of a sample whose time has one already.
    public var duplicates: RedisDuplicatePolicy?
    /// A sample that differs from the newest one by at most this time and value is not kept.
    public var ignoring: (time: Duration, value: Double)?
    /// By what it is found.
    public var labels: [(name: String, value: String)]?

    /// Settings by name.
    public init(
        retention: Duration? = nil, uncompressed: Bool = false, chunkSize: Int? = nil,
        duplicates: RedisDuplicatePolicy? = nil, ignoring: (time: Duration, value: Double)? = nil,
        labels: KeyValuePairs<String, String>? = nil
    ) {
        self.retention = retention
        self.uncompressed = uncompressed
        self.chunkSize = chunkSize
        self.duplicates = duplicates
        self.ignoring = ignoring
        self.labels = labels?.map { (name: $0.key, value: $0.value) }
    }

    func append(to arguments: inout RedisArguments) {
        if let retention {
            arguments.append("RETENTION")
            arguments.append(retention.wholeMilliseconds)
        }
        if uncompressed {
            arguments.append("ENCODING")
            arguments.append("UNCOMPRESSED")
        }
        if let chunkSize {
            arguments.append("CHUNK_SIZE")
            arguments.append(chunkSize)
        }
        if let duplicates {
            arguments.append("DUPLICATE_POLICY")
            arguments.append(duplicates)
        }
        if let ignoring {
            arguments.append("IGNORE")
            arguments.append(ignoring.time.wholeMilliseconds)
            arguments.append(ignoring.value)
        }
        if let labels {
            arguments.append("LABELS")
            for label in labels {
                arguments.append(label.name)
                arguments.append(label.value)
            }
        }
    }
}

/// A sample for a series.
public struct RedisSeriesPoint: Sendable, Hashable {
    /// The series.
    public var key: String
    /// Its time; nil for the server's.
    public var time: Int64?
    /// Its value.
    public var value: Double

    /// The three of them.
    public init(_ key: String, at time: Int64? = nil, _ value: Double) {
        self.key = key
        self.time = time
        self.value = value
    }
}

extension Duration {
    /// Rounded up, as all times that are sent.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
