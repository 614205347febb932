/// What adds words to a command: an option of one or several arguments.
@usableFromInline
protocol RedisCommandOption: Sendable {
    func append(to arguments: inout RedisArguments)
}

/// An option of one word.
@usableFromInline
protocol RedisWordOption: RedisCommandOption {
    var word: String { get }
}

extension RedisWordOption {
    @usableFromInline func append(to arguments: inout RedisArguments) { arguments.append(word) }
}

extension RedisScoreCondition: RedisCommandOption {}
extension RedisSetCondition: RedisCommandOption {}
extension RedisExpiry: RedisCommandOption {}
extension RedisStreamTrim: RedisCommandOption {}
extension RedisExpiryChange: RedisCommandOption {}

extension RedisArguments {
    @inlinable mutating func append(_ option: some RedisCommandOption) { option.append(to: &self) }

    @usableFromInline mutating func append(options: [some RedisCommandOption]) {
        for option in options { option.append(to: &self) }
    }

    /// A word and its value, where there is one.
    package mutating func append(_ word: String, _ value: (some RedisArgument)?) {
        guard let value else { return }
        append(word)
        append(value)
    }

    @usableFromInline mutating func append(each values: [any RedisArgument]) {
        for value in values { value.append(to: &self) }
    }

    /// What a scan looks for, and how much of it in a step.
    @usableFromInline mutating func append(match pattern: String?, count: Int?) {
        if let pattern {
            append("MATCH")
            append(pattern)
        }
        if let count {
            append("COUNT")
            append(count)
        }
    }

    /// LIMIT, where there is one.
    @usableFromInline mutating func append(offset: Int, limit: Int?) {
        guard offset != 0 || limit != nil else { return }
        append("LIMIT")
        append(offset)
        append(limit ?? -1)
    }

    /// The keys of streams, and then the ids behind which they are read.
    @usableFromInline mutating func append(streams: KeyValuePairs<String, String>) {
        for (key, _) in streams { append(key) }
        for (_, id) in streams { append(id) }
    }

    /// Streams whose new entries are meant.
    @usableFromInline mutating func append(newOf keys: [some RedisArgument]) {
        for key in keys { append(key) }
        for _ in keys { append(">") }
    }

    /// IDLE, where it is asked for.
    @usableFromInline mutating func append(idle: Duration?) {
        guard let idle else { return }
        append("IDLE")
        append(idle.redisMilliseconds)
    }

    /// How long a key lives that RESTORE makes. There 0 is without end, so zero becomes the shortest time.
    @usableFromInline mutating func append(lifetime duration: Duration?) {
        guard let duration else { return append(0) }
        append(duration == .zero ? 1 : duration.redisMilliseconds)
    }

    /// When such a key ends: the first moment of 1970 is past as well.
    @usableFromInline mutating func append(end time: Int64) { append(time == 0 ? 1 : time) }

    /// The corners of a polygon, longitude first.
    @usableFromInline mutating func append(corners: [RedisCoordinate]) {
        for corner in corners {
            append(corner.longitude)
            append(corner.latitude)
        }
    }

    /// WEIGHTS, where there are some.
    @usableFromInline mutating func append(weights: [Double]) {
        guard !weights.isEmpty else { return }
        append("WEIGHTS")
        append(contentsOf: weights)
    }

    /// Members of a sorted set with their places, longitude first.
    @usableFromInline mutating func append(places: KeyValuePairs<String, RedisCoordinate>) {
        for (member, place) in places {
            append(place.longitude)
            append(place.latitude)
            append(member)
        }
    }

    @usableFromInline mutating func append(target host: String?, port: Int?) {
        guard let host else { return }
        append("TO")
        append(host)
        append(port ?? 6379)
    }

    @usableFromInline mutating func append(timeout: Duration?) {
        guard let timeout else { return }
        append("TIMEOUT")
        append(timeout.redisMilliseconds)
    }

    @usableFromInline mutating func append(settings: [(name: String, value: String)]) {
        for (name, value) in settings {
            append("CONFIG")
            append(name)
            append(value)
        }
    }

    @usableFromInline mutating func append(moduleArguments values: [String]) {
        guard !values.isEmpty else { return }
        append("ARGS")
        append(contentsOf: values)
    }

    /// SLOTS, where there are some.
    @usableFromInline mutating func append(slots: [Int]) {
        guard !slots.isEmpty else { return }
        append("SLOTS")
        append(slots.count)
        append(contentsOf: slots)
    }

    /// One task, or all of them.
    @usableFromInline mutating func append(task id: String?) {
        guard let id else { return append("ALL") }
        append("ID")
        append(id)
    }

    @usableFromInline mutating func append(ranges: [ClosedRange<Int>]) {
        for range in ranges {
            append(range.lowerBound)
            append(range.upperBound)
        }
    }
}

extension Int {
    /// Nil for the negative number by which servers say that there is none.
    @usableFromInline var unlessNegative: Int? { self < 0 ? nil : self }
    /// The same where 0 says it as well.
    @usableFromInline var unlessNotPositive: Int? { self <= 0 ? nil : self }
}

extension String {
    /// Nil for the word by which servers say that all is well.
    @usableFromInline var unlessOK: String? { self == "OK" ? nil : self }
}
