import BulkheadNetworking

/// One command, or one pipeline, that is over. Every field but the duration and the count is from a bounded set, fit
/// for a label.
public struct RedisCommandEvent: Sendable, Hashable, Codable {
    /// The name it was asked of.
    public let database: DatabaseName
    /// The number by which the server knows that database.
    public let databaseNumber: Int
    /// The server's host as it was configured, or the path of its unix socket.
    public let serverAddress: String
    /// The server's port; nil for a unix socket.
    public let serverPort: Int?
    /// The command's word, `GET`; `PIPELINE` for several, `MULTI` for a transaction; `OTHER` for words that are not
    /// Redis's own; `LEASE` for a `withConnection` that got no connection.
    public let command: String
    /// The word of all commands of a pipeline; nil where they differ.
    let pipelinedCommand: String?
    /// Commands in the pipeline or transaction, MULTI and EXEC among them; 1 for one alone, 0 for a `LEASE`.
    public let commandCount: Int
    /// Why it failed, of a pipeline the first error: this package's own code, or the server's where that is one of
    /// Redis's, else `ERR`. Nil where the server answered without an error; whether the reply is of the type its caller
    /// asked for shows only there, as `unexpected-reply`.
    public let code: RedisError.Code?
    /// How far it had come; `answered` where the server replied, with an error or without.
    public let stage: RedisError.Stage
    /// From the call to its end, retries and the pauses before them included.
    public let duration: Duration

    init(
        database: DatabaseName, databaseNumber: Int, server: Endpoint, command: String, pipelinedCommand: String?,
        commandCount: Int, code: RedisError.Code?, stage: RedisError.Stage, duration: Duration
    ) {
        self.database = database
        self.databaseNumber = databaseNumber
        serverAddress = server.address
        serverPort = server.port
        self.command = command
        self.pipelinedCommand = pipelinedCommand
        self.commandCount = commandCount
        self.code = code
        self.stage = stage
        self.duration = duration
    }

    /// What OpenTelemetry's conventions call the operation: `GET`; `PIPELINE GET` for a pipeline of GETs; `PIPELINE`
    /// for one of different commands. A pipeline of one command is that command.
    public var operation: String {
        guard let pipelinedCommand else { return command }
        return commandCount > 1 ? "\(command) \(pipelinedCommand)" : pipelinedCommand
    }
}
