import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// The servers that are measured: own ones, which end with this, or those of `--url` and `--second-url`.
struct Servers {
    let first: RedisConfiguration
    let second: RedisConfiguration?
    /// A replica of the first.
    let replica: RedisConfiguration?
    /// One primary that owns all slots.
    let cluster: RedisConfiguration?
    /// Whether the cluster has numbered databases.
    let clusterHasNames: Bool
    /// Why a server is not there, for the layouts that miss it.
    let missing: [IsolationLayout: String]
    /// The own server that is measured first, for what goes past the client.
    let own: RedisTestServer?
    private let all: [RedisTestServer]
    private let cores: [Int?]

    init(_ settings: IsolationSettings) throws {
        if let url = settings.url {
            first = try RedisConfiguration(url: url)
            second = try settings.secondURL.map { try RedisConfiguration(url: $0) }
            (replica, cluster, clusterHasNames, own, all, cores) = (nil, nil, false, nil, [], [nil, nil])
            let needsOwn = "it needs a server of our own, and --url names another"
            var missing: [IsolationLayout: String] = [.replica: needsOwn, .cluster: needsOwn]
            if second == nil {
                missing[.separateServers] = "there is no --second-url"
                missing[.separateConsiderate] = "there is no --second-url"
            }
            self.missing = missing
            return
        }
        let core = settings.serverCore
        let secondCore = settings.secondServerCore ?? core
        func start(on core: Int?, _ arguments: [String] = []) throws -> RedisTestServer {
            try Self.start(settings, on: core, arguments)
        }
        let one = try start(on: core)
        let two = try start(on: secondCore)
        first = try RedisConfiguration(url: one.url)
        second = try RedisConfiguration(url: two.url)
        own = one
        var all = [one, two]
        var cores = [core, secondCore]
        var missing: [IsolationLayout: String] = [:]
        if let port = one.port {
            let third = try start(on: secondCore, ["--replicaof", "127.0.0.1 \(port)"])
            replica = try RedisConfiguration(url: third.url)
            all.append(third)
            cores.append(secondCore)
        } else {
            replica = nil
            missing[.replica] = "replicas need TCP, and --unix-socket was asked for"
        }
        clusterHasNames = one.flavour == .valkey && (Int(one.version.prefix { $0 != "." }) ?? 0) >= 9
        if one.port == nil {
            cluster = nil
            missing[.cluster] = "clusters need TCP, and --unix-socket was asked for"
        } else if let fourth = Self.startCluster(clusterHasNames, { try? start(on: core, $0) }) {
            cluster = try RedisConfiguration(url: fourth.url)
            all.append(fourth)
            cores.append(core)
        } else {
            cluster = nil
            missing[.cluster] = "no server became a cluster: it takes Redis 7.0 or newer"
        }
        self.missing = missing
        self.all = all
        self.cores = cores
    }

    /// One server of our own.
    static func start(
        _ settings: IsolationSettings, on core: Int?, _ arguments: [String] = []
    ) throws -> RedisTestServer {
        try RedisTestServer.start(
            RedisTestServer.Options(
                listening: settings.unixSocket ? .unixSocket : .tcp, arguments: watching + arguments,
                launchPrefix: CPUPinning.words(for: core)))
    }

    /// What the server itself shall notice: commands of a millisecond and more. Replicas are served at once.
    private static let watching = [
        "--slowlog-log-slower-than", "1000", "--latency-monitor-threshold", "1", "--repl-diskless-sync-delay", "0",
    ]

    /// A server that owns all slots; nil if there is none.
    private static func startCluster(
        _ hasNames: Bool, _ start: ([String]) -> RedisTestServer?
    ) -> RedisTestServer? {
        // The port of the cluster's own bus may be taken: nobody else is asked for one.
        for _ in 0..<5 {
            let arguments = ["--cluster-enabled", "yes", "--cluster-port", "\(Int.random(in: 20_000..<30_000))"]
            guard let server = start(arguments + (hasNames ? ["--cluster-databases", "16"] : [])) else { continue }
            if (try? join(server)) != nil { return server }
            server.stop()
        }
        return nil
    }

    private static func join(_ server: RedisTestServer) throws {
        let databases = RedisDatabases(try RedisConfiguration(url: server.url))
        defer { databases.closeBlocking() }
        let main = try databases.blocking(.main)
        try main.send("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        for _ in 0..<1_000 {
            if try main.send("CLUSTER", "INFO", as: String.self).contains("cluster_state:ok") { return }
            MonotonicClock.sleep(until: MonotonicClock.now() + 10_000_000)
        }
        throw ProgramError("the cluster does not come up")
    }

    /// Whether the servers are ours, empty and about to vanish.
    var areOwn: Bool { own != nil }

    /// Waits until the replica has all that was written.
    func waitForReplica() throws {
        guard let replica else { return }
        let databases = [first, replica].map { RedisDatabases($0) }
        defer { for databases in databases { databases.closeBlocking() } }
        let (main, copy) = (try databases[0].blocking(.main), try databases[1].blocking(.main))
        for _ in 0..<6_000 {
            let info = try copy.info("replication")
            if info["master_link_status"] == "up",
                try main.info("replication")["master_repl_offset"] == info["slave_repl_offset"]
            {
                return
            }
            MonotonicClock.sleep(until: MonotonicClock.now() + 10_000_000)
        }
        throw ProgramError("the replica does not catch up within a minute")
    }

    /// Where to look for what others take of the cores; asks each server for its process.
    func machine() throws(RedisError) -> MachineWatch {
        let program = CPUPinning.current().allowedCores
        let pinned = Array(Set(cores.compactMap(\.self))).sorted()
        let serverCores = cores.contains(nil) ? nil : pinned
        var processes: [Int] = []
        for configuration in areOwn ? [first, second, replica, cluster].compactMap(\.self) : [] {
            let databases = RedisDatabases(configuration)
            defer { databases.closeBlocking() }
            if let process = try databases.blocking(.main).info("server")["process_id"].flatMap({ Int($0) }) {
                processes.append(process)
            }
        }
        return MachineWatch(
            cores: serverCores.flatMap { servers in program.map { Array(Set($0 + servers)).sorted() } },
            serverCores: serverCores, servers: areOwn ? processes : nil,
            isBesideServers: program.map { $0.contains { pinned.contains($0) } || serverCores == nil } ?? true)
    }

    /// What they say they are; asks each of them.
    func identities() throws(RedisError) -> [IsolationReport.Server] {
        var identities: [IsolationReport.Server] = []
        for (configuration, core) in zip([first, second, replica, cluster].compactMap(\.self), cores) {
            let databases = RedisDatabases(configuration)
            defer { databases.closeBlocking() }
            let info = try databases.blocking(.main).info("server")
            // Valkey gives its own version beside the one of the Redis it stands in for.
            let version = info["valkey_version"].map { "valkey \($0)" } ?? "redis \(info["redis_version"] ?? "?")"
            identities.append(IsolationReport.Server(address: configuration.address, version: version, core: core))
        }
        return identities
    }

    func stop() {
        for server in all { server.stop() }
    }
}
