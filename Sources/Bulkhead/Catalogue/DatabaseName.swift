/// The name of a database. Write your own as an extension, so that a typing error does not compile:
///
/// ```swift
/// extension DatabaseName {
///     static let sessions: DatabaseName = "sessions"
/// }
/// ```
public struct DatabaseName: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// As it stands in catalogues, errors and events.
    public let text: String

    /// A name that a catalogue may have.
    public init(_ text: String) { self.text = text }
    public init(stringLiteral text: String) { self.text = text }

    public var description: String { text }

    /// Sessions, caches, queues: number 0 of the standard catalogue.
    public static let main: DatabaseName = "main"
    /// Vectors and facts: number 1.
    public static let knowledge: DatabaseName = "knowledge"
    /// Prompts and templates: number 2.
    public static let prompts: DatabaseName = "prompts"
    /// Counters and events: number 3.
    public static let analytics: DatabaseName = "analytics"
}

extension DatabaseName: Codable, CodingKeyRepresentable {
    /// Reads the text.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// A name as the key of a JSON object, as in a dictionary of metrics.
    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
    /// The name as the key of a JSON object.
    public var codingKey: any CodingKey { text.codingKey }
}
