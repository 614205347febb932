import BulkheadCommands

extension RedisSeriesTime {
    /// This time, in milliseconds since 1970 unless you count otherwise.
    public static func at(_ time: Int64) -> RedisSeriesTime { RedisSeriesTime(word: String(time)) }
}

/// Buckets of time, and what is made of the samples in each.
public struct RedisSeriesAggregation: Sendable, Hashable, ModuleWordsOption {
    let words: [String]

    /// Buckets of this length, in whole milliseconds.
    public init(_ reducer: RedisSampleReducer, every bucket: Duration) {
        words = ["AGGREGATION", reducer.word, String(bucket.wholeMilliseconds)]
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
        arguments.append("RETENTION", retention?.wholeMilliseconds)
        if uncompressed {
            arguments.append("ENCODING")
            arguments.append("UNCOMPRESSED")
        }
        arguments.append("CHUNK_SIZE", chunkSize)
        arguments.append("DUPLICATE_POLICY", duplicates?.word)
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
        let (whole, remainder) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        return Int64(clamping: whole + (remainder > 0 ? 1 : 0))
    }
}
