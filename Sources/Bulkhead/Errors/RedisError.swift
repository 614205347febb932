/// Everything this package throws: what happened, where, and what to do.
///
/// ```swift
/// do {
///     try await databases[.main].incr("visits")
/// } catch {                       // a RedisError: every command throws this one type
///     switch error.code {
///     case .wrongType: …          // the server's own codes
///     case .connectionClosed where error.isSafeToRetry: …
///     default: throw error
///     }
/// }
/// ```
/// Messages hold no keys, values or passwords, except for what a server itself quotes in its error.
public struct RedisError: Error, Sendable, Hashable {
    /// What happened, to match on; more codes may come, so a `switch` needs a `default`.
    public let code: Code
    /// What happened and what to do about it, in words.
    public let message: String
    /// The database it happened in; nil for what concerns none.
    public internal(set) var database: DatabaseName?
    /// The command's word, such as `GET`; nil if it was no command.
    public internal(set) var command: String?
    /// How far the command had come.
    public internal(set) var stage: Stage

    /// How far a command had come when it failed.
    public enum Stage: String, Sendable, Hashable {
        /// Refused on this side; nothing was sent.
        case refused
        /// In line for a connection; nothing was sent.
        case queued
        /// Sent, or perhaps sent, and not answered: the server may have run it.
        case sent
        /// The server answered.
        case answered
    }

    /// True if the server cannot have run the command, so that sending it again does it at most once.
    public var isSafeToRetry: Bool { stage == .refused || stage == .queued }

    /// For stand-ins of your own in tests: an error as a database would throw it.
    public init(code: Code, message: String, stage: Stage) {
        self.init(code, message, stage: stage)
    }

    init(
        _ code: Code, _ message: String, database: DatabaseName? = nil, command: String? = nil, stage: Stage = .refused
    ) {
        self.code = code
        self.message = message
        self.database = database
        self.command = command
        self.stage = stage
    }

    /// The same error with where it happened, unless that is known already.
    @usableFromInline
    func at(_ database: DatabaseName, _ command: String? = nil) -> RedisError {
        var error = self
        error.database = error.database ?? database
        error.command = error.command ?? command
        return error
    }
}

extension RedisError: CustomStringConvertible {
    /// `GET in main: … (wrong-type)`
    public var description: String {
        let place = [command, database.map { "in \($0)" }].compactMap(\.self).joined(separator: " ")
        return (place.isEmpty ? "" : place + ": ") + "\(message) (\(code))"
    }
}
