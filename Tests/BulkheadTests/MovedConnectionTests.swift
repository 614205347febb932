import Bulkhead
import BulkheadNetworking
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// A sentinel that says what a test wants, of servers that know nothing of it.
private final class StubSentinel: Sendable {
    private struct State: Sendable {
        var port: Int
        var epoch = 1
        var listeners: [ScriptedPeer] = []
    }

    private final class Place: Sendable {
        let state: Mutex<State>
        init(_ port: Int) { state = Mutex(State(port: port)) }
    }

    private let place: Place
    private let server: ScriptedServer
    var address: String { "127.0.0.1:\(server.port)" }
    /// The channel of its switches is listened to.
    var isHeard: Bool { place.state.withLock { !$0.listeners.isEmpty } }

    init(primary port: Int) {
        let place = Place(port)
        self.place = place
        server = ScriptedServer(onPort: 0) { peer in
            while let command = peer.readCommand() {
                let words = command.map { $0.uppercased() }
                place.state.withLock { state in
                    switch words.first {
                    case "HELLO": peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                    case "SUBSCRIBE":
                        peer.write(">3\r\n$9\r\nsubscribe\r\n\(bulk(command[1])):1\r\n")
                        state.listeners.append(peer)
                    case _ where words.contains("GET-MASTER-ADDR-BY-NAME"):
                        peer.write("*2\r\n\(bulk("127.0.0.1"))\(bulk("\(state.port)"))")
                    case _ where words.contains("MASTER"):
                        peer.write("%1\r\n\(bulk("config-epoch"))\(bulk("\(state.epoch)"))")
                    default: peer.write("+OK\r\n")
                    }
                }
            }
        }
    }

    func announce(_ port: Int) {
        place.state.withLock { state in
            let line = "mymaster 127.0.0.1 \(state.port) 127.0.0.1 \(port)"
            state.port = port
            state.epoch += 1
            for peer in state.listeners {
                peer.write(">3\r\n\(bulk("message"))\(bulk("+switch-master"))\(bulk(line))")
            }
        }
    }

    func stop() {
        server.stop()
        place.state.withLock { $0.listeners = [] }
    }
}

private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

private func start(boundTo address: String = "127.0.0.1") throws -> RedisTestServer {
    try RedisTestServer.start(RedisTestServer.Options(listening: .tcp, arguments: ["--bind", address]))
}

