import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// Faults of the primary of three servers that three sentinels watch.
enum Group {
    static let faults: [Fault] = [
        Fault(place: .sentinels, name: "SIGKILL of the primary") { _ in
            try await withGroup { _, group in group.servers[0].kill() }
        },
        Fault(place: .sentinels, name: "SIGSTOP of the primary, until another one writes") { _ in
            try await withGroup { writers, group in
                try group.servers[0].pause()
                defer { group.servers[0].resume() }
                try await writers.waitForWrites(50)
            }
        },
        Fault(place: .sentinels, name: "network cut of the primary, until another one writes") { _ in
            let network = try Network()
            defer { network.end() }
            return try await withGroup(at: network.place) { writers, group in
                try network.cut()
                defer { try? network.mend() }
                try await writers.waitForWrites(50)
            }
        },
        Fault(place: .sentinels, name: "forced failovers", once: true, run: Failovers.run),
    ]

    private static func withGroup(
        at place: ServerPlace? = nil, _ body: (Writers, RedisTestSentinelGroup) async throws -> Void
    ) async throws -> Cost {
        var options = options
        options.placeOfFirst = place
        return try await RedisTestSentinelGroup.withGroup(options) { group in
            try await measure(group, sentinels: group.sentinelAddresses) { writers in try await body(writers, group) }
        }
    }

    static var options: RedisTestSentinelGroup.Options {
        var options = RedisTestSentinelGroup.Options()
        // A disk that is slow would keep a replica silent while it takes over what its primary has.
        options.server.arguments = ["--repl-diskless-load", "swapdb"]
        return options
    }

    /// The databases of a client that knows these sentinels.
    static func databases(of group: RedisTestSentinelGroup, sentinels: [String]) throws -> RedisDatabases {
        let server = try DatabaseServer(sentinels: sentinels, primary: group.primaryAddress)
        let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: server)])
        return RedisDatabases(RedisConfiguration().patient, catalogue: catalogue)
    }

    static func measure(
        _ group: RedisTestSentinelGroup, sentinels: [String], _ body: (Writers) async throws -> Void
    ) async throws -> Cost {
        var cost = try await with(databases(of: group, sentinels: sentinels)) { databases in
            try await Writers.measure(databases, asks: true, primary: group.servers[0], body)
        }
        for server in group.servers where server.isRunning {
            cost.atReplicas += try await refusals(of: server)
        }
        return cost
    }

    /// How many writes a server has refused because it was a replica; by INFO, of version 6.2 and later.
    private static func refusals(of server: RedisTestServer) async throws -> Int {
        try await with(RedisDatabases(RedisConfiguration(unixSocket: server.socketPath).patient)) { databases in
            let count = try await databases[.main].info("errorstats")["errorstat_READONLY"]
            return count?.split(separator: "=").last.flatMap { Int($0) } ?? 0
        }
    }
}
