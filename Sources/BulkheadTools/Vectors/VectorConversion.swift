import Bulkhead
import BulkheadConsole

/// The hashes of one database become the elements of a vector set: looked at first, then written.
struct VectorConversion: Sendable {
    struct Options: Sendable {
        var pattern: String?
        var field = "vector"
        var format = RedisVectorFormat.float32
        var attributes: [String] = []
        var dimension: Int?
        var quantization: RedisQuantization?
        var pace = RedisPace.considerate
    }

    let source: RedisDatabase
    let target: RedisDatabase
    let key: String
    let options: Options
    var progress: @Sendable (Int) -> Void = { _ in }

    /// What is known of the key before anything is written.
    struct Target: Sendable {
        /// Nil if there is no such set yet.
        let dimension: Int?
        let elements: Int
        /// Why no vector set can be there.
        var objection: String?
    }

    /// Looks at the target; an objection is no error yet, because whoever only counts may go on.
    func lookAtTarget() async throws(RedisError) -> Target {
        let known = try await target.send("COMMAND", "INFO", "VADD")
        guard known.elements?.contains(where: { $0.elements?.isEmpty == false }) == true else {
            return Target(
                dimension: nil, elements: 0,
                objection: "the server of \(target.name) has no vector sets: Redis has them since 8.0, Valkey has none."
                    + " Use --into with a name on Redis 8, or search the hashes where they are, by the library's "
                    + "`nearest`")
        }
        switch try await target.type(key) {
        case "none": return Target(dimension: nil, elements: 0)
        case "vectorset":
            return Target(dimension: try await target.vdim(key), elements: try await target.vcard(key))
        case let type:
            return Target(
                dimension: nil, elements: 0,
                objection: "the key in \(target.name) holds another type, \(type): choose another key")
        }
    }

    /// Counts the vectors by the lengths of their fields; reads none.
    func survey() async throws(RedisError) -> VectorSurvey {
        var survey = VectorSurvey()
        let field = options.field
        let size = options.format == .float64 ? 8 : 4
        let lengths = source.scanValues(
            match: options.pattern, type: "hash", as: RESPBytes.self, pace: options.pace
        ) { .hstrlen($0, field) }
        do throws(RedisError) {
            for try await found in lengths {
                if Interruption.isRequested { break }
                survey.take(fieldOf: try found.lengthOrNone, numberOf: size)
                progress(survey.hashes)
            }
        } catch {
            guard error.isOfInterruption else { throw error }
        }
        return survey
    }

    /// Writes the elements. An element that is there gets its vector and attributes anew, so a second run does no harm.
    func write(dimension: Int) async throws(RedisError) -> VectorCounts {
        var counts = VectorCounts()
        let words = [options.field] + options.attributes
        let read = source.scanValues(
            match: options.pattern, type: "hash", as: RESPBytes.self, pace: options.pace
        ) { .hmget($0, words, as: RESPBytes.self) }
        var pacer = Pacer(options.pace, most: Self.largestSlice)
        var waiting: [RedisCommand<Bool>] = []
        do throws(RedisError) {
            for try await found in read {
                if Interruption.isRequested { return counts }
                if let command = try command(for: found, dimension) {
                    waiting.append(command)
                } else {
                    counts.skipped += 1
                }
                if waiting.count == Self.largestSlice { try await send(&waiting, &pacer, &counts) }
            }
            try await send(&waiting, &pacer, &counts)
        } catch {
            guard error.isOfInterruption else { throw error }
        }
        counts.isWhole = !Interruption.isRequested
        return counts
    }

    /// VADD takes some hundred microseconds of the server; more in one piece would be felt by others.
    private static let largestSlice = 64

    private func command(
        for found: RedisScannedValue<RESPBytes, [RESPBytes?]>, _ dimension: Int
    ) throws(RedisError) -> RedisCommand<Bool>? {
        let values: [RESPBytes?]
        switch found.result {
        case .success(let read): values = read
        case .failure(let error) where error.code == .wrongType: return nil
        case .failure(let error): throw error
        }
        guard let bytes = values.first ?? nil,
            let vector = options.format.vector(in: bytes, of: dimension),
            vector.allSatisfy(\.isFinite)
        else { return nil }
        let attributes = VectorAttributes(options.attributes, Array(values.dropFirst()))
        // The neighbours are looked for on another thread of the server.
        return .vadd(
            key, found.key, vector, attributes: attributes.json, quantization: options.quantization,
            concurrently: true)
    }

    private func send(
        _ waiting: inout [RedisCommand<Bool>], _ pacer: inout Pacer, _ counts: inout VectorCounts
    ) async throws(RedisError) {
        while !waiting.isEmpty {
            let slice = waiting.prefix(await pacer.begin())
            let results = try await target.pipeline(Array(slice))
            pacer.end(keys: slice.count)
            for result in results {
                switch result {
                case .success(true): counts.added += 1
                case .success(false): counts.updated += 1
                case .failure(let error): throw error
                }
            }
            waiting.removeFirst(slice.count)
            progress(counts.written)
        }
    }
}

/// What became of the hashes.
struct VectorCounts: Sendable, Hashable {
    var added = 0
    /// Elements that were there already.
    var updated = 0
    var skipped = 0
    /// False if it was stopped before the end.
    var isWhole = false

    var written: Int { added + updated }
}

extension RedisScannedValue where Value == Int {
    /// A key that has another type by now has no field.
    fileprivate var lengthOrNone: Int {
        get throws(RedisError) {
            switch result {
            case .success(let length): return length
            case .failure(let error) where error.code == .wrongType: return 0
            case .failure(let error): throw error
            }
        }
    }
}
