import BulkheadCommands
import BulkheadRESP

/// The keys of a database with a value of each, slice by slice as they are asked for.
public struct RedisValueScan<Key: Sendable, Value: Sendable>: AsyncSequence, Sendable {
    /// A key with its value, or why that could not be read.
    public typealias Element = RedisScannedValue<Key, Value>
    public typealias Failure = RedisError
    typealias Send = @Sendable (RedisBatch) async throws(RedisError) -> [RESPValue]

    let keys: RedisScan<Key>
    let pacer: Pacer
    let database: DatabaseName
    let command: @Sendable (Key) -> RedisCommand<Value>
    let send: Send

    public func makeAsyncIterator() -> Iterator {
        Iterator(keys: keys.makeAsyncIterator(), scan: self)
    }

    /// Asks for the next slice when that of the last is used up.
    public struct Iterator: AsyncIteratorProtocol {
        private var keys: RedisScan<Key>.Iterator
        private var pacer: Pacer
        private let scan: RedisValueScan
        private var waiting: ArraySlice<Key> = []
        private var found: ArraySlice<Element> = []

        init(keys: RedisScan<Key>.Iterator, scan: RedisValueScan) {
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

extension ArraySlice where Element: Sendable {
    /// These keys, each with what its command's reply comes to.
    func scanned<Value>(
        _ commands: [RedisCommand<Value>], _ replies: [RESPValue], in database: DatabaseName
    ) -> [RedisScannedValue<Element, Value>] {
        zip(self, commands.results(of: replies, in: database)).map { RedisScannedValue(key: $0, result: $1) }
    }
}

extension RedisBatch {
    static func ofScannedValues<Reply>(_ commands: [RedisCommand<Reply>]) -> RedisBatch {
        var batch = RedisBatch(commands)
        batch.takesBulkLane = true
        return batch
    }
}
