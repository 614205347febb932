import BulkheadCommands
public import BulkheadRESP

/// A key that a scan found, and what was read of it.
public struct RedisScannedValue<Value: Sendable>: Sendable {
    /// The key, as the scan found it.
    public let key: RESPBytes
    /// The value, or why this one could not be read: WRONGTYPE, for example, of a key of another type.
    public let result: Result<Value, RedisError>

    /// The value; throws why it could not be read.
    public var value: Value {
        get throws(RedisError) { try result.get() }
    }
}

/// The keys of a database with a value of each, slice by slice as they are asked for.
public struct RedisValueScan<Value: Sendable>: AsyncSequence, Sendable {
    public typealias Element = RedisScannedValue<Value>
    public typealias Failure = RedisError
    typealias Send = @Sendable (RedisBatch) async throws(RedisError) -> [RESPValue]

    let keys: RedisScan<RESPBytes>
    let pacer: Pacer
    let database: DatabaseName
    let command: @Sendable (RESPBytes) -> RedisCommand<Value>
    let send: Send

    public func makeAsyncIterator() -> Iterator {
        Iterator(keys: keys.makeAsyncIterator(), scan: self)
    }

    /// Asks for the next slice when that of the last is used up.
    public struct Iterator: AsyncIteratorProtocol {
        private var keys: RedisScan<RESPBytes>.Iterator
        private var pacer: Pacer
        private let scan: RedisValueScan
        private var waiting: ArraySlice<RESPBytes> = []
        private var found: ArraySlice<Element> = []

        init(keys: RedisScan<RESPBytes>.Iterator, scan: RedisValueScan) {
            self.keys = keys
            self.scan = scan
            pacer = scan.pacer
        }

        public mutating func next() async throws(RedisError) -> Element? {
            while found.isEmpty {
                if waiting.isEmpty {
                    guard let page = try await keys.nextPage() else { return nil }
                    waiting = page[...]
                } else {
                    let slice = waiting.prefix(await pacer.begin())
                    let commands = slice.map(scan.command)
                    let batch = RedisBatch.ofScannedValues(commands)
                    pacer.leave()
                    let replies = try await scan.send(batch)
                    // Reading them as values is this side's time, not the server's.
                    pacer.end(keys: slice.count)
                    waiting.removeFirst(slice.count)
                    found = slice.scanned(commands, replies, in: scan.database)[...]
                }
            }
            return found.popFirst()
        }
    }
}

/// The keys of a database with a value of each for blocking callers: `while let found = try scan.next() { … }`.
public struct BlockingRedisValueScan<Value: Sendable> {
    /// A key with its value, or why that could not be read.
    public typealias Element = RedisScannedValue<Value>
    typealias Send = (RedisBatch) throws(RedisError) -> [RESPValue]

    private var keys: BlockingRedisScan<RESPBytes>
    private var pacer: Pacer
    private let database: DatabaseName
    private let command: (RESPBytes) -> RedisCommand<Value>
    private let send: Send
    private var waiting: ArraySlice<RESPBytes> = []
    private var found: ArraySlice<Element> = []

    init(
        keys: BlockingRedisScan<RESPBytes>, pacer: Pacer, database: DatabaseName,
        command: @escaping (RESPBytes) -> RedisCommand<Value>, send: @escaping Send
    ) {
        self.keys = keys
        self.pacer = pacer
        self.database = database
        self.command = command
        self.send = send
    }

    /// The next key and its value, or nil after the last. A failure leaves the scan where it was.
    public mutating func next() throws(RedisError) -> Element? {
        while found.isEmpty {
            if waiting.isEmpty {
                guard let page = try keys.nextPage() else { return nil }
                waiting = page[...]
            } else {
                let slice = waiting.prefix(pacer.beginBlocking())
                let commands = slice.map(command)
                let batch = RedisBatch.ofScannedValues(commands)
                pacer.leave()
                let replies = try send(batch)
                pacer.end(keys: slice.count)
                waiting.removeFirst(slice.count)
                found = slice.scanned(commands, replies, in: database)[...]
            }
        }
        return found.popFirst()
    }
}

extension ArraySlice<RESPBytes> {
    /// These keys, each with what its command's reply comes to.
    fileprivate func scanned<Value>(
        _ commands: [RedisCommand<Value>], _ replies: [RESPValue], in database: DatabaseName
    ) -> [RedisScannedValue<Value>] {
        zip(self, commands.results(of: replies, in: database)).map { RedisScannedValue(key: $0, result: $1) }
    }
}

extension RedisBatch {
    fileprivate static func ofScannedValues<Reply>(_ commands: [RedisCommand<Reply>]) -> RedisBatch {
        var batch = RedisBatch(commands)
        batch.takesBulkLane = true
        return batch
    }
}
