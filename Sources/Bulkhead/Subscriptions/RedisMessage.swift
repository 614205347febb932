import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// A published message.
public struct RedisMessage<Content: Sendable>: Sendable {
    /// The channel it was published to, as it was sent.
    public let channelBytes: RESPBytes
    /// The pattern of the subscription that it matched; nil if the channel was subscribed to by its name.
    public let patternBytes: RESPBytes?
    /// What was published.
    public let content: Content

    /// The channel it was published to. A name that is not UTF-8 is repaired; see ``channelBytes``.
    public var channel: String { String(decoding: channelBytes, as: UTF8.self) }
    /// The pattern as text; see ``patternBytes``.
    public var pattern: String? { patternBytes.map { String(decoding: $0, as: UTF8.self) } }
}

extension RedisMessage: Equatable where Content: Equatable {}
extension RedisMessage: Hashable where Content: Hashable {}

extension RedisMessage where Content: RedisDecodable {
    init(_ message: PushedMessage) throws(RedisError) {
        channelBytes = message.channel
        patternBytes = message.subject.kind == .pattern ? message.subject.name : nil
        do {
            content = try Content(redis: message.content)
        } catch {
            throw RedisError(error, of: message.content)
        }
    }
}

/// What a subscription brings. Both cases matter: behind a gap a program must look for itself what it has missed.
public enum RedisSubscriptionEvent<Message: Sendable>: Sendable {
    /// The next message.
    case message(Message)
    /// Messages may be missing here.
    case gap(RedisMessageGap)
}

extension RedisSubscriptionEvent: Equatable where Message: Equatable {}
extension RedisSubscriptionEvent: Hashable where Message: Hashable {}

/// A place in a subscription where messages are missing, or may be.
///
/// It comes when the server has confirmed the subscription again: what a program reads from the server behind a gap
/// is newer than the gap.
public struct RedisMessageGap: Sendable, Hashable {
    /// How many messages are missing, where they came faster than they were read. Nil where the connection was lost:
    /// then nobody knows.
    public let count: Int?
    /// What happened: `messages-lost`, or how the connection ended.
    public let error: RedisError
}

extension RedisMessageGap {
    init(overflowOf count: Int) {
        self.count = count
        error = RedisError(
            .messagesLost,
            "\(count) messages arrived faster than they were read, and were lost: read faster, or raise `keeping`",
            stage: .sent)
    }
}

extension RedisError {
    /// Why a subscription ended or has a gap, seen from a database.
    init(_ failure: SubscriptionFailure, _ database: DatabaseName) {
        switch failure {
        case .connection(let failure): self = RedisError(failure).at(database)
        case .refused(let message): self = RedisError(server: message).at(database)
        }
    }
}
