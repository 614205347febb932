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
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterHangTests {
    /// Runs the body for both forms at once, each with databases of its own.
    private func withStoppedPrimary(
        isConnected: Bool, _ body: @escaping @Sendable (Form, RedisDatabases) async throws -> Void
    ) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { asynchronous, cluster async throws in
            try await withDatabases(of: cluster) { blocking, _ in
                let (primary, replica) = (cluster.primaries[0], cluster.replicas[0])
                let forms = [(Form.asynchronous, asynchronous), (.blocking, blocking)]
                if isConnected {
                    for (form, databases) in forms {
                        #expect(try await form.run(.set("{bar}", "value"), in: databases).get())
                    }
                    try await awaitCopy(of: primary, at: replica)
                }
                try primary.pause()
                defer { primary.resume() }
                try await withThrowingTaskGroup { group in
                    for (form, databases) in forms { group.addTask { try await body(form, databases) } }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a read that waits at a primary that hangs is answered by the one that takes its place`() async throws {
        try await withStoppedPrimary(isConnected: true) { form, databases async throws in
            #expect(try await form.run(.get("{bar}"), in: databases, within: .seconds(240)).get() == "value")
        }
    }

    @Test func `a write that waits at a primary that hangs fails when another one has taken its place`() async throws {
        try await withStoppedPrimary(isConnected: true) { form, databases async throws in
            let write = RedisCommand<Int64>.incr("{bar}:\(form)")
            let error = await form.run(write, in: databases, within: .seconds(240)).failure
            #expect(error?.code == .connectionClosed && error?.isAmbiguous == true, "\(String(describing: error))")
            #expect(try await form.run(write, in: databases, within: .seconds(240)).get() == 1)
        }
    }

    @Test
    func `a write that waits for a connection to a primary that hangs runs at the one that takes its place`()
        async throws
    {
        try await withStoppedPrimary(isConnected: false) { form, databases async throws in
            #expect(try await form.run(.incr("{bar}:\(form)"), in: databases, within: .seconds(240)).get() == 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `what waits on a lease of a primary that hangs fails when another one has taken its place`(_ form: Form)
        async throws
    {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster async throws in
            let primary = cluster.primaries[0]
            defer { primary.resume() }
            let error = await form.getTwice("{bar}", in: databases) { try? primary.pause() }
            #expect(error?.code == .connectionClosed && error?.isAmbiguous == true, "\(String(describing: error))")
            #expect(await form.getTwice("{bar}", in: databases) {} == nil)
        }
    }
}

extension Form {
    /// Reads a key over a lease of its server, and once more behind `between`; why that failed.
    fileprivate func getTwice(
        _ key: String, in databases: RedisDatabases, _ between: @escaping @Sendable () -> Void
    ) async -> RedisError? {
        switch self {
        case .asynchronous:
            do throws(RedisError) {
                let main = try databases[.main].within(.seconds(240))
                try await main.withConnection(forKey: key) { connection async throws(RedisError) in
                    _ = try await connection.get(key)
                    between()
                    _ = try await connection.get(key)
                }
                return nil
            } catch {
                return error
            }
        case .blocking:
            return await onThread { () -> RedisError? in
                do throws(RedisError) {
                    let main = try databases.blocking(.main).within(.seconds(240))
                    try main.withConnection(forKey: key) { connection throws(RedisError) in
                        _ = try connection.get(key)
                        between()
                        _ = try connection.get(key)
                    }
                    return nil
                } catch {
                    return error
                }
            }
        }
    }
}
