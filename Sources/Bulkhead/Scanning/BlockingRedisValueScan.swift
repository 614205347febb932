import BulkheadCommands
import BulkheadRESP

/// The keys of a database with a value of each for blocking callers: `while let found = try scan.next() { … }`.
public struct BlockingRedisValueScan<Key: Sendable, Value: Sendable> {
    /// A key with its value, or why that could not be read.
    public typealias Element = RedisScannedValue<Key, Value>
    typealias Send = (RedisBatch) throws(RedisError) -> [RESPValue]

    private var keys: BlockingRedisScan<Key>
    private var pacer: Pacer
    private let database: DatabaseName
    private let command: (Key) -> RedisCommand<Value>
    private let send: Send
    private var waiting: ArraySlice<Key> = []
    private var found: ArraySlice<Element> = []

    init(
        keys: BlockingRedisScan<Key>, pacer: Pacer, database: DatabaseName,
        command: @escaping (Key) -> RedisCommand<Value>, send: @escaping Send
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
