/// As text where the bytes are UTF-8, else as an array of numbers from 0 to 255.
extension RESPBytes: Codable {
    /// Reads a string or an array of numbers.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.init(text)
        } else {
            self.init(try container.decode([UInt8].self))
        }
    }

    /// Writes a string, or an array of numbers where the bytes are not UTF-8.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let text { try container.encode(text) } else { try container.encode([UInt8](self)) }
    }
}
