public import BulkheadCommands
public import BulkheadRESP

/// The commands of a pipeline, ready to be sent in one write.
///
/// For commands of many types whose replies are read one by one; `pipeline` is shorter where the types are known.
/// ```swift
/// var batch = RedisBatch()
/// for key in keys { batch.append(.expire(key, after: .seconds(60))) }
/// let replies = try await database.pipeline(batch)  // [RESPValue], errors among them
/// ```
public struct RedisBatch: Sendable {
    private(set) var bytes: [UInt8] = []
    /// How many commands it holds.
    public private(set) var count = 0
    /// Replies that are known without asking, each with the place of its command; of most batches none.
    private var known: [(place: Int, reply: CommandRoute.KnownReply)] = []
    /// How many of the commands are sent.
    var sent: Int { count - known.count }
    /// True if it takes the bulk lane, so that it does not stand in front of single commands.
    var isLarge: Bool { takesBulkLane || count > Self.largestOnSharedLane }
    /// Set for what is large whatever its commands look like, such as the values of a scan.
    package var takesBulkLane = false
    /// Those that are not for every connection, and where they stand among those that are sent; of most batches none.
    private(set) var special: [(position: Int, command: EncodedCommand)] = []

    /// The scripts whose text it holds: what stands behind calls them by digest.
    var scripts = ScriptTexts()

    /// Which commands, by position, have a type that their reply becomes: of a `send` none, of the array form all or
    /// none, of the others up to eight. The last bit is for all positions from there on.
    private var typed: UInt64 = 0

    /// A batch above this takes the bulk lane.
    static let largestOnSharedLane = 1_000

    /// No commands yet.
    public init() {}

    /// Puts a command behind the others. What may not be sent is refused when the batch is.
    @inlinable
    public mutating func append<Reply>(_ command: RedisCommand<Reply>) {
        append(command.bytes, command.route)
    }

    /// The same for a pipeline, which reads each reply as the command's own type.
    @usableFromInline
    mutating func append<Reply>(typed command: RedisCommand<Reply>) {
        if command.isTyped { typed |= 1 << min(count, 63) }
        append(command.bytes, command.route)
    }

    /// A batch of commands of one type, with one allocation for all their bytes.
    @inlinable
    init<Reply>(_ commands: [RedisCommand<Reply>]) {
        self.init()
        // Read in place: a copy of a command costs as much as its bytes.
        commands.withUnsafeBufferPointer { commands in
            var size = 0
            var isSimple = true
            for index in commands.indices {
                size += commands[index].bytes.count
                if case .shared = commands[index].route { continue }
                isSimple = false
            }
            if isSimple {
                let bytes = [UInt8](unsafeUninitializedCapacity: size) { memory, filled in
                    for index in commands.indices {
                        filled += commands[index].bytes.copy(to: UnsafeMutableRawPointer(memory.baseAddress! + filled))
                    }
                }
                take(bytes, count: commands.count)
            } else {
                reserve(size)
                for index in commands.indices { append(commands[index].bytes, commands[index].route) }
            }
        }
        readAll(as: Reply.self)
    }

    @usableFromInline
    mutating func readAll(as type: Any.Type) { typed = type == RESPValue.self ? 0 : .max }

    @usableFromInline
    mutating func reserve(_ size: Int) { bytes.reserveCapacity(size) }

    /// The bytes of all its commands, which any connection may send.
    @usableFromInline
    mutating func take(_ bytes: [UInt8], count: Int) { (self.bytes, self.count) = (bytes, count) }

    @usableFromInline
    mutating func append(_ command: CommandBytes, _ route: CommandRoute) {
        switch route {
        case .shared: break
        case .bulk: takesBulkLane = true
        case .searching:
            takesBulkLane = true
            special.append((sent, EncodedCommand(bytes: command.array, route: route)))
        case .answered(let reply):
            known.append((count, reply))
            count += 1
            return
        case .blocking, .conversation, .refused:
            special.append((sent, EncodedCommand(bytes: command.array, route: route)))
        }
        command.append(to: &bytes)
        count += 1
    }

    /// The replies to all commands: those of the server, and the known ones in their places.
    func replies(with received: [RESPValue]) -> [RESPValue] {
        if known.isEmpty { return received }
        var replies = received
        for (place, known) in known { replies.insert(known.reply, at: place) }
        return replies
    }

    /// Throws if a command of the batch is never sent, or if `isShared` and it must not be sent on a shared lane.
    func check(isShared: Bool) throws(RedisError) {
        for (_, command) in special {
            switch command.route {
            case .shared, .bulk, .searching, .answered: continue
            case .blocking where !isShared: continue
            case .conversation(confirmations: 0) where !isShared: continue
            case .conversation(confirmations: 1...):
                throw RedisError(.commandRefused, "a subscription cannot stand in a pipeline", command: command.name)
            case .conversation: throw .needsConnection(command.name)
            case .blocking:
                throw RedisError(
                    .commandRefused, "it may block all callers that share the pipeline's connection: run it alone",
                    command: command.name)
            case .refused(let reason): throw RedisError(.commandRefused, reason.description, command: command.name)
            }
        }
    }
}

extension RedisBatch {
    /// The first command that the server would only queue, while its reply is to be read as a type of its own; nil if
    /// there is none. `isQueueing` is whether a transaction is open where the batch begins.
    func typedCommandInTransaction(_ isQueueing: Bool) -> String? {
        guard typed != 0, isQueueing || special.contains(where: { $0.command.name == "MULTI" }) else { return nil }
        var isQueueing = isQueueing
        var commands = EncodedCommands(bytes)
        var special = special[...]
        for position in 0..<count {
            let words = commands.next()
            let own = special.first?.position == position ? special.removeFirst().command.name : nil
            switch own {
            case "MULTI": isQueueing = true
            case "EXEC", "DISCARD": isQueueing = false
            case _ where isQueueing && typed >> UInt64(min(position, 63)) & 1 == 1 && own != "WATCH":
                return words?.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? ""
            default: break
            }
        }
        return nil
    }
}

extension RedisCommand {
    /// True if the reply becomes another type than the server's own value.
    @inlinable var isTyped: Bool { Reply.self != RESPValue.self }
}

extension RedisError {
    private static let ofTransactions: Set = ["MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"]

    static func needsConnection(_ command: String) -> RedisError {
        RedisError(
            .commandRefused,
            "it needs a connection of its own for the commands that follow: use withConnection { connection in … }"
                + (ofTransactions.contains(command) ? ", or transaction(…), which sends it by itself" : ""),
            command: command)
    }
}
