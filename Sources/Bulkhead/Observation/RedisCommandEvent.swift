import BulkheadNetworking

/// One command, or one pipeline, that is over. Every field but the duration and the count is from a bounded set, fit
/// for a label.
public struct RedisCommandEvent: Sendable, Hashable {
    /// The name it was asked of.
    public let database: DatabaseName
    /// The number by which the server knows that database.
    public let databaseNumber: Int
    /// The server's host as it was configured, or the path of its unix socket.
    public let serverAddress: String
    /// The server's port; nil for a unix socket.
    public let serverPort: Int?
    /// The command's word, `GET`; `PIPELINE` for several; `OTHER` for words that are not Redis's own; `LEASE` for a
    /// `withConnection` that got no connection.
    public let command: String
    /// The word of all commands of a pipeline; nil where they differ.
    let pipelinedCommand: String?
    /// Commands in the pipeline; 1 for one alone, 0 for a `LEASE`.
    public let commandCount: Int
    /// What became of it; of a pipeline the first error, if there is one.
    public let outcome: Outcome
    /// How far it had come; `answered` where the server replied, with an error or without.
    public let stage: RedisError.Stage
    /// From the call to its end, pauses and repetitions included.
    public let duration: Duration

    init(
        database: DatabaseName, databaseNumber: Int, server: Endpoint, command: String, pipelinedCommand: String?,
        commandCount: Int, outcome: Outcome, stage: RedisError.Stage, duration: Duration
    ) {
        self.database = database
        self.databaseNumber = databaseNumber
        serverAddress = server.address
        serverPort = server.port
        self.command = command
        self.pipelinedCommand = pipelinedCommand
        self.commandCount = commandCount
        self.outcome = outcome
        self.stage = stage
        self.duration = duration
    }

    /// What OpenTelemetry's conventions call the operation: `GET`; `PIPELINE GET` for a pipeline of GETs; `PIPELINE`
    /// for one of different commands. A pipeline of one command is that command.
    public var operation: String {
        guard let pipelinedCommand else { return command }
        return commandCount > 1 ? "\(command) \(pipelinedCommand)" : pipelinedCommand
    }

    /// How a command ended; printed as `ok` or the code.
    public enum Outcome: Sendable, Hashable, CustomStringConvertible {
        /// The server answered without an error. Whether the reply is of the type its caller asked for is seen there
        /// alone: `unexpected-reply` is thrown after this.
        case success
        /// The failure's code: this package's own, or the server's where that is one of Redis's, else `ERR`.
        case failure(RedisError.Code)

        public var description: String {
            switch self {
            case .success: "ok"
            case .failure(let code): code.name
            }
        }
    }
}
