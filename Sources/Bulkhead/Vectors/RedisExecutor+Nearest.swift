public import BulkheadCommands
import BulkheadRESP

extension RedisExecutor {
    /// Finds the keys whose vectors are nearest to one: exactly, on any server, in any database, without an index.
    ///
    /// ```swift
    /// let found = try await knowledge.nearest(
    ///     10, to: query, in: .field("vector"), match: "llama_index/*", pace: .considerate)
    /// for neighbour in found.neighbours { print(neighbour.key, neighbour.distance) }
    /// ```
    /// All keys are scanned, and their vectors compared on this side, in slices as the pace wants it: without one the
    /// database's own holds (see ``RedisPace``). What is no vector of the query's dimension is skipped and counted.
    /// What is added or removed meanwhile may or may not be found. Distances are computed in 32 bits.
    ///
    /// Throws `invalid-argument`, before anything is sent, if `count` is less than 1, the vector is empty, holds a
    /// number that is none, or is all 0 where the angle counts; and what scans throw. A failure leaves nothing behind.
    /// Keys that are not UTF-8 need `as: RESPBytes.self`, and trouble only if they are among the nearest.
    /// - Complexity: O(N) in the database's keys, and the bytes of every vector come over the network. Memory is for
    ///   `count` keys and one slice of values. 20,000 vectors of 384 numbers took 0.3 s (`Benchmarks/vectors`). For
    ///   many searches, `vsim` of a vector set is O(log N) and not exact.
    public func nearest<Key: RedisDecodable>(
        _ count: Int, to vector: [Float], in place: RedisVectorPlace, match pattern: String? = nil,
        by distance: RedisVectorDistance = .cosine, as keyType: Key.Type = String.self, pace: RedisPace? = nil
    ) async throws(RedisError) -> RedisNearest<Key> {
        do throws(RedisError) {
            var search = try NearestSearch(count, to: vector, in: place, by: distance)
            let scan = scanValues(
                match: pattern, type: place.type, as: RESPBytes.self, pace: pace, search.command)
            for try await found in scan { try search.take(found) }
            return try search.result(as: keyType)
        } catch {
            throw error.at(name)
        }
    }
}

extension BlockingRedisExecutor {
    /// Finds the keys whose vectors are nearest to one, exactly, as the asynchronous form does.
    public func nearest<Key: RedisDecodable>(
        _ count: Int, to vector: [Float], in place: RedisVectorPlace, match pattern: String? = nil,
        by distance: RedisVectorDistance = .cosine, as keyType: Key.Type = String.self, pace: RedisPace? = nil
    ) throws(RedisError) -> RedisNearest<Key> {
        do throws(RedisError) {
            var search = try NearestSearch(count, to: vector, in: place, by: distance)
            var scan = scanValues(
                match: pattern, type: place.type, as: RESPBytes.self, pace: pace, search.command)
            while let found = try scan.next() { try search.take(found) }
            return try search.result(as: keyType)
        } catch {
            throw error.at(name)
        }
    }
}

extension RedisExecutor {
    /// Finds the nearest records of a store, as ``nearest(_:to:in:match:by:as:pace:)`` does by its keys and its field.
    public func nearest<Key: RedisDecodable>(
        _ count: Int, to vector: [Float], in layout: RedisVectorLayout, by distance: RedisVectorDistance = .cosine,
        as keyType: Key.Type = String.self, pace: RedisPace? = nil
    ) async throws(RedisError) -> RedisNearest<Key> {
        try await nearest(
            count, to: vector, in: .field(layout.vectorField, layout.format), match: layout.keyPattern, by: distance,
            as: keyType, pace: pace)
    }
}

extension BlockingRedisExecutor {
    /// Finds the nearest records of a store, as ``nearest(_:to:in:match:by:as:pace:)`` does by its keys and its field.
    public func nearest<Key: RedisDecodable>(
        _ count: Int, to vector: [Float], in layout: RedisVectorLayout, by distance: RedisVectorDistance = .cosine,
        as keyType: Key.Type = String.self, pace: RedisPace? = nil
    ) throws(RedisError) -> RedisNearest<Key> {
        try nearest(
            count, to: vector, in: .field(layout.vectorField, layout.format), match: layout.keyPattern, by: distance,
            as: keyType, pace: pace)
    }
}
