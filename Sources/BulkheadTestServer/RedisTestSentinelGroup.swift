/// A primary, its replicas and the sentinels that watch them, all of one's own, that leave nothing behind.
///
/// ```swift
/// let group = try RedisTestSentinelGroup.start()
/// defer { group.stop() }
/// // connect to the primary of group.name by group.sentinelAddresses
/// try group.failOver()
/// ```
/// Each server and each sentinel is a ``RedisTestServer`` with a folder and a guard of its own, so the end of this
/// process in any way ends all of them. Sentinels notice a dead primary after a second, and start takes two to five,
/// less where the sentinels can be told to hurry (Redis 7.0 and later).
public final class RedisTestSentinelGroup: Sendable {
    /// What to start.
    public struct Options: Sendable, Hashable {
        /// The name under which the sentinels watch the group.
        public var name = "mymaster"
        /// How many replicas the primary has.
        public var replicas = 2
        /// How many sentinels watch; a majority of them agrees on a failover.
        public var sentinels = 3
        /// The password of the servers. Default `nil`: none.
        public var password: String?
        /// The password of the sentinels. Default `nil`: none.
        public var sentinelPassword: String?
        /// Which sentinels demand it, from 0. Default `nil`: all.
        public var protectedSentinels: Set<Int>?
        /// How long a server may be silent before a sentinel thinks that it is down.
        public var downAfter = Duration.seconds(1)
        /// How the servers are started; they listen on TCP in any case. Where they speak TLS, so do the sentinels.
        public var server: RedisTestServer.Options
        /// How long the group may take until all know each other. Default 180 s, as a busy machine takes long.
        public var startTimeout = Duration.seconds(180)
        /// Has the first server run somewhere else.
        package var placeOfFirst: ServerPlace?

        /// A group of three servers and three sentinels, unless changed.
        public init(server: RedisTestServer.Options = RedisTestServer.Options()) { self.server = server }
    }

    /// What the group was started with.
    public let options: Options
    /// All servers of the group; the first was the primary at the start.
    public let servers: [RedisTestServer]
    /// The sentinels.
    public let sentinels: [RedisTestServer]

    /// Starts all of them, and waits until every sentinel knows the others and all replicas; nothing is left behind
    /// where it throws.
    public static func start(_ options: Options = Options()) throws(RedisTestServerError) -> RedisTestSentinelGroup {
        try RedisTestSentinelGroup(options)
    }

    /// Runs the body with a group of its own, which is gone when this returns or throws.
    public static func withGroup<Result>(
        _ options: Options = Options(), _ body: (RedisTestSentinelGroup) async throws -> Result
    ) async throws -> Result {
        let group = try start(options)
        defer { group.stop() }
        return try await body(group)
    }

    private init(_ options: Options) throws(RedisTestServerError) {
        self.options = options
        let deadline = ContinuousClock.now + options.startTimeout
        var servers: [RedisTestServer] = []
        for index in 0...max(0, options.replicas) {
            servers.append(try RedisTestServer.start(options.forServer(index, replicaOf: servers.first?.port)))
        }
        self.servers = servers
        try waitForGroup(until: deadline, "its replicas are connected") {
            let state = servers[0].answer(to: "INFO replication", password: options.password) ?? ""
            return state.occurrences(of: "state=online") == options.replicas
        }
        var sentinels: [RedisTestServer] = []
        for index in 0..<max(1, options.sentinels) {
            sentinels.append(try RedisTestServer.start(options.forSentinel(index, watching: servers[0])))
        }
        self.sentinels = sentinels
        for (index, sentinel) in sentinels.enumerated() {
            // Redis 6.2 knows nothing of it, and takes longer. While the primary is down a sentinel asks a replica for
            // INFO each second only, and takes none whose answer is older than five periods of PING: with shorter ones
            // it finds no replica, and tries again six seconds later.
            let hurry =
                "SENTINEL DEBUG info-period 200 ping-period 300 publish-period 200 ask-period 200 "
                + "min-link-reconnect-period 100"
            _ = sentinel.answer(to: hurry, password: options.passwordOfSentinel(index))
        }
        try waitForGroup(until: deadline, "its sentinels know each other") { knowEachOther }
        // The sentinel that leads a failover sees after a second that the replica is a primary, and tells the others.
        // One that sees it earlier makes it a replica again after four of these periods; then all fail over again.
        for index in sentinels.indices { _ = answer(of: index, to: "SENTINEL DEBUG publish-period 500") }
    }

