import Bulkhead
import BulkheadBenchmarkSupport

/// The noises: what is done to the vectors of a site while its cache is measured.
struct Noise: Sendable {
    let site: Site
    let settings: IsolationSettings
    /// The socket of the own server; for what the client refuses to send.
    let socketPath: String?

    /// Starts one at once.
    func start(_ kind: IsolationNoise) throws -> NoiseMaker {
        let database = try site.vectors.blocking(.knowledge)
        switch kind {
        case .vectors where site.layout == .oneConnection:
            let shared = try site.vectors[.knowledge]
            return try NoiseMaker(awaiting: { try await scanOnSharedLane($0, shared) })
        case .vectors where site.layout == .lanes:
            let shared = try site.vectors[.knowledge]
            return try NoiseMaker(awaiting: { try await scanByLanes($0, shared) })
        case .vectors:
            return try NoiseMaker { try scanVectors($0, database) }
        case .scan10, .scan100, .scan1000, .scan10000:
            return try NoiseMaker { maker in
                var cursor: RedisScanCursor? = .start
                while let position = cursor, !maker.hasToStop {
                    let page = try maker.step {
                        try database.scanPage(position, count: kind.scanCount, as: RESPBytes.self)
                    }
                    maker.add(page.elements.count)
                    cursor = page.cursor
                }
            }
        case .mget: return try NoiseMaker(try fetchStrings())
        case .hget:
            return try NoiseMaker { maker in
                try inSlices(maker) { keys in
                    let commands: [RedisCommand<[Float]?>] = keys.map { .hget($0, "vector", as: [Float].self) }
                    let results = try maker.step { try database.pipeline(commands) }
                    for result in results where try result.get()?.count == settings.dimensions { maker.add(1) }
                }
            }
        case .keys:
            return try NoiseMaker { maker in
                let keys = try maker.step {
                    // bulkhead: allow keys because it is measured how long everybody waits for it
                    try database.send("KEYS", site.content.vectorPattern, as: [RESPBytes].self)
                }
                maker.add(keys.count)
            }
        case .vsim: return try NoiseMaker(try findNeighbours())
        case .dump:
            return try NoiseMaker { maker in
                try inSlices(maker) { keys in
                    let commands: [RedisCommand<RESPBytes?>] = keys.map { .raw("DUMP", [$0], as: RESPBytes?.self) }
                    let results = try maker.step { try database.pipeline(commands) }
                    for result in results where try result.get() != nil { maker.add(1) }
                }
            }
        case .migration: return try NoiseMaker(try migrate(from: database))
        case .sync:
            guard let socketPath else { throw ProgramError("SYNC needs a server of our own") }
            return try NoiseMaker { maker in
                let begun = MonotonicClock.now()
                maker.beginStep()
                try SnapshotStream.receive(socketPath) { bytes in
                    maker.add(bytes)
                    return !maker.hasToStop
                }
                // The last one is cut short.
                if !maker.hasToStop { maker.endStep(since: begun) }
            }
        }
    }

    /// All vectors once, as a program would read them.
    ///
    /// A step is a `next()` that asks the server, with all that its caller waits for: the page of keys where one is
    /// due, the pause of the pace, and the slice. Only such a one makes commands, right before they leave.
    private func scanVectors(_ maker: NoiseMaker, _ database: BlockingRedisDatabase) throws {
        var scan = database.scanValues(
            match: site.content.vectorPattern, count: settings.count, pace: site.pace, slice: settings.count
        ) { key in
            maker.beginStep()
            return .hmget(key, IsolationContent.vectorFields, as: RESPValue.self)
        }
        while !maker.hasToStop {
            let begun = MonotonicClock.now()
            guard let found = try scan.next() else { return }
            maker.endStep(since: begun)
            try decode(try found.value)
            maker.add(1)
        }
    }

    /// The same over the connection that the GETs take, which only a benchmark asks for; the same steps, too.
    private func scanOnSharedLane(_ maker: NoiseMaker, _ database: RedisDatabase) async throws {
        var cursor: RESPBytes = "0"
        var begun = MonotonicClock.now()
        repeat {
            var scan = RedisBatch()
            scan.append(
                RedisCommand<RESPValue>.raw(
                    "SCAN", [cursor, "MATCH", site.content.vectorPattern, "COUNT", settings.count]))
            scan.takesBulkLane = false
            guard let page = try await database.pipeline(scan).first?.elements, page.count == 2,
                let next = page[0].bytes
            else { throw ProgramError("SCAN was answered by something else than a page") }
            cursor = next
            var keys = try [RESPBytes](redis: page[1])[...]
            while !keys.isEmpty, !maker.hasToStop {
                // More than a thousand would take the bulk lane.
                let commands: [RedisCommand<[RESPValue?]>] = keys.prefix(1_000).map {
                    .hmget($0, IsolationContent.vectorFields, as: RESPValue.self)
                }
                keys = keys.dropFirst(commands.count)
                maker.beginStep()
                let results = try await database.pipeline(commands)
                maker.endStep(since: begun)
                for result in results { try decode(try result.get()) }
                maker.add(commands.count)
                begun = MonotonicClock.now()
            }
        } while cursor != "0" && !maker.hasToStop
    }

