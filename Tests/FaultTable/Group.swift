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

    /// - Parameter downAfter: how long a server may be silent.
    static func withGroup(
        at place: ServerPlace? = nil, downAfter: Duration = .seconds(1),
        _ body: @escaping (Writers, RedisTestSentinelGroup) async throws -> Void
    ) async throws -> Cost {
        var options = RedisTestSentinelGroup.Options()
        // A disk that is slow would keep a replica silent while it takes over what its primary has.
        options.server.arguments = ["--repl-diskless-load", "swapdb"]
        options.downAfter = downAfter
        options.placeOfFirst = place
        return try await RedisTestSentinelGroup.withGroup(options) { group in
            let server = try DatabaseServer(sentinels: group.sentinelAddresses, primary: group.primaryAddress)
            let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: server)])
            return try await with(RedisDatabases(RedisConfiguration().patient, catalogue: catalogue)) { databases in
                try await Writers.measure(databases, asks: true, primary: group.servers[0]) { writers in
                    try await body(writers, group)
                }
            }
        }
    }
}
