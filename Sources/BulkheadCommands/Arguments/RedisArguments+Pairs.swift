/// A value of any kind as one concrete type, so that a literal of mixed values is a sequence like others.
@usableFromInline
struct ErasedArgument: RedisArgument {
    @usableFromInline let value: any RedisArgument

    @usableFromInline
    func append(to arguments: inout RedisArguments) { value.append(to: &arguments) }
}

extension KeyValuePairs<String, any RedisArgument> {
    /// The same pairs for the functions that take sequences.
    ///
    /// Those have the label `pairs:`, so that a literal can only be these: as a dictionary it would lose its order and
    /// stop the program where a key is named twice.
    @usableFromInline
    var erased: some Sequence<(key: String, value: ErasedArgument)> {
        self.lazy.map { (key: $0.key, value: ErasedArgument(value: $0.value)) }
    }
}

extension RedisArguments {
    /// Appends two arguments for each pair.
    @inlinable
    mutating func append(pairs: some Sequence<(key: some RedisArgument, value: some RedisArgument)>) {
        for (key, value) in pairs {
            append(key)
            append(value)
        }
    }

    /// Appends members of a sorted set, each behind its score.
    @inlinable
    mutating func append(scores: some Sequence<(key: some RedisArgument, value: Double)>) {
        for (member, score) in scores {
            append(score)
            append(member)
        }
    }
}
