/// Bytes that are not RESP, or that pass a limit: what is wrong, and at which byte of the stream.
///
/// A decoder that threw one stays in error, because nothing behind a violation can be trusted to be a reply.
public struct RESPViolation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule that was broken.
    public struct Kind: Sendable, Hashable {
        /// The stable name, in kebab case.
        public let name: String

        /// A first byte that starts no type.
        public static let unknownType = Kind(name: "unknown-type")
        /// A length or count that is no canonical decimal number.
        public static let malformedLength = Kind(name: "malformed-length")
        /// An integer that is no decimal number of 64 bits.
        public static let malformedInteger = Kind(name: "malformed-integer")
        /// A double outside the grammar of RESP3.
        public static let malformedDouble = Kind(name: "malformed-double")
        /// A boolean other than `#t` and `#f`.
        public static let malformedBoolean = Kind(name: "malformed-boolean")
        /// A null with content.
        public static let malformedNull = Kind(name: "malformed-null")
        /// A big number with anything but digits behind its sign.
        public static let malformedBigNumber = Kind(name: "malformed-big-number")
        /// A verbatim string without three bytes of format and a colon.
        public static let malformedVerbatim = Kind(name: "malformed-verbatim")
        /// A CR without LF, or the reverse, inside a line or behind a string.
        public static let malformedTerminator = Kind(name: "malformed-terminator")
        /// A part or an end of a stream where none is open, or a stream that ends inside a pair.
        public static let malformedStream = Kind(name: "malformed-stream")
        /// More levels than ``RESPLimits/depth``.
        public static let tooDeep = Kind(name: "too-deep")
        /// A longer line than ``RESPLimits/lineBytes``.
        public static let lineTooLong = Kind(name: "line-too-long")
        /// A longer string than ``RESPLimits/bulkBytes``.
        public static let bulkTooLong = Kind(name: "bulk-too-long")
        /// More elements than ``RESPLimits/elements``.
        public static let tooManyElements = Kind(name: "too-many-elements")
        /// A longer reply than ``RESPLimits/replyBytes``.
        public static let replyTooLong = Kind(name: "reply-too-long")
        /// Values that take more memory than ``RESPLimits/memoryBytes``.
        public static let tooMuchMemory = Kind(name: "too-much-memory")
    }

    /// The rule that was broken.
    public let kind: Kind
    /// Bytes of the stream before the first one that breaks the rule, counted from the decoder's first byte.
    public let offset: Int
    /// What was expected, in words; never bytes of a value.
    public let message: String

    public var description: String { "\(message) (\(kind.name) at byte \(offset))" }
}
