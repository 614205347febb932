/// Bytes that are no snapshot or DUMP payload, or that hold what this module does not know: what, and at which byte.
///
/// A reader that threw one stays in error: the length of what is not understood cannot be known, so nothing behind
/// it can be trusted.
package struct RDBViolation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule that was broken.
    package struct Kind: Sendable, Hashable {
        /// The stable name, in kebab case.
        package let name: String

        /// A beginning other than `REDIS` or `VALKEY` and a version.
        package static let notASnapshot = Kind(name: "not-a-snapshot")
        /// A version newer than those that are known.
        package static let unknownVersion = Kind(name: "unknown-version")
        /// A type or opcode that is not known, or is not read on purpose; the message names it.
        package static let unknownType = Kind(name: "unknown-type")
        /// Bytes that contradict the format of what they belong to.
        package static let malformed = Kind(name: "malformed")
        /// A length or count above what there can be or what a limit allows.
        package static let tooLong = Kind(name: "too-long")
        /// A checksum that does not fit the bytes before it.
        package static let wrongChecksum = Kind(name: "wrong-checksum")
        /// An end inside a record or value.
        package static let truncated = Kind(name: "truncated")
    }

    package let kind: Kind
    /// Bytes before the one that breaks the rule, counted from the first byte given.
    package let offset: Int
    /// What was expected, in words; never bytes of a key or value.
    package let message: String

    package init(_ kind: Kind, at offset: Int, _ message: String) {
        self.kind = kind
        self.offset = offset
        self.message = message
    }

    package var description: String { "\(message) (\(kind.name) at byte \(offset))" }
}
