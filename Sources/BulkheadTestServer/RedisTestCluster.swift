/// Servers that share the slots of one cluster, all of one's own, that leave nothing behind.
///
/// ```swift
/// let cluster = try RedisTestCluster.start()
/// defer { cluster.stop() }
/// // connect to cluster.addresses
/// ```
/// Each server is a ``RedisTestServer`` with a folder and a guard of its own, so the end of this process in any way
/// ends all of them. The servers speak on the bus at their port and 10,000 more. A start takes one to three seconds.
public final class RedisTestCluster: Sendable {
    /// What to start.
    public struct Options: Sendable, Hashable {
        /// How many primaries share the slots.
        public var primaries = 3
        /// How many replicas each primary has.
        public var replicas = 0
        /// How many databases the cluster has: 1, and more where the server has numbered databases in a cluster
        /// (Valkey 9).
        public var databases = 1
        /// How long a server may be silent before the others think that it is down.
        public var nodeTimeout = Duration.seconds(1)
        /// How the servers are started; they listen on TCP in any case.
        public var server: RedisTestServer.Options
        /// How long the cluster may take until all of it is well. Default 180 s, as a busy machine takes long.
        public var startTimeout = Duration.seconds(180)
        /// Has the first primary run somewhere else.
        package var placeOfFirst: ServerPlace?

        /// A cluster of three primaries, unless changed.
        public init(server: RedisTestServer.Options = RedisTestServer.Options()) { self.server = server }
    }

    /// What the cluster was started with.
    public let options: Options
    /// The primaries of the start, in the order of their slots.
    public let primaries: [RedisTestServer]
    /// The replicas of the start: those of the first primary, then those of the second, and so on.
    public let replicas: [RedisTestServer]
    /// All servers.
    public var servers: [RedisTestServer] { primaries + replicas }

    /// Starts all of them, and waits until every server says that the cluster is well; nothing is left behind where it
    /// throws.
    public static func start(_ options: Options = Options()) throws(RedisTestServerError) -> RedisTestCluster {
        try RedisTestCluster(options)
    }

    /// Runs the body with a cluster of its own, which is gone when this returns or throws.
    public static func withCluster<Result>(
        _ options: Options = Options(), _ body: (RedisTestCluster) async throws -> Result
    ) async throws -> Result {
        let cluster = try start(options)
        defer { cluster.stop() }
        return try await body(cluster)
    }

    private init(_ options: Options) throws(RedisTestServerError) {
        self.options = options
        let deadline = ContinuousClock.now + options.startTimeout
        var servers: [RedisTestServer] = []
        let count = max(1, options.primaries)
        for index in 0..<(count + count * max(0, options.replicas)) {
            servers.append(try options.startServer(index))
        }
        primaries = Array(servers[..<count])
        replicas = Array(servers[count...])
        for (index, server) in servers.enumerated() {
            _ = server.answer(to: "CLUSTER SET-CONFIG-EPOCH \(index + 1)")
        }
        for index in 0..<count {
            let slots = (index * Self.slots / count)..<((index + 1) * Self.slots / count)
            // Redis 6.2 has no ADDSLOTSRANGE; in parts, as a line has a limit.
            for first in stride(from: slots.lowerBound, to: slots.upperBound, by: 4_096) {
                let words = (first..<min(first + 4_096, slots.upperBound)).map(String.init).joined(separator: " ")
                _ = primaries[index].answer(to: "CLUSTER ADDSLOTS \(words)")
            }
        }
        for (index, server) in servers.enumerated().dropFirst() {
            _ = servers[0].answer(to: "CLUSTER MEET \(options.host(of: index)) \(server.port ?? 0)")
        }
        try waitForGroup(until: deadline, "its servers know each other") {
            servers.allSatisfy { server in
                let nodes = server.answer(to: "CLUSTER NODES") ?? ""
                return nodes.split(separator: "\n").count { $0.contains("connected") } == servers.count
                    && !nodes.contains("handshake")
            }
        }
        for (index, replica) in replicas.enumerated() {
            let id = primaries[index / max(1, options.replicas)].answer(to: "CLUSTER MYID") ?? ""
            let digits = id.split(whereSeparator: \.isNewline).last ?? ""
            try waitForGroup(until: deadline, "its replicas have their primaries") {
                replica.answer(to: "CLUSTER REPLICATE \(digits)")?.hasPrefix("+OK") == true
            }
        }
        try waitForGroup(until: deadline, "all slots are served, and its replicas are connected") { isAsStarted }
    }

    deinit { stop() }

    /// Where the servers listen, as a catalogue's `cluster` has it: `127.0.0.1:PORT`, or a URL where they speak TLS.
    public var addresses: [String] {
        servers.enumerated().map { index, server in
            server.options.tls == nil ? "\(options.host(of: index)):\(server.port ?? 0)" : server.url
        }
    }

    /// Whether every server says that the cluster is well, and has the role that it was started in.
    package var isAsStarted: Bool {
        func says(_ server: RedisTestServer, _ command: String, _ text: String) -> Bool {
            server.answer(to: command)?.contains(text) == true
        }
        return servers.allSatisfy { says($0, "CLUSTER INFO", "cluster_state:ok") }
            && primaries.allSatisfy { says($0, "INFO replication", "role:master") }
            && replicas.allSatisfy { says($0, "INFO replication", "master_link_status:up") }
    }

    /// Ends all servers and removes their folders. Idempotent.
    public func stop() {
        for server in servers {
            server.kill()
            server.stop()
        }
    }

    private static let slots = 16_384
}

extension RedisTestCluster.Options {
    fileprivate func host(of index: Int) -> String {
        guard let placeOfFirst else { return "127.0.0.1" }
        return index == 0 ? placeOfFirst.host : placeOfFirst.otherHost
    }

    /// Tries again where it ends at once: the bus has a port of its own, which may be taken.
    fileprivate func startServer(_ index: Int) throws(RedisTestServerError) -> RedisTestServer {
        var last: RedisTestServerError?
        for _ in 0..<5 {
            do throws(RedisTestServerError) {
                return try RedisTestServer.start(forServer(index))
            } catch {
                if databases > 1, error.code == .endedAtStart, error.message.contains("'cluster-databases") {
                    throw RedisTestServerError(
                        .notOffered,
                        "this server has one database in a cluster: take Valkey 9 or newer, or leave databases at 1")
                }
                guard error.code == .endedAtStart || error.code == .portTaken else { throw error }
                last = error
            }
        }
        throw last ?? RedisTestServerError(.endedAtStart, "no server of the cluster could be started")
    }

    private func forServer(_ index: Int) -> RedisTestServer.Options {
        var options = server
        options.listening = .tcp
        if let placeOfFirst {
            placeOfFirst.apply(to: &options, isThere: index == 0)
            options.arguments += ["--cluster-announce-ip", host(of: index)]
        }
        options.arguments += [
            "--cluster-enabled", "yes", "--cluster-node-timeout", "\(nodeTimeout.milliseconds)",
            "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0",
        ]
        if options.tls != nil { options.arguments += ["--tls-cluster", "yes", "--tls-replication", "yes"] }
        if databases > 1 { options.arguments += ["--cluster-databases", "\(databases)"] }
        return options
    }
}
