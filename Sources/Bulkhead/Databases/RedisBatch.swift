public import RESP
public import RedisCommands

/// The commands of a pipeline, ready to be sent in one piece.
public struct RedisBatch: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var names: [String] = []
    private(set) var routes: [CommandRoute] = []

    /// A batch above this takes the bulk lane, so that it does not stand in front of single commands.
    static let largestOnSharedLane = 1_000

    public init() {}

    public var count: Int { names.count }

    @inlinable
    public mutating func append<Reply>(_ command: RedisCommand<Reply>) {
        append(command.bytes, command.name, command.route)
    }

    @usableFromInline
    mutating func append(_ command: [UInt8], _ name: String, _ route: CommandRoute) {
        bytes.append(contentsOf: command)
        names.append(name)
        routes.append(route)
    }

    /// Throws if a command of the batch is never sent, or if `isShared` and it must not be sent on a shared lane.
    func check(isShared: Bool) throws(RedisError) {
        for (name, route) in zip(names, routes) {
            switch route {
            case .shared, .bulk: continue
            case .blocking where !isShared: continue
            case .conversation(confirmations: 0) where !isShared: continue
            case .conversation(confirmations: 1...):
                throw RedisError(.commandRefused, "a subscription cannot stand in a pipeline", command: name)
            case .conversation: throw .needsConnection(name)
            case .blocking:
                throw RedisError(
                    .commandRefused, "it may block, and all who share the pipeline's connection with it: run it alone",
                    command: name)
            case .refused(let reason): throw RedisError(.commandRefused, reason, command: name)
            }
        }
    }

    @usableFromInline
    func reader(of replies: [RESPValue], in database: DatabaseName) -> Reader {
        Reader(replies: replies, database: database)
    }

    /// Hands the replies to the commands in order; the first failure does not stop the later ones from being read.
    @usableFromInline
    struct Reader {
        @usableFromInline let replies: [RESPValue]
        @usableFromInline let database: DatabaseName
        @usableFromInline var position = 0

        init(replies: [RESPValue], database: DatabaseName) {
            self.replies = replies
            self.database = database
        }

        @inlinable
        mutating func next<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
            defer { position += 1 }
            do {
                return try command.value(of: replies[position])
            } catch {
                throw error.at(database, command.name)
            }
        }
    }
}

extension RedisError {
    static func needsConnection(_ command: String) -> RedisError {
        RedisError(
            .commandRefused,
            "it needs a connection of its own for the commands that follow: use withConnection { connection in … }",
            command: command)
    }
}
