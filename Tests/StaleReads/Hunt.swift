import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Synchronization

/// Writers, disturbances and readers, until enough was read.
struct Hunt: Sendable {
    /// Reads between two looks at what the server has acknowledged.
    private static let readsOfRound = 2_000
    private static let writesOfRound = 400
    private static let readers = 4

    private let settings: Settings
    private let server: RedisTestServer
    private let databases: RedisDatabases
    private let names: [DatabaseName]
    private let ledger = Ledger()
    private let tally = Tally()

    final class Tally: Sendable {
        let reads = Atomic(0)
        let behind = Atomic(0)
        let stale = Atomic(0)
        let writes = Atomic(0)
        let disturbances = Atomic(0)
    }

    init(_ settings: Settings) throws {
        self.settings = settings
        server = try RedisTestServer.start(RedisTestServer.Options(arguments: ["--databases", "4"]))
        let entries = (0..<Ledger.homes).map { number in
            DatabaseEntry(DatabaseName(Self.words[number]), number: number, mayBeFlushed: true)
        }
        names = entries.map(\.name)
        databases = RedisDatabases(
            RedisConfiguration(unixSocket: server.socketPath), catalogue: try DatabaseCatalogue(entries))
    }

    private static let words = ["zero", "one", "two", "three"]

    /// Prints what was found; true if nothing was stale.
    func run() async throws -> Bool {
        let seed = settings.seed ?? Int.random(in: 0...999_999)
        print("stale-reads: \(settings.reads) reads, seed \(seed), \(server.flavour) \(server.version)")
        let caches = [try await databases[names[0]].cached(), try await databases[names[1]].cached()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await write(SeededGenerator(seed: UInt64(seed))) }
            for reader in 0..<Self.readers {
                let generator = SeededGenerator(seed: UInt64(seed) &+ UInt64(reader) &+ 1)
                group.addTask { try await read(caches[reader % 2], in: reader % 2, generator) }
            }
            try await group.waitForAll()
        }
        let (first, second) = (caches[0].metrics(), caches[1].metrics())
        let stale = tally.stale.load(ordering: .relaxed)
        let hits = first.hits + second.hits
        print(
            "\(tally.reads.load(ordering: .relaxed)) reads, of which \(hits) were hits; "
                + "\(tally.writes.load(ordering: .relaxed)) writes, "
                + "\(tally.disturbances.load(ordering: .relaxed)) flushes, swaps and kills; "
                + "\(first.invalidations + second.invalidations) invalidations, \(first.races + second.races) races, "
                + "\(first.clears + second.clears) clears")
        print(
            "\(stale) stale, \(tally.behind.load(ordering: .relaxed)) behind by an invalidation that was under way")
        let isClean = stale == 0 && hits > 0
        print(isClean ? "Nothing was stale." : "SOMETHING WAS STALE, OR NOTHING WAS A HIT.")
        await databases.close()
        server.stop()
        return isClean
    }

    private var isOver: Bool { tally.reads.load(ordering: .relaxed) >= settings.reads }

    // MARK: Readers

    /// Looks what is acknowledged, has the cache catch up, and reads: nothing older than that look may come.
    private func read(_ cache: RedisCache, in database: Int, _ generator: SeededGenerator) async throws {
        var random = generator
        while !isOver {
            let floor = ledger.floor()
            try await cache.catchUp()
            var start = ledger.floor()
            for read in 0..<Self.readsOfRound {
                if read % 50 == 0 { start = ledger.floor() }
                let key = Int.random(in: 0..<Ledger.keys, using: &random)
                let value = try await cache.get("key:\(key)")
                switch ledger.judge(value, of: key, in: database, floor, start) {
                case .current: break
                case .behind: tally.behind.add(1, ordering: .relaxed)
                case .stale:
                    tally.stale.add(1, ordering: .relaxed)
                    print("stale: \(value ?? "nothing") of key:\(key) in \(database)")
                }
                tally.reads.add(1, ordering: .relaxed)
                if read % 100 == 0 { await Task.yield() }
            }
        }
    }

    // MARK: Writers

    /// Rounds of writes in all databases at once, and between two rounds one disturbance.
    private func write(_ generator: SeededGenerator) async throws {
        var random = generator
        while !isOver {
            let seeds = (0..<Ledger.homes).map { _ in random.next() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for home in 0..<Ledger.homes {
                    group.addTask { try await write(home, SeededGenerator(seed: seeds[home])) }
                }
                try await group.waitForAll()
            }
            try await disturb(&random)
        }
    }

    private func write(_ home: Int, _ generator: SeededGenerator) async throws {
        var random = generator
        let database = try databases[names[ledger.database(of: home)]]
        for _ in 0..<Self.writesOfRound where !isOver {
            let key = Int.random(in: 0..<Ledger.keys, using: &random)
            let isRemoval = Int.random(in: 0..<8, using: &random) == 0
            let place = ledger.sending(home, key, isRemoval: isRemoval)
            if isRemoval {
                try await database.del("key:\(key)")
            } else {
                try await database.set("key:\(key)", "\(home):\(place)")
            }
            ledger.acknowledged(home, key, place)
            tally.writes.add(1, ordering: .relaxed)
        }
    }

    /// Nobody writes meanwhile, and everybody reads.
    private func disturb(_ random: inout SeededGenerator) async throws {
        tally.disturbances.add(1, ordering: .relaxed)
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            ledger.sendingSwap()
            try await say("SWAPDB", "0", "1")
            ledger.swapped()
        case 1:
            let home = Int.random(in: 0..<Ledger.homes, using: &random)
            ledger.sendingFlush(of: home..<home + 1)
            try await databases[names[ledger.database(of: home)]].flushdb()
            ledger.flushed(home..<home + 1)
        case 2:
            ledger.sendingFlush(of: 0..<Ledger.homes)
            try await say("FLUSHALL")
            ledger.flushed(0..<Ledger.homes)
        case 3:
            // Those that are tracked, and no others: their calls would fail.
            let list = try await databases[names[3]].send("CLIENT", "LIST", as: String.self)
            for line in list.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let id = words.first?.dropFirst(3),
                    words.contains(where: { $0.hasPrefix("flags=") && $0.dropFirst(6).contains("t") })
                else { continue }
                _ = try? await databases[names[3]].send("CLIENT", "KILL", "ID", String(id), as: Int.self)
            }
        default: break
        }
    }

    /// What no name may say, by a script.
    private func say(_ words: String...) async throws {
        let call = words.map { "'\($0)'" }.joined(separator: ",")
        _ = try await databases[names[2]].send("EVAL", "return redis.call(\(call))", "0")
    }
}
