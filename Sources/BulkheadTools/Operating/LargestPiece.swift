import Bulkhead
import BulkheadConsole

/// The largest value that a server takes in one command. If more is sent it closes the connection without a reply.
struct LargestPiece: Sendable {
    /// `proto-max-bulk-len`: bytes of one value; nil where the server does not let us ask.
    let bulk: Int?
    /// `client-query-buffer-limit`: bytes of a command, or of all that stand behind a MULTI; nil likewise.
    let buffer: Int?

    /// What both are by default, and more than 512 MiB of one value is never sent.
    private static let usual = (bulk: 512 << 20, buffer: 1 << 30)
    /// Bytes of names and words around a value, and of the note that a migration sends with it.
    private static let around = 64 << 10
    /// Neither limit can be set lower.
    private static let least = 1 << 20

    init(_ server: ServerFacts) {
        bulk = server.settings?["proto-max-bulk-len"].flatMap { Int($0) }
        buffer = server.settings?["client-query-buffer-limit"].flatMap { Int($0) }
    }

    private var mostOfValue: Int { min(bulk ?? Self.usual.bulk, Self.usual.bulk) }

    /// Bytes of values that may go in one transaction.
    var mostTogether: Int { max(0, buffer ?? Self.usual.buffer) - Self.around }

    /// Why the server does not take a value of so many bytes; nil if it does.
    func obstacle(to bytes: Int) -> String? {
        if bytes > Self.usual.bulk - Self.around {
            return "larger than one command can send to a server (\(Units.bytes(Self.usual.bulk)))"
        }
        let setting: String
        let limit: Int
        if bytes > mostOfValue {
            (setting, limit) = ("proto-max-bulk-len", mostOfValue)
        } else if bytes > mostTogether {
            (setting, limit) = ("client-query-buffer-limit", buffer ?? Self.usual.buffer)
        } else {
            return nil
        }
        return "larger than the server takes in one command (\(Units.bytes(limit))): set its \(setting) higher"
    }

    /// The error with what may have caused it, where a connection ended under a value that may have been too large.
    func explained(_ error: RedisError, sending bytes: Int) -> RedisError {
        guard error.isAmbiguous, bytes >= Self.least, bulk == nil || buffer == nil else { return error }
        let words =
            "; \(Units.bytes(bytes)) were on their way, which may be more than the server's proto-max-bulk-len "
            + "or client-query-buffer-limit allows (CONFIG GET is denied)"
        return RedisError(code: error.code, message: error.message + words, stage: error.stage)
    }
}