/// A subscription and a cache have a connection each, beside those of a name's commands: whatever moves one moves all.
@Suite(.timeLimit(.minutes(10))) struct `The connections of subscriptions and caches` {
    /// What a name has beside its commands, at a server where `key` is `old`.
    private struct Beside {
        let subscription: RedisSubscription<RedisMessage<String>>
        /// Needs RESP3.
        let cache: RedisCache?

        init(_ main: RedisDatabase) async throws {
            subscription = try await main.subscribe(to: .channels("news"))
            let hasCache = ServerUnderTest.version == .resp3
            cache = hasCache ? try await main.cached(within: patientLimits()) : nil
            if let cache { for _ in 0..<2 { #expect(try await cache.get("key") == "old") } }
        }

        /// Returns when both are at the server where `key` is `new`.
        func follow(to new: RedisDatabase) async throws {
            #expect(
                try await eventually {
                    try await new.send("PUBSUB", "NUMSUB", "news", as: [String: Int].self)["news"] == 1
                })
            try await new.publish("news", "hello")
            var gaps = 0
            for try await event in subscription {
                if case .message(let message) = event {
                    #expect(message.content == "hello")
                    break
                }
                gaps += 1
            }
            #expect(gaps == 1)
            guard let cache else { return }
            #expect(
                try await eventually {
                    try await cache.catchUp()
                    return try await cache.get("key") == "new"
                })
        }
    }

    @Test func `follow a primary as soon as a sentinel names it, though the old one goes on`() async throws {
        let servers = [try start(), try start()]
        let ports = try servers.map { try #require($0.port) }
        let sentinel = StubSentinel(primary: ports[0])
        defer {
            sentinel.stop()
            servers.forEach { $0.stop() }
        }
        let old = RedisDatabases(testConfiguration(servers[0]))
        let new = RedisDatabases(testConfiguration(servers[1]))
        try await old[.main].set("key", "old")
        try await new[.main].set("key", "new")
        let place = try DatabaseServer(sentinels: [sentinel.address], primary: "mymaster")
        let databases = RedisDatabases(
            testGroupConfiguration(),
            catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
        let beside = try await Beside(try databases[.main])
        #expect(await eventually { sentinel.isHeard })
        sentinel.announce(ports[1])
        try await beside.follow(to: try new[.main])
        for databases in [databases, old, new] { await databases.close() }
    }

    /// Where a name leads elsewhere behind one address, nothing but the server's replies says so.
    @Test func `leave a server that calls itself a replica with the connections of commands`() async throws {
        let servers = [try RedisTestServer.start(), try RedisTestServer.start()]
        defer { servers.forEach { $0.stop() } }
        let link = MovingName(to: servers[0].socketPath)
        let old = RedisDatabases(testConfiguration(servers[0]))
        let new = RedisDatabases(testConfiguration(servers[1]))
        try await old[.main].set("key", "old")
        try await new[.main].set("key", "new")
        var configuration = testConfiguration(link.path)
        configuration.version = ServerUnderTest.version
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        #expect(try await main.get("key") == "old")
        let beside = try await Beside(main)
        link.point(to: servers[1].socketPath)
        // Nobody is there to follow.
        try await old[.main].send("REPLICAOF", "127.0.0.1", "1")
        try await main.set("other", "value")
        #expect(try await new[.main].get("other") == "value")
        try await beside.follow(to: try new[.main])
        for databases in [databases, old, new] { await databases.close() }
    }

    #if os(Linux)
    @Test func `follow a name that leads elsewhere, though the old server goes on`() async throws {
        // All of 127.0.0.0/8 is this machine.
        let servers = [try start(), try start(boundTo: "127.0.0.2")]
        defer { servers.forEach { $0.stop() } }
        let ports = try servers.map { try #require($0.port) }
        let old = RedisDatabases(testConfiguration(servers[0]))
        let new = RedisDatabases(testConfiguration(servers[1]))
        try await old[.main].set("key", "old")
        try await new[.main].set("key", "new")
        let hasMoved = Mutex(false)
        var configuration = RedisConfiguration(host: "cache.internal")
        let patient = testConfiguration(servers[0])
        configuration.connectTimeout = patient.connectTimeout
        configuration.commandTimeout = patient.commandTimeout
        configuration.version = patient.version
        configuration.nameLookUpInterval = .milliseconds(50)
        configuration.resolver = { _ in
            hasMoved.withLock(\.self)
                ? [.tcp(host: "127.0.0.2", port: ports[1])] : [.tcp(host: "127.0.0.1", port: ports[0])]
        }
        let databases = RedisDatabases(configuration)
        let beside = try await Beside(try databases[.main])
        hasMoved.withLock { $0 = true }
        try await beside.follow(to: try new[.main])
        for databases in [databases, old, new] { await databases.close() }
    }
    #endif

    /// The announcement comes over one of these connections: a name may have no others.
    @Test(.enabled(if: ServerUnderTest.version == .resp3), arguments: ["SUBSCRIBE", "INFO"])
    func `go to the place that their server announces before it closes`(heardBehind word: String) async throws {
        let server = try start()
        defer { server.stop() }
        let place = "127.0.0.1:\(try #require(server.port))"
        let listeners = Mutex<[ScriptedPeer]>([])
        let old = ScriptedServer { peer in
            var isAsked = false
            while let command = peer.readCommand() {
                switch command[0] {
                case "HELLO": peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                case "SUBSCRIBE": peer.write(">3\r\n\(bulk("subscribe"))\(bulk(command[1])):1\r\n")
                case "INFO": peer.write(bulk("cmdstat_info:calls=1,usec=1\r\n"))
                case "PTTL": peer.write(":-1\r\n")
                case "GET": peer.write(bulk("old"))
                case "PING": peer.write("+PONG\r\n")
                default:
                    if command.contains("MAINT_NOTIFICATIONS") { isAsked = true }
                    peer.write("+OK\r\n")
                }
                if isAsked, command[0] == word { listeners.withLock { $0.append(peer) } }
            }
        }
        defer {
            old.stop()
            listeners.withLock { $0 = [] }
        }
        let new = RedisDatabases(testConfiguration(server))
        try await new[.main].set("key", "new")
        var configuration = testConfiguration(old.path)
        configuration.version = .resp3
        configuration.maintenance = RedisMaintenance()
        let databases = RedisDatabases(configuration)
        let beside = try await Beside(try databases[.main])
        #expect(listeners.withLock(\.count) > 0)
        listeners.withLock { peers in
            for peer in peers { peer.write(">4\r\n\(bulk("MOVING")):1\r\n:60\r\n\(bulk(place))") }
        }
        try await beside.follow(to: try new[.main])
        for databases in [databases, new] { await databases.close() }
    }
}