    deinit { stop() }

    /// The name under which the sentinels watch the group.
    public var name: String { options.name }

    /// Where the sentinels listen, as a catalogue's `sentinels` has it: `127.0.0.1:PORT`, or a URL where they demand a
    /// password or speak TLS.
    public var sentinelAddresses: [String] {
        sentinels.indices.map { index in
            url(of: "127.0.0.1:\(sentinels[index].port ?? 0)", password: options.passwordOfSentinel(index))
        }
    }

    /// The primary as a catalogue's `primary` has it: the group's name, or a URL where the servers demand a password or
    /// speak TLS.
    public var primaryAddress: String { url(of: name, password: options.password) }

    private func url(of place: String, password: String?) -> String {
        let login = password.map { ":\(PrivateFolder.percentEncoded($0))@" } ?? ""
        if options.server.tls != nil { return "rediss://\(login)\(place)" }
        return login.isEmpty ? place : "redis://\(login)\(place)"
    }

    /// The server that a sentinel says is the primary now; `nil` where it does not answer or names another one.
    public func primary(by index: Int = 0) -> RedisTestServer? {
        let answer = answer(of: index, to: "SENTINEL GET-MASTER-ADDR-BY-NAME \(name)")
        let lines = answer?.split(whereSeparator: \.isNewline) ?? []
        return servers.first { server in lines.contains { $0 == "\(server.port ?? 0)" } }
    }

    /// Has a sentinel make a replica the primary, without any server having failed, and returns that replica when no
    /// sentinel that answers names the old primary any more. Orders it again where the sentinel gives up, as it does on
    /// a slow machine when the replica does not become a primary within three times ``Options/downAfter``. Throws where
    /// no failover happens within ``Options/startTimeout``.
    @discardableResult
    public func failOver(by index: Int = 0) throws(RedisTestServerError) -> RedisTestServer {
        let deadline = ContinuousClock.now + options.startTimeout
        var old, new: RedisTestServer?
        try waitForGroup(until: deadline, "sentinel \(index) names the primary") {
            old = primary(by: index)
            return old != nil
        }
        var refusal = "no answer"
        try waitForGroup(until: deadline, "sentinel \(index) names another primary (\(refusal))") {
            // In this order: one that has ended by now is seen in the name, and is not ordered a second time.
            let isUnderWay = answer(of: index, to: "SENTINEL MASTER \(name)")?.contains("failover_in_progress")
            new = primary(by: index)
            if new != nil, new !== old { return true }
            // Refused where no replica is known to be good.
            if isUnderWay == false, let answer = answer(of: index, to: "SENTINEL FAILOVER \(name)") {
                refusal = String(answer.prefix { !$0.isNewline })
            }
            return false
        }
        // One that does not know of it takes the new primary for a replica that went astray, and may make it one again.
        try waitForGroup(until: deadline, "all sentinels know of the failover") {
            sentinels.indices.allSatisfy { primary(by: $0) !== old }
        }
        // It may have done so just before. Then the others see after some seconds that the primary is a replica, and
        // fail over again, which nobody expects from here on.
        try waitForGroup(until: deadline, "all servers follow the new primary") {
            new = primary(by: index)
            return new.map { isFollowed($0) } ?? false
        }
        guard let new else { throw RedisTestServerError(.notRunning, "the group has no primary: start another one") }
        return new
    }

