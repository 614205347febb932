public import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

extension RedisError {
    /// A failure of a connection, seen from a database.
    init(_ failure: ConnectionFailure) {
        let code: Code =
            switch failure.reason {
            case .nameNotResolved: .nameNotResolved
            case .connectFailed: .connectFailed
            case .connectTimedOut: .connectTimedOut
            case .tlsUnavailable: .tlsUnavailable
            case .tlsSettings: .invalidConfiguration
            case .certificateRefused: .certificateRefused
            case .tlsRefused, .tlsFailed: .tlsFailed
            case .handshakeRefused(code: "ERR"), .handshakeUnanswered: .handshakeRefused
            case .handshakeRefused(let word): Code(server: word)
            case .authenticationFailed: .authenticationFailed
            case .credentialsUnavailable: .credentialsUnavailable
            case .permissionDenied: .noPermission
            case .databaseOutOfRange: .databaseOutOfRange
            case .databaseDenied: .databaseDenied
            case .protocolViolation, .unsolicitedReply: .protocolViolation
            case .closedByServer, .inputOutput, .superseded: .connectionClosed
            case .notPrimary, .primaryAwaited, .primaryUnknown: .noPrimary
            case .crossSlot: .crossSlot
            case .outOfDescriptors: .tooManyOpenFiles
            case .closed: .closed
            case .tooManyWaiters: .tooManyWaiters
            case .tooManyRequests: .tooManyRequests
            case .timedOut: .timedOut
            case .leaseTimedOut: .leaseTimedOut
            case .cancelled: .cancelled
            case .pushOverflow: .messagesLost
            }
        let stage: Stage =
            switch failure.stage {
            case .refused: .refused
            case .queued: .queued
            case .connecting: .connecting
            case .writing: .writing
            case .sent: .sent
            case .answered: .answered
            }
        self.init(code, failure.message, stage: stage)
    }

    /// An error the server answered. Its text is kept but for the arguments that some servers repeat in it.
    @usableFromInline
    package init(server message: RESPBytes) {
        var text = String(decoding: message, as: UTF8.self)
        if let repeated = text.firstRange(of: ", with args beginning with") {
            text = String(text[..<repeated.lowerBound])
        }
        let word = text.prefix { $0 != " " }
        let isCode = !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        self.init(isCode ? Code(server: String(word)) : .serverError, text, stage: .answered)
    }

    /// A reply that does not convert. Where it holds an error of the server, as those of EXEC and of scripts may, it
    /// is that one.
    @usableFromInline
    init(_ conversion: RedisConversionError, of reply: RESPValue) {
        var within: RESPBytes?
        reply.forEachValue { within = within ?? $0.errorMessage }
        guard let within else {
            self.init(.unexpectedReply, "the reply does not have the requested type: \(conversion)", stage: .answered)
            return
        }
        let error = RedisError(server: within)
        self.init(error.code, "an error within the reply: \(error.message)", stage: .answered)
    }
}

extension RedisError {
    @usableFromInline static var queued: RedisError {
        RedisError(
            .unexpectedReply,
            "a transaction is open, so the server only queued it: its reply is a part of EXEC's. Send it as a raw "
                + "command, whose reply is a RESPValue",
            stage: .answered)
    }

    /// The same, seen before anything is sent.
    static func queued(_ command: String) -> RedisError {
        RedisError(
            .commandRefused,
            "a transaction is open on this connection, so the server would only queue it: its reply would come with "
                + "EXEC's, and not as the type asked for. Nothing was sent. Send it as .raw(\"…\", […]), whose reply "
                + "is a RESPValue, and read its result from EXEC's; or end the transaction first",
            command: command)
    }
}
