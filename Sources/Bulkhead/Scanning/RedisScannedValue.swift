public import RESP

/// A key that a scan found, and what was read of it.
public struct RedisScannedValue<Value: Sendable>: Sendable {
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
    typealias Fetch = @Sendable (ArraySlice<RESPBytes>) async throws(RedisError) -> [Result<Value, RedisError>]

    let keys: RedisScan<RESPBytes>
    let pacer: Pacer
    let fetch: Fetch

    public func makeAsyncIterator() -> Iterator {
        Iterator(keys: keys.makeAsyncIterator(), pacer: pacer, fetch: fetch)
    }

    public struct Iterator: AsyncIteratorProtocol {
        private var keys: RedisScan<RESPBytes>.Iterator
        private var pacer: Pacer
        private let fetch: Fetch
        private var waiting: ArraySlice<RESPBytes> = []
        private var found: ArraySlice<Element> = []

        init(keys: RedisScan<RESPBytes>.Iterator, pacer: Pacer, fetch: @escaping Fetch) {
            self.keys = keys
            self.pacer = pacer
            self.fetch = fetch
        }

        public mutating func next() async throws(RedisError) -> Element? {
            while found.isEmpty {
                if waiting.isEmpty {
                    guard let page = try await keys.nextPage() else { return nil }
                    waiting = page[...]
                } else {
                    let slice = waiting.prefix(await pacer.begin())
                    let results = try await fetch(slice)
                    pacer.end(keys: slice.count)
                    waiting.removeFirst(slice.count)
                    found = zip(slice, results).map { RedisScannedValue(key: $0, result: $1) }[...]
                }
            }
            return found.popFirst()
        }
    }
}

/// The keys of a database with a value of each for blocking callers: `while let found = try scan.next() { … }`.
public struct BlockingRedisValueScan<Value: Sendable> {
    public typealias Element = RedisScannedValue<Value>
    typealias Fetch = (ArraySlice<RESPBytes>) throws(RedisError) -> [Result<Value, RedisError>]

    private var keys: BlockingRedisScan<RESPBytes>
    private var pacer: Pacer
    private let fetch: Fetch
    private var waiting: ArraySlice<RESPBytes> = []
    private var found: ArraySlice<Element> = []

    init(keys: BlockingRedisScan<RESPBytes>, pacer: Pacer, fetch: @escaping Fetch) {
        self.keys = keys
        self.pacer = pacer
        self.fetch = fetch
    }

    /// The next key and its value, or nil after the last. A failure leaves the scan where it was.
    public mutating func next() throws(RedisError) -> Element? {
        while found.isEmpty {
            if waiting.isEmpty {
                guard let page = try keys.nextPage() else { return nil }
                waiting = page[...]
            } else {
                let slice = waiting.prefix(pacer.beginBlocking())
                let results = try fetch(slice)
                pacer.end(keys: slice.count)
                waiting.removeFirst(slice.count)
                found = zip(slice, results).map { RedisScannedValue(key: $0, result: $1) }[...]
            }
        }
        return found.popFirst()
    }
}