    /// The same as a service would do it: by the asynchronous side, over a connection beside that of the GETs.
    private func scanByLanes(_ maker: NoiseMaker, _ database: RedisDatabase) async throws {
        let scan = database.scanValues(
            match: site.content.vectorPattern, count: settings.count, pace: site.pace, slice: settings.count
        ) { key in
            maker.beginStep()
            return .hmget(key, IsolationContent.vectorFields, as: RESPValue.self)
        }
        var values = scan.makeAsyncIterator()
        while !maker.hasToStop {
            let begun = MonotonicClock.now()
            guard let found = try await values.next() else { return }
            maker.endStep(since: begun)
            try decode(try found.value)
            maker.add(1)
        }
    }

    /// Reads the four fields as their types; what does not fit is an error, so the work cannot be optimised away.
    private func decode(_ fields: [RESPValue?]) throws {
        guard fields.count == IsolationContent.vectorFields.count, let id = fields[0], let documentID = fields[1],
            let text = fields[2], let packed = fields[3]
        else { throw ProgramError("a scanned vector lacks a field: did something else change it meanwhile?") }
        let words = try [String(redis: id), String(redis: documentID), String(redis: text)]
        let vector = try [Float](redis: packed)
        guard vector.count == settings.dimensions, words.allSatisfy({ !$0.isEmpty }) else {
            throw ProgramError(
                "a scanned vector has \(vector.count) dimensions instead of \(settings.dimensions)")
        }
    }

    /// All keys of the vectors once, in slices of COUNT.
    private func inSlices(_ maker: NoiseMaker, _ body: (ArraySlice<String>) throws -> Void) throws {
        let keys = (0..<settings.vectors).map { site.content.vectorKey($0) }
        for start in stride(from: 0, to: keys.count, by: settings.count) where !maker.hasToStop {
            try body(keys[start..<min(start + settings.count, keys.count)])
        }
    }

    private func fetchStrings() throws -> @Sendable (NoiseMaker) throws -> Void {
        let database = try site.vectors.blocking(Workload.extras)
        return { maker in
            var cursor: RedisScanCursor? = .start
            while let position = cursor, !maker.hasToStop {
                let vectors: [[Float]?] = try maker.step {
                    let page = try database.scanPage(
                        position, count: settings.count, type: "string", as: RESPBytes.self)
                    cursor = page.cursor
                    return page.elements.isEmpty ? [] : try database.mget(page.elements, as: [Float].self)
                }
                maker.add(vectors.count { $0?.count == settings.dimensions })
            }
        }
    }

    private func findNeighbours() throws -> @Sendable (NoiseMaker) throws -> Void {
        let database = try site.vectors.blocking(Workload.extras)
        return { maker in
            let query = site.content.vector(maker.count % settings.vectors, dimensions: settings.dimensions).vector
            let found = try maker.step {
                try database.send("VSIM", Workload.vectorSet, "FP32", query, "COUNT", 10, as: [String].self)
            }
            if found.isEmpty { throw ProgramError("the vector set is empty") }
            maker.add(1)
        }
    }

    /// Each key's bytes go out and come back, into another database of the same server.
    private func migrate(from source: BlockingRedisDatabase) throws -> @Sendable (NoiseMaker) throws -> Void {
        let target = try site.vectors.blocking(Workload.extras)
        return { maker in
            try inSlices(maker) { keys in
                let dumps: [RedisCommand<RESPBytes?>] = keys.map { .raw("DUMP", [$0], as: RESPBytes?.self) }
                var restores: [RedisCommand<RESPValue>] = []
                try maker.step {
                    for (key, result) in zip(keys, try source.pipeline(dumps)) {
                        guard let payload = try result.get() else { continue }
                        restores.append(.raw("RESTORE", ["migrated:" + key, 0, payload, "REPLACE"]))
                    }
                    for result in try target.pipeline(restores) { _ = try result.get() }
                }
                maker.add(restores.count)
            }
        }
    }
}
