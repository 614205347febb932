import BulkheadNetworking

/// The messages of some channels, or the events of some keys, as they come: see
/// ``RedisDatabase/subscribe(to:as:keeping:)``.
///
/// It listens until the loop over it has ended and nobody has a copy of it any more, or until ``unsubscribe()``.
/// Several loops over one subscription take turns; each `subscribe` has messages of its own.
public struct RedisSubscription<Message: Sendable>: AsyncSequence, Sendable {
    public typealias Element = RedisSubscriptionEvent<Message>
    public typealias Failure = RedisError

    let base: MessageSubscription
    let reader: MessageReader<Message>

    /// Ends it, for all who read it: what is kept unread can still be read, and then the sequence ends.
    public func unsubscribe() { base.unsubscribe() }

    public func makeAsyncIterator() -> Iterator { Iterator(base: base, reader: reader) }

    /// Waits for one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let base: MessageSubscription
        let reader: MessageReader<Message>

        /// The next event; nil when the task is cancelled, and behind the end.
        ///
        /// Throws why the subscription ended, once; and `unexpected-reply` for a message that is not of the type asked
        /// for, behind which the next call goes on.
        public mutating func next() async throws(RedisError) -> Element? {
            switch await base.queue.next() {
            case .success(let event?): try reader.read(event)
            case .success(nil): nil
            case .failure(let failure): throw RedisError(failure, reader.database)
            }
        }
    }
}

/// The blocking twin of ``RedisSubscription``: see ``BlockingRedisDatabase/subscribe(to:as:keeping:)``.
///
/// It listens until nobody has a copy of it any more, or until ``unsubscribe()``. Several threads may read it: they
/// take turns.
public struct BlockingRedisSubscription<Message: Sendable>: Sendable {
    let base: MessageSubscription
    let reader: MessageReader<Message>

    /// Ends it, for all who read it: what is kept unread can still be read, and then ``next(timeout:)`` throws
    /// `closed`.
    public func unsubscribe() { base.unsubscribe() }

    /// The next event; nil past `timeout`. Without a timeout it waits as long as it takes.
    ///
    /// Throws why the subscription ended, `closed` behind the end; and `unexpected-reply` for a message that is not of
    /// the type asked for, behind which the next call goes on.
    public func next(timeout: Duration? = nil) throws(RedisError) -> RedisSubscriptionEvent<Message>? {
        switch base.queue.next(timeout: timeout) {
        case .success(.event(let event)): return try reader.read(event)
        case .success(.timedOut): return nil
        case .success(.ended):
            throw RedisError(.closed, "the subscription has ended", stage: .refused).at(reader.database)
        case .failure(let failure): throw RedisError(failure, reader.database)
        }
    }
}

/// How what comes becomes what was asked for.
struct MessageReader<Message: Sendable>: Sendable {
    let database: DatabaseName
    let message: @Sendable (PushedMessage) throws(RedisError) -> Message

    func read(_ event: SubscriptionEvent) throws(RedisError) -> RedisSubscriptionEvent<Message> {
        switch event {
        case .message(let pushed):
            do throws(RedisError) {
                return .message(try message(pushed))
            } catch {
                throw error.at(database)
            }
        case .gap(let failure): return .gap(RedisMessageGap(count: nil, error: RedisError(failure, database)))
        case .overflow(let count): return .gap(RedisMessageGap(overflowOf: count))
        }
    }
}
