import BulkheadCommands
import BulkheadRESP

/// Replies that RESP2 and RESP3 shape differently.
enum RedisJSONReply {
    /// RESP2 sends the text of an array, RESP3 the array.
    static func numbers(_ reply: RESPValue) throws(RedisConversionError) -> [Double?] {
        let value = reply.withoutAttributes
        if value.elements != nil { return try [Double?](redis: value) }
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
