import BulkheadNetworking
import BulkheadRESP

/// A connection's pushed values, its failure as a `RedisError`.
struct RedisPushes: AsyncSequence, Sendable {
    typealias Element = RESPValue
    typealias Failure = RedisError

    let base: PushQueue?
    let database: DatabaseName

    func makeAsyncIterator() -> Iterator { Iterator(base: base?.makeAsyncIterator(), database: database) }

    struct Iterator: AsyncIteratorProtocol {
        var base: PushQueue.Iterator?
        let database: DatabaseName

        mutating func next() async throws(RedisError) -> RESPValue? {
            do {
                return try await base?.next()
            } catch {
                throw RedisError(error).at(database)
            }
        }
    }
}