    /// It is a primary, and all other servers that answer have its data.
    private func isFollowed(_ primary: RedisTestServer) -> Bool {
        servers.allSatisfy { server in
            let info = server.answer(to: "INFO replication", password: options.password)
            guard let info, info.hasPrefix("$") else { return server !== primary }
            let lines = info.split(whereSeparator: \.isNewline)
            if server === primary { return lines.contains("role:master") }
            return lines.contains("master_port:\(primary.port ?? 0)") && lines.contains("master_link_status:up")
        }
    }

    private func answer(of index: Int, to command: String) -> String? {
        sentinels[index].answer(to: command, password: options.passwordOfSentinel(index))
    }

    private var knowEachOther: Bool {
        let expected = "slaves=\(options.replicas),sentinels=\(sentinels.count)"
        return sentinels.indices.allSatisfy { index in
            let words = answer(of: index, to: "INFO sentinel")
            return words?.contains("status=ok") == true && words?.contains(expected) == true
        }
    }

    /// Whether all of it is well, and the primary is that of the start.
    package var isAsStarted: Bool {
        knowEachOther && sentinels.indices.allSatisfy { primary(by: $0) === servers[0] } && isFollowed(servers[0])
    }

    /// Ends all servers and sentinels and removes their folders. Idempotent.
    public func stop() {
        // Sentinels would begin a failover, and have their files in the first server's folder.
        for sentinel in sentinels { sentinel.kill() }
        for server in sentinels + servers.reversed() {
            server.kill()
            server.stop()
        }
    }
}

extension RedisTestSentinelGroup.Options {
    func passwordOfSentinel(_ index: Int) -> String? {
        protectedSentinels?.contains(index) ?? true ? sentinelPassword : nil
    }

    fileprivate func forServer(_ index: Int, replicaOf port: Int?) -> RedisTestServer.Options {
        var options = server
        options.listening = .tcp
        placeOfFirst?.apply(to: &options, isThere: index == 0)
        options.arguments += ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"]
        if let password { options.arguments += ["--requirepass", password, "--masterauth", password] }
        if options.tls != nil { options.arguments += ["--tls-replication", "yes"] }
        if let port { options.arguments += ["--replicaof", hostOfFirst, "\(port)"] }
        return options
    }

    /// A sentinel keeps what it learns in its configuration file. That lies in the first server's folder, whose guard
    /// removes it.
    fileprivate func forSentinel(
        _ index: Int, watching primary: RedisTestServer
    ) throws(RedisTestServerError) -> RedisTestServer.Options {
        var lines = [
            "sentinel monitor \(name) \(hostOfFirst) \(primary.port ?? 0) \(sentinels / 2 + 1)",
            "sentinel down-after-milliseconds \(name) \(downAfter.milliseconds)",
            "sentinel failover-timeout \(name) \(3 * downAfter.milliseconds)",
            "sentinel parallel-syncs \(name) \(max(1, replicas))",
        ]
        if let password { lines.append("sentinel auth-pass \(name) \(password)") }
        if let sentinelPassword { lines.append("sentinel sentinel-pass \(sentinelPassword)") }
        if let password = passwordOfSentinel(index) { lines.append("requirepass \(password)") }
        let path = "\(primary.folder)/sentinel-\(index).conf"
        try SystemCall.write(lines.joined(separator: "\n") + "\n", to: path)
        var options = server
        options.listening = .tcp
        options.arguments = [path, "--sentinel"]
        // So that they speak it with the servers and with each other.
        if options.tls != nil { options.arguments += ["--tls-replication", "yes"] }
        placeOfFirst?.apply(to: &options, isThere: false)
        return options
    }

    private var hostOfFirst: String { placeOfFirst?.host ?? "127.0.0.1" }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension String {
    /// How often `text` occurs.
    fileprivate func occurrences(of text: String) -> Int {
        var (count, rest) = (0, self[...])
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
