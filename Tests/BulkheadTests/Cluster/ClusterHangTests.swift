import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// Returns when the replica has all that its primary has.
func awaitCopy(of primary: RedisTestServer, at replica: RedisTestServer) async throws {
    let offset = { (server: RedisTestServer) in
        try ask(server, "INFO replication").bytes?.text?.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("master_repl_offset") }
    }
    while try offset(primary) != offset(replica) { try await Task.sleep(for: .milliseconds(5)) }
}

/// A primary that is stopped by SIGSTOP. The calls have minutes: what ends them is the client, and not their time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ClusterHangTests {
    private func withStoppedPrimary(
        isConnected: Bool, _ body: (RedisDatabases) async throws -> Void
    ) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster async throws in
            let (primary, replica) = (cluster.primaries[0], cluster.replicas[0])
            if isConnected {
                try await databases[.main].set("{bar}", "value")
                #expect(try databases.blocking(.main).set("{bar}", "value"))
                try await awaitCopy(of: primary, at: replica)
            }
            try primary.pause()
            defer { primary.resume() }
            try await body(databases)
        }
    }

    @Test(arguments: Form.allCases)
    func `a read that waits at a primary that hangs is answered by the one that takes its place`(
        _ form: Form
    ) async throws {
        try await withStoppedPrimary(isConnected: true) { databases async throws in
            #expect(try await form.run(.get("{bar}"), in: databases, within: .seconds(240)).get() == "value")
        }
    }

    @Test(arguments: Form.allCases)
    func `a write that waits at a primary that hangs fails when another one has taken its place`(
        _ form: Form
    ) async throws {
        try await withStoppedPrimary(isConnected: true) { databases async throws in
            let error = await form.run(.incr("{bar}:counter"), in: databases, within: .seconds(240)).failure
            #expect(error?.code == .connectionClosed && error?.isAmbiguous == true, "\(String(describing: error))")
            #expect(try await form.run(.incr("{bar}:counter"), in: databases, within: .seconds(240)).get() == 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `a write that waits for a connection to a primary that hangs runs at the one that takes its place`(
        _ form: Form
    ) async throws {
        try await withStoppedPrimary(isConnected: false) { databases async throws in
            #expect(try await form.run(.incr("{bar}:counter"), in: databases, within: .seconds(240)).get() == 1)
        }
    }
}
