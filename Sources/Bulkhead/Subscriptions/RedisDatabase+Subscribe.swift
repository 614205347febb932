public import BulkheadCommands
import BulkheadNetworking

extension RedisDatabase {
    /// Listens to channels of the server on which this database lives.
    ///
    /// ```swift
    /// for try await event in try await databases[.main].subscribe(to: .channels("orders"), as: Int.self) {
    ///     switch event {
    ///     case .message(let order): print(order.channel, order.content)
    ///     case .gap: break  // messages may be missing: read what they were about from the server
    ///     }
    /// }
    /// ```
    /// Channels belong to the server and not to a database: `PUBLISH` from any name of the server reaches a subscriber
    /// of any other. All subscriptions of a server and a login share one connection, which is made for the first and
    /// closed ten seconds after the last. In a cluster there is one for each server at which something is heard, and
    /// shard channels follow their slots; see <doc:Messages>.
    ///
    /// It returns when the server has confirmed every channel: from then on it brings every message. When the last
    /// subscriber of a channel leaves, the client unsubscribes from it. When the connection is lost another one is
    /// made, as often as it takes, and the sequence has a ``RedisSubscriptionEvent/gap(_:)`` in that place.
    ///
    /// A subscriber keeps up to `count` messages, or 64 MiB of them, that it has not read. Beyond that, messages
    /// are dropped until it has read all that are kept; then it reads a gap that says how many were lost.
    ///
    /// Throws `NOPERM` if the ACL denies a channel, `timed-out` past the database's time limit, `cancelled`, `closed`,
    /// `invalid-argument` without a channel, and why no connection could be made, such as `connect-failed`. The
    /// sequence throws when a connection was lost and the server refuses the login or a channel on the next one; it
    /// ends without an error when the databases are closed or the task is cancelled.
    /// - Complexity: O(N) in the channels; a message costs O(M) in its subscribers.
    public func subscribe<Content: RedisDecodable>(
        to channels: RedisChannels, as type: Content.Type = String.self, keeping count: Int = 1_024
    ) async throws(RedisError) -> RedisSubscription<RedisMessage<Content>> {
        try await subscription(to: channels, keeping: count) { message throws(RedisError) in try RedisMessage(message) }
    }

    func subscription<Message: Sendable>(
        to channels: RedisChannels, everywhere isEverywhere: Bool = false, keeping count: Int,
        _ message: @escaping @Sendable (PushedMessage) throws(RedisError) -> Message
    ) async throws(RedisError) -> RedisSubscription<Message> {
        let base = try await opened(until: Deadline(after: relaxedTimeout)) { () throws(RedisError) in
            try binding.subscribe(to: channels, everywhere: isEverywhere, keeping: count)
        }
        if Task.isCancelled { throw RedisError(.cancelled, "the task was cancelled", stage: .answered).at(name) }
        return RedisSubscription(base: base, reader: MessageReader(database: name, message: message))
    }

    private func opened(
        until deadline: Deadline, _ subscribe: () throws(RedisError) -> MessageSubscription
    ) async throws(RedisError) -> MessageSubscription {
        var wait = PrimaryWait(until: deadline)
        while true {
            let base = try subscribe()
            do throws(SubscriptionFailure) {
                try await base.opened(until: deadline)
                return base
            } catch {
                if let pause = wait.pause(after: error.ofConnection), await sleepTask(for: pause) { continue }
                throw RedisError(error, name)
            }
        }
    }
}

extension BlockingRedisDatabase {
    /// Listens to channels of the server on which this database lives, as ``RedisDatabase/subscribe(to:as:keeping:)``
    /// does.
    ///
    /// ```swift
    /// let orders = try databases.blocking(.main).subscribe(to: .channels("orders"), as: Int.self)
    /// while let event = try orders.next(timeout: .seconds(60)) {
    ///     if case .message(let order) = event { print(order.channel, order.content) }
    /// }
    /// ```
    public func subscribe<Content: RedisDecodable>(
        to channels: RedisChannels, as type: Content.Type = String.self, keeping count: Int = 1_024
    ) throws(RedisError) -> BlockingRedisSubscription<RedisMessage<Content>> {
        try subscription(to: channels, keeping: count) { message throws(RedisError) in try RedisMessage(message) }
    }

    func subscription<Message: Sendable>(
        to channels: RedisChannels, everywhere isEverywhere: Bool = false, keeping count: Int,
        _ message: @escaping @Sendable (PushedMessage) throws(RedisError) -> Message
    ) throws(RedisError) -> BlockingRedisSubscription<Message> {
        let base = try opened(until: Deadline(after: relaxedTimeout)) { () throws(RedisError) in
            try binding.subscribe(to: channels, everywhere: isEverywhere, keeping: count)
        }
        return BlockingRedisSubscription(base: base, reader: MessageReader(database: name, message: message))
    }

    private func opened(
        until deadline: Deadline, _ subscribe: () throws(RedisError) -> MessageSubscription
    ) throws(RedisError) -> MessageSubscription {
        var wait = PrimaryWait(until: deadline)
        while true {
            let base = try subscribe()
            do throws(SubscriptionFailure) {
                try base.openedBlocking(until: deadline)
                return base
            } catch {
                guard let pause = wait.pause(after: error.ofConnection) else { throw RedisError(error, name) }
                sleepThread(for: pause)
            }
        }
    }
}

extension DatabaseBinding {
    fileprivate func subscribe(
        to channels: RedisChannels, everywhere isEverywhere: Bool, keeping count: Int
    ) throws(RedisError) -> MessageSubscription {
        guard !channels.subjects.isEmpty else {
            throw RedisError(.invalidArgument, "a subscription needs a channel, and none was named", stage: .refused)
                .at(entry.name)
        }
        switch subscriptions {
        case .server(let hub, let settings):
            return MessageSubscription(channels.subjects, over: hub, settings, keeping: count)
        case .cluster(let listening):
            return listening.subscribe(to: channels.subjects, everywhere: isEverywhere, keeping: count)
        }
    }
}

extension SubscriptionFailure {
    fileprivate var ofConnection: ConnectionFailure? {
        if case .connection(let failure) = self { failure } else { nil }
    }
}

/// Where the subscriptions of a name go.
enum SubscriptionPlace: Sendable {
    /// To one server; the settings are those of the connection that is made if there is none.
    case server(SubscriptionHub, ConnectionSettings)
    case cluster(ClusterListening)
}

extension ConnectionSettings {
    /// Where the configuration asks for no PINGs: nobody would notice else that a connection was cut without a word.
    private static let probeInterval = Duration.seconds(15)

    /// The same for a connection of subscriptions: neither its age nor its silence is a reason to replace it, as each
    /// time messages would be missed.
    var forSubscriptions: ConnectionSettings {
        var settings = self
        settings.lifetime = ConnectionLifetime(probeInterval: lifetime.probeInterval ?? Self.probeInterval)
        return settings
    }
}
