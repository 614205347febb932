import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Dispatch

/// What a cluster costs the client: the same callers, keys and commands, in turns at the three primaries of a cluster
/// and at three servers that know nothing of each other. Each of them has the keys of one primary.
struct ClusterSpeed: ProgramSettings {
    var callers = 50
    // Shorter rounds differ by a half.
    var requests = 600_000
    var rounds = 15
    var serverCore: Int?
    var spin: Int?
    var only: String?

    static let program = "BulkheadClusterBenchmark"
    static let summary = "GETs a second at three primaries of a cluster beside those at three single servers."
    static let options: [Option] = [
        .integer("callers", "<number>", \.callers, in: 1...10_000, help: "callers at once"),
        .integer("requests", "<number>", \.requests, in: 1...1_000_000_000, help: "commands of a round"),
        .integer("rounds", "<number>", \.rounds, in: 1...1_000, help: "rounds of both"),
        .integer("server-core", "<number>", \.serverCore, in: 0...1_023, help: "pin all servers to this core"),
        .integer(
            "spin", "<µs>", \.spin, in: 0...1_000_000_000,
            help: "how long a lone caller looks at the socket before it sleeps; else as the client does"),
        .text(
            "only", "<cluster|singles>", \.only,
            help: "one round at these servers and nothing else, for a program that counts instructions"),
    ]

    /// So many that each server has its share.
    private static let keys = (0..<300).map { "bulkhead-cluster:\($0)" }
    private static let value = String(repeating: "x", count: 100)

    func run() async throws {
        guard only.map(["cluster", "singles"].contains) ?? true else {
            throw ArgumentError("--only is cluster or singles")
        }
        let options = RedisTestServer.Options(
            listening: .tcp, launchPrefix: CPUPinning.words(for: serverCore))
        let cluster = try RedisTestCluster.start(RedisTestCluster.Options(server: options))
        defer { cluster.stop() }
        var servers: [RedisTestServer] = []
        defer { for server in servers { server.stop() } }
        for _ in 0..<3 { servers.append(try RedisTestServer.start(options)) }

        let names = servers.indices.map { DatabaseName("single-\($0)") }
        var entries = [
            DatabaseEntry(.main, number: 0, purpose: "", server: try DatabaseServer(cluster: cluster.addresses))
        ]
        for (name, server) in zip(names, servers) {
            let place = try DatabaseServer(url: "redis://127.0.0.1:\(server.port ?? 0)")
            entries.append(DatabaseEntry(name, number: 0, purpose: "", server: place))
        }
        var configuration = RedisConfiguration()
        if let spin { configuration.spinTime = .microseconds(spin) }
        let databases = RedisDatabases(configuration, catalogue: try DatabaseCatalogue(entries))
        let inCluster = try databases[.main]
        let singles = try names.map { try databases[$0] }
        // A key lives on the single server that stands for its primary: how many callers share a write depends on how
        // the keys are spread.
        var homes: [RedisDatabase] = []
        for key in Self.keys {
            let slot = try await inCluster.send("CLUSTER", "KEYSLOT", key)
            guard case .integer(let slot) = slot else { throw ProgramError("the slot of a key is \(slot)") }
            let home = singles[Int(slot) * singles.count / 16_384]
            try await inCluster.set(key, Self.value)
            try await home.set(key, Self.value)
            homes.append(home)
        }

        let atCluster: @Sendable (Int) -> RedisDatabase = { _ in inCluster }
        let atSingles: @Sendable (Int) -> RedisDatabase = { [homes] in homes[$0] }
        if let only {
            let rate = try await rate(only == "cluster" ? atCluster : atSingles)
            print("\(only): \(Int(rate)) GETs a second, \(callers) callers")
            await databases.close()
            return
        }

        // The first round of both warms up.
        var (clusterRates, singleRates): ([Double], [Double]) = ([], [])
        for round in 0...rounds {
            let ofCluster = try await rate(atCluster)
            let ofSingles = try await rate(atSingles)
            guard round > 0 else { continue }
            clusterRates.append(ofCluster)
            singleRates.append(ofSingles)
        }
        await databases.close()

        let ratios = zip(clusterRates, singleRates).map { $0 / $1 }
        guard let ofCluster = Spread(clusterRates), let ofSingles = Spread(singleRates), let ratio = Spread(ratios)
        else { return }
        print("GET of 100 bytes, \(callers) callers, \(rounds) rounds in turns; medians (least–most) of GETs a second")
        print("three primaries of a cluster  \(ofCluster.text { String(Int($0)) })")
        print("three single servers          \(ofSingles.text { String(Int($0)) })")
        print("ratio of a round              \(ratio.text { String(Double(Int($0 * 100)) / 100) })")
    }

    /// Commands a second, each at the database of its key's number.
    private func rate(_ database: @escaping @Sendable (Int) -> RedisDatabase) async throws -> Double {
        let (each, callers) = (max(1, requests / callers), callers)
        let start = MonotonicClock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    for turn in 0..<each {
                        let number = (caller + turn) % Self.keys.count
                        guard try await database(number).get(Self.keys[number]) != nil else {
                            throw ProgramError("the value of a key is gone")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(each * callers) / (Double(MonotonicClock.now() - start) / 1e9)
    }
}

// The main thread waits; the program ends itself.
Task.detached {
    await ClusterSpeed.table.run { settings in
        try await settings.run()
        return 0
    }
}
DispatchSemaphore(value: 0).wait()
