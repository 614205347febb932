public import BulkheadRESP

/// A reply that is not what the caller asked for: another kind of value, text that is not UTF-8, a number that does
/// not fit.
///
/// The command was carried out all the same; the message names kinds and sizes, never content.
public struct RedisConversionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the type wanted: `an integer of 64 bits`.
    public let expected: String
    /// What the server sent: `a bulk string of 12 bytes`.
    public let found: String

    /// Both in words, without content.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    /// Names the kind and size of `value`, not its content.
    public init(expected: String, found value: RESPValue) {
        self.init(expected: expected, found: value.kindInWords)
    }

    /// What `String` wants.
    static let text = "UTF-8 (ask for RESPBytes, [UInt8] or Data instead of String)"

    /// The same error with words for what is not text, and for how to ask for its bytes; any other as it is.
    @usableFromInline
    package func naming(_ what: String, ask: String) -> RedisConversionError {
        guard expected == Self.text else { return self }
        return RedisConversionError(expected: "\(what) in UTF-8 (\(ask))", found: found)
    }

    /// Both in a sentence.
    public var description: String { "expected \(expected), found \(found)" }
}
