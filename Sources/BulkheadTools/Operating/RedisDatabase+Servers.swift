import Bulkhead

/// The servers behind a name, as they are at the moment.
extension RedisDatabase {
    /// Runs `body` with what has keys of the name: the database itself, or in a cluster each of its primaries. Runs it
    /// again where one of them has lost its last slot meanwhile, and so has left the map.
    func withParts<Result: Sendable>(
        _ body: ([RedisDatabase]) async throws(RedisError) -> Result
    ) async throws(RedisError) -> Result {
        for _ in 1..<Self.mostLooks {
            do throws(RedisError) {
                return try await body(try await parts())
            } catch {
                guard error.code == .closed, isInCluster else { throw error }
            }
        }
        return try await body(try await parts())
    }

    private static let mostLooks = 5

    /// The clocks of its servers, in milliseconds since 1970: the one that is behind all others, and the one before
    /// them.
    func clocks() async throws(RedisError) -> (first: Int64, last: Int64) {
        let all = try await withParts { (parts: [RedisDatabase]) async throws(RedisError) -> [Int64] in
            var all: [Int64] = []
            for part in parts { all.append(try await part.milliseconds()) }
            return all
        }
        guard let first = all.min(), let last = all.max() else { throw .strangeReply }
        return (first, last)
    }
}
