public import BulkheadCommands
public import BulkheadRESP

extension RedisCommand {
    /// The reply as the type asked for; a failure says of which command it is, and in which database.
    @inlinable
    func value(of reply: RESPValue, in database: @autoclosure () -> DatabaseName) throws(RedisError) -> Reply {
        do {
            return try value(of: reply)
        } catch {
            throw error.at(database(), encoded)
        }
    }

    /// The same, without where a failure happened.
    @inlinable
    func value(of reply: RESPValue) throws(RedisError) -> Reply { try Self.value(of: reply, by: decode) }

    /// The same for who has nothing of a command but how its reply is read.
    @inlinable
    static func value(
        of reply: RESPValue, by decode: (RESPValue) throws(RedisConversionError) -> Reply
    ) throws(RedisError) -> Reply {
        switch reply {
        case .error(let message), .bulkError(let message): throw RedisError(server: message)
        case .attribute:
            if let message = reply.withoutAttributes.errorMessage { throw RedisError(server: message) }
        case .simpleString(let word) where word.elementsEqual("QUEUED".utf8) && Reply.self != RESPValue.self:
            throw .queued
        default: break
        }
        do {
            return try decode(reply)
        } catch {
            throw RedisError(error, of: reply)
        }
    }
}

extension Array {
    /// Each command's own result, in order: the replies of a pipeline.
    @inlinable
    func results<Reply>(
        of received: consuming [RESPValue], in database: DatabaseName
    ) -> [Result<Reply, RedisError>] where Element == RedisCommand<Reply> {
        var results: [Result<Reply, RedisError>] = []
        results.reserveCapacity(count)
        precondition(received.count >= count, "a reply for each command")
        var replies = received
        withUnsafeBufferPointer { commands in
            replies.withUnsafeMutableBufferPointer { replies in
                for index in commands.indices {
                    // Moved out, not copied: two counts fewer of the receive buffer's references.
                    var reply = RESPValue.null
                    swap(&reply, &replies[index])
                    // Not `value(of:in:)`, for which each command would be copied.
                    do throws(RedisError) {
                        let value = try RedisCommand.value(of: reply, by: commands[index].decode)
                        results.append(.success(value))
                    } catch {
                        results.append(.failure(error.at(database, commands[index].encoded)))
                    }
                }
            }
        }
        return results
    }
}

/// Hands the replies of a pipeline to commands of different types, in order.
@usableFromInline
struct ReplyReader {
    @usableFromInline let replies: [RESPValue]
    @usableFromInline let database: DatabaseName
    @usableFromInline var position = 0

    @usableFromInline
    init(_ replies: [RESPValue], in database: DatabaseName) {
        self.replies = replies
        self.database = database
    }

    @inlinable
    mutating func next<Reply>(_ command: RedisCommand<Reply>) throws(RedisError) -> Reply {
        defer { position += 1 }
        return try command.value(of: replies[position], in: database)
    }
}

extension RESPValue {
    /// What a server answers to a command within a transaction.
    var isQueued: Bool {
        guard case .simpleString(let text) = self else { return false }
        return text.elementsEqual("QUEUED".utf8)
    }
}
