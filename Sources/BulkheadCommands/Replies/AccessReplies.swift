import BulkheadRESP

extension RedisACLUser {
    /// Before 7.0 a list of patterns without their mark.
    static func patterns(_ record: RedisRecord, _ name: String) throws(RedisConversionError) -> String {
        guard let value = record[name]?.withoutAttributes, value.elements != nil else {
            return try record.required(name)
        }
        let mark = name == "keys" ? "~" : "&"
        return try [String](redis: value).map { mark + $0 }.joined(separator: " ")
    }
}
