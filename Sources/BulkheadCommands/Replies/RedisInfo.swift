public import BulkheadRESP

/// INFO's fields by name, of all its sections.
public struct RedisInfo: RedisDecodable {
    /// The reply as the server wrote it.
    public let text: String
    private let fields: [Substring: Substring]

    /// Reads `name:value` lines; others are left to ``text``. Throws if the reply is not text.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self.init(text: try String(redis: value))
    }

    private init(text: String) {
        self.text = text
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        self.fields = fields
    }

    /// The value of a field, such as `info["redis_version"]`; nil if the server did not send it.
    public subscript(field: String) -> String? { fields[field[...]].map { String($0) } }
}

extension RedisInfo: Hashable, Codable {
    public static func == (left: RedisInfo, right: RedisInfo) -> Bool { left.text == right.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Reads what `encode(to:)` wrote: the server's text.
    public init(from decoder: any Decoder) throws {
        self.init(text: try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the server's text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
