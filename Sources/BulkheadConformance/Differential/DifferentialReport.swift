/// What two servers did alike and what not.
package struct DifferentialReport: Sendable, Codable {
    /// Differences of one kind.
    package struct Kind: Sendable, Codable {
        /// The command, and what each side had.
        package let kind: String
        package internal(set) var count = 0
        /// The smallest sequence that shows it, as lines for redis-cli; empty where none was looked for.
        package internal(set) var script: [String] = []
        /// Whether it came again when its sequence was sent again.
        package internal(set) var isRepeatable = true
        /// The number of the sequence that showed it first.
        package let sequence: Int

        private enum CodingKeys: String, CodingKey {
            case kind, count, script, sequence
            case isRepeatable = "repeatable"
        }
    }

    /// A known difference that was seen.
    package struct Known: Sendable, Codable {
        package let name: String
        package let reason: String
        package internal(set) var count = 0
        package internal(set) var kinds: [String] = []
    }

    package let left: ServerIdentity
    package let right: ServerIdentity
    package let leftAddress: String
    package let rightAddress: String
    package let seed: UInt64
    /// Commands whose replies were compared.
    package internal(set) var commands = 0
    package internal(set) var sequences = 0
    /// How often all keys and their contents were compared.
    package internal(set) var wholeStates = 0
    /// Differences that nobody has given a reason for.
    package internal(set) var new: [Kind] = []
    package internal(set) var known: [Known] = []
    /// Errors of the same code with other words.
    package internal(set) var wordings: [Kind] = []
    /// Commands and options that one of the servers does not have.
    package internal(set) var leftOut: [String] = []
    /// How many forms of commands both have.
    package internal(set) var forms = 0

    private enum CodingKeys: String, CodingKey {
        case left, right, seed, commands, sequences, new, known, wordings, forms
        case leftAddress = "left_address"
        case rightAddress = "right_address"
        case wholeStates = "whole_states"
        case leftOut = "left_out"
    }
}
