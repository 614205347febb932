import BulkheadCommands
import BulkheadRESP

/// What adds words to a command of a module: an option of one or several arguments.
protocol ModuleOption: Sendable {
    func append(to arguments: inout RedisArguments)
}

/// An option of one word.
protocol ModuleWordOption: ModuleOption {
    var word: String { get }
}

extension ModuleWordOption {
    func append(to arguments: inout RedisArguments) { arguments.append(word) }
}

/// An option of several words.
protocol ModuleWordsOption: ModuleOption {
    var words: [String] { get }
}

extension ModuleWordsOption {
    func append(to arguments: inout RedisArguments) { arguments.append(contentsOf: words) }
}

extension RedisArguments {
    mutating func append(_ option: some ModuleOption) { option.append(to: &self) }

    mutating func append(_ condition: RedisSetCondition) { condition.append(to: &self) }

    mutating func append(amounts: KeyValuePairs<String, Int>) {
        for (item, amount) in amounts {
            append(item)
            append(amount)
        }
    }

    /// WEIGHTS, where there are some.
    mutating func append(intWeights weights: [Int]) {
        guard !weights.isEmpty else { return }
        append("WEIGHTS")
        append(contentsOf: weights)
    }

    mutating func append(placements: [RedisJSONPlacement]) {
        for placement in placements {
            append(placement.key)
            append(placement.path)
            append(placement.json)
        }
    }

    mutating func append(points: [RedisSeriesPoint]) {
        for point in points {
            append(point.key)
            append(timeOrNow: point.time)
            append(point.value)
        }
    }

    /// A time, or the star for the server's own.
    mutating func append(timeOrNow time: Int64?) {
        if let time { append(time) } else { append("*") }
    }

    mutating func append(onDuplicate policy: RedisDuplicatePolicy?) {
        guard let policy else { return }
        append("ON_DUPLICATE")
        append(policy)
    }

    mutating func append(alignedTo start: Int64?) {
        if let start { append(start) }
    }
}

extension String {
    /// The text as a string of JSON.
    var quotedForJSON: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
