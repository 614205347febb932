import BulkheadCommands
import BulkheadRESP

/// What a search for the nearest asks of each key, and what it makes of the answers.
struct NearestSearch: Sendable {
    let place: RedisVectorPlace
    private let query: VectorQuery
    private var machine: NearestMachine

    init(
        _ count: Int, to vector: [Float], in place: RedisVectorPlace, by distance: RedisVectorDistance
    ) throws(RedisError) {
        guard count > 0 else { throw Self.unusable("ask for at least one neighbour") }
        guard let query = VectorQuery(vector, by: distance) else {
            throw Self.unusable(
                "nothing can be compared with this vector: it is empty, or a number in it is none, or all are 0")
        }
        self.place = place
        self.query = query
        machine = NearestMachine(most: count)
    }

    private static func unusable(_ message: String) -> RedisError { RedisError(.invalidArgument, message) }

    /// Reads how far a key's vector is; the bytes are read where they were received.
    var command: @Sendable (RESPBytes) -> RedisCommand<Float?> {
        let (place, query) = (place, query)
        let decode: @Sendable (RESPValue) throws(RedisConversionError) -> Float? = { reply in
            reply.withoutAttributes.bytes.flatMap { query.distance(to: $0, in: place.format) }
        }
        return switch place.kind {
        case .field(let field):
            { key in
                RedisCommand<Float?>("HGET", decode: decode) { arguments in
                    arguments.append(key)
                    arguments.append(field)
                }
            }
        case .string:
            // A string may be long: no more of it comes than shows that it is no such vector.
            { key in
                guard let size = place.format.bytes(of: query.dimension) else {
                    return RedisCommand<Float?>("GET", decode: decode) { $0.append(key) }
                }
                return RedisCommand<Float?>("GETRANGE", decode: decode) { arguments in
                    arguments.append(key)
                    arguments.append(0)
                    arguments.append(size)
                }
            }
        }
    }

    /// A key that has another type by now has no vector; anything else that fails ends the search.
    mutating func take(_ found: RedisScannedValue<RESPBytes, Float?>) throws(RedisError) {
        switch found.result {
        case .success(let distance): machine.take(found.key, at: distance)
        case .failure(let error) where error.code == .wrongType: machine.take(found.key, at: nil)
        case .failure(let error): throw error
        }
    }

    func result<Key: RedisDecodable>(as type: Key.Type) throws(RedisError) -> RedisNearest<Key> {
        var neighbours: [RedisNeighbour<Key>] = []
        for candidate in machine.nearest {
            let reply = RESPValue.bulkString(candidate.key)
            do throws(RedisConversionError) {
                neighbours.append(RedisNeighbour(key: try Key(redis: reply), distance: candidate.distance))
            } catch {
                let hint = error.naming("keys", ask: "ask with as: RESPBytes.self; one of them is no text")
                throw RedisError(hint, of: reply)
            }
        }
        return RedisNearest(neighbours: neighbours, compared: machine.compared, skipped: machine.skipped)
    }
}

extension RedisVectorFormat {
    /// The bytes of so many numbers; nil if they say nothing of it.
    fileprivate func bytes(of dimension: Int) -> Int? {
        switch kind {
        case .float32: dimension * 4
        case .float64: dimension * 8
        case .text: nil
        }
    }
}
