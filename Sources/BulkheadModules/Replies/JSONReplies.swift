import BulkheadCommands
import BulkheadRESP

/// Replies that RESP2 and RESP3, or paths with `$` and without, shape differently.
enum RedisJSONReply {
    /// A path without `$` names one value, which comes as it is.
    static func each<Value: RedisDecodable>(
        _ reply: RESPValue, at path: String
    ) throws(RedisConversionError) -> [Value] {
        try [Value](redis: path.hasPrefix("$") ? reply : .array([reply]))
    }

    /// The same for truth values, of which one alone comes as a word.
    static func toggled(_ reply: RESPValue, at path: String) throws(RedisConversionError) -> [Bool?] {
        switch path.hasPrefix("$") ? nil : reply.withoutAttributes.bytes?.text {
        case "true"?: [true]
        case "false"?: [false]
        default: try each(reply, at: path)
        }
    }

    /// RESP2 sends the text of an array, RESP3 the array; of a path without `$` RESP2 the text of a number.
    static func numbers(_ reply: RESPValue) throws(RedisConversionError) -> [Double?] {
        let value = reply.withoutAttributes
        if value.elements != nil { return try [Double?](redis: value) }
        if let number = try? Double(redis: value) { return [number] }
        let text = try String(redis: value)
        guard text.hasPrefix("["), text.hasSuffix("]") else {
            throw RedisConversionError(expected: "an array of numbers", found: reply)
        }
        var numbers: [Double?] = []
        for part in text.dropFirst().dropLast().split(separator: ",") {
            if part == "null" {
                numbers.append(nil)
            } else if let number = Double(part) {
                numbers.append(number)
            } else {
                throw RedisConversionError(expected: "an array of numbers", found: reply)
            }
        }
        return numbers
    }

    /// RESP3 puts one array around it; a key that is missing is null.
    static func kinds(_ reply: RESPValue) throws(RedisConversionError) -> [String] {
        let value = reply.withoutAttributes
        guard let elements = value.elements else { return value.isNull ? [] : [try String(redis: value)] }
        guard elements.count == 1, let first = elements.first else { return try [String](redis: value) }
        if first.isNull { return [] }
        return try [String](redis: first.withoutAttributes.elements == nil ? value : first)
    }
}
