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
    /// In a box: every `async` function that may throw one reserves room for it, and nearly none does.
    private struct Content: Hashable {
        let code: Code
        let message: String
        var database: DatabaseName?
        var command: String?
        let stage: Stage
    }

    private final class Box: Sendable {
        let content: Content

        init(_ content: Content) { self.content = content }
    }

    private let box: Box

    /// What happened, to match on; more codes may come, so a `switch` needs a `default`.
    public var code: Code { box.content.code }
    /// What happened and what to do about it, in words.
    public var message: String { box.content.message }
    /// The database it happened in; nil for what concerns none.
    public var database: DatabaseName? { box.content.database }
    /// The command's word, such as `GET`; nil if it was no command.
    public var command: String? { box.content.command }
    /// How far the command had come.
    public var stage: Stage { box.content.stage }

    /// True if the server cannot have run the command, so that sending it again does it at most once.
    public var isSafeToRetry: Bool { stage == .refused || stage == .queued || stage == .connecting }

    /// True if nobody knows whether the server has run the command: it left, or may have, and no reply came.
    ///
    /// You can repeat a read. Before you repeat a write, check whether it has already taken effect.
    public var isAmbiguous: Bool { stage == .writing || stage == .sent }

    /// An error of a program's own, such as a test's.
    public init(code: Code, message: String, stage: Stage) {
        self.init(code, message, stage: stage)
    }

    init(
        _ code: Code, _ message: String, database: DatabaseName? = nil, command: String? = nil, stage: Stage = .refused
    ) {
        box = Box(Content(code: code, message: message, database: database, command: command, stage: stage))
    }

    /// The same error with where it happened, unless that is known already.
    @usableFromInline
    func at(_ database: DatabaseName, _ command: String? = nil) -> RedisError {
        var content = box.content
        content.database = content.database ?? database
        content.command = content.command ?? command
        return RedisError(content)
    }

    /// The same with the command's word, and with advice where the server gives none.
    @usableFromInline
    func at(_ database: DatabaseName, _ command: EncodedCommand) -> RedisError {
        advised(command).at(database, command.name)
    }

    private init(_ content: Content) { box = Box(content) }
}

extension RedisError {
    public static func == (left: RedisError, right: RedisError) -> Bool { left.box.content == right.box.content }
    public func hash(into hasher: inout Hasher) { hasher.combine(box.content) }
}

extension RedisError: CustomStringConvertible {
    /// `GET in main: … (WRONGTYPE)`: the command, the database, ``message`` and ``code``.
    public var description: String {
        let place = [command, database.map { "in \($0)" }].compactMap(\.self).joined(separator: " ")
        return (place.isEmpty ? "" : place + ": ") + "\(message) (\(code))"
    }
}
