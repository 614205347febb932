import BenchmarkSupport
import Bulkhead
import RedisTestServer

/// The servers that are measured: own ones, which end with this, or those of `--url` and `--second-url`.
struct Servers {
    let first: RedisConfiguration
    let second: RedisConfiguration?
    private let own: [RedisTestServer]
    private let cores: [Int?]

    init(_ settings: IsolationSettings) throws {
        if let url = settings.url {
            first = try RedisConfiguration(url: url)
            second = try settings.secondURL.map { try RedisConfiguration(url: $0) }
            own = []
            cores = [nil, nil]
            return
        }
        cores = [settings.serverCore, settings.secondServerCore ?? settings.serverCore]
        own = try cores.map { core in
            try RedisTestServer.start(
                RedisTestServer.Options(
                    listening: settings.unixSocket ? .unixSocket : .tcp,
                    launchPrefix: core.map { ["taskset", "-c", String($0)] } ?? []))
        }
        first = try RedisConfiguration(url: own[0].url)
        second = try RedisConfiguration(url: own[1].url)
    }

    /// Whether the servers are ours, empty and about to vanish.
    var areOwn: Bool { !own.isEmpty }

    /// What they say they are; asks each of them.
    func identities() throws(RedisError) -> [IsolationReport.Server] {
        var identities: [IsolationReport.Server] = []
        for (configuration, core) in zip([first, second].compactMap(\.self), cores) {
            let databases = RedisDatabases(configuration)
            defer { databases.closeBlocking() }
            let info = try databases.blocking(.main).info("server")
            // Valkey gives its own version beside the one of the Redis it stands in for.
            let version = info["valkey_version"].map { "valkey \($0)" } ?? "redis \(info["redis_version"] ?? "?")"
            identities.append(IsolationReport.Server(address: configuration.address, version: version, core: core))
        }
        return identities
    }

    /// The first server's port on this machine; nil where it is another's, or has none.
    var port: Int? { own.first?.port }

    func stop() {
        for server in own { server.stop() }
    }
}
