import Bulkhead
import BulkheadNetworking
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// A name that leads where the test says, and two servers that it may lead to.
private final class Home: Sendable {
    private let place: Mutex<[Endpoint]>
    let old: RedisTestServer
    let new: RedisTestServer

    init() throws {
        old = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        // All of 127.0.0.0/8 is this machine, on Linux.
        new = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp, arguments: ["--bind", "127.0.0.2"]))
        place = Mutex([.tcp(host: "127.0.0.1", port: try #require(old.port))])
    }

    func move() throws {
        let endpoint = Endpoint.tcp(host: "127.0.0.2", port: try #require(new.port))
        place.withLock { $0 = [endpoint] }
    }

    func lead(to places: [Endpoint]) { place.withLock { $0 = places } }

    func databases(_ configure: (inout RedisConfiguration) -> Void = { _ in }) -> RedisDatabases {
        var configuration = RedisConfiguration(host: "cache.internal")
        let patient = testConfiguration(old)
        configuration.connectTimeout = patient.connectTimeout
        configuration.leaseTimeout = patient.leaseTimeout
        configuration.commandTimeout = patient.commandTimeout
        configuration.reconnectDelay = .zero
        configuration.maximumReconnectDelay = .zero
        configuration.version = ServerUnderTest.version
        configuration.nameLookUpInterval = .milliseconds(50)
        configuration.clientName = "mover"
        configuration.resolver = { [self] _ in place.withLock { $0 } }
        configure(&configuration)
        return RedisDatabases(configuration)
    }

    func end() { [old, new].forEach { $0.stop() } }
}

private final class Failures: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
}

#if os(Linux)
@Suite(.timeLimit(.minutes(10))) struct `A name whose address changes` {
    private func port(_ form: Form, _ databases: RedisDatabases) async -> Result<String, RedisError> {
        await form.run(.info("server"), in: databases).map { $0["tcp_port"] ?? "" }
    }

    @Test func `takes new commands along, and fails none that are under way`() async throws {
        let home = try Home()
        defer { home.end() }
        let databases = home.databases()
        let main = try databases[.main]
        let old = RedisDatabases(testConfiguration(home.old))
        let new = RedisDatabases(testConfiguration(home.new))
        let failures = Failures()
        let ended = Counter()
        let newPort = String(try #require(home.new.port))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addCallers(until: { ended.value > 0 }) { form, _ in
                let command = RedisCommand<RESPValue>.raw("INCR", ["count"])
                if let failure = await form.run(command, in: databases).failure { failures.add("\(failure)") }
            }
            // Waits at the old server until after the move.
            group.addTask {
                let popped = try await main.send("BLPOP", "late", "0", as: [String].self)
                #expect(popped == ["late", "element"])
            }
            // A lease stays where it is.
            group.addTask {
                try await main.withConnection { connection in
                    while ended.value == 0 { try await connection.send("INCR", "lent") }
                    #expect(try await connection.send("GET", "count") != .null)
                }
            }
            defer { ended.next() }
            let isBusy = try await eventually {
                let count = try await old[.main].get("count", as: Int.self) ?? 0
                let blocked = try await old[.main].info("clients")["blocked_clients"]
                let lent = try await old[.main].get("lent", as: Int.self) ?? 0
                return count > 100 && lent > 0 && blocked == "1"
            }
            #expect(isBusy)
            try home.move()
            for form in Form.allCases {
                let hasMoved = await eventually {
                    if case .success(newPort) = await port(form, databases) { true } else { false }
                }
                #expect(hasMoved)
            }
            #expect(try await eventually { try await new[.main].get("count", as: Int.self) ?? 0 > 100 })
            try await old[.main].rpush("late", "element")
        }
        #expect(failures.all == [])
        #expect(try await new[.main].exists("lent") == 0)
        // Nothing is left at the old server.
        let isLeft = try await eventually {
            try await !old[.main].send("CLIENT", "LIST", as: String.self).contains("name=mover")
        }
        #expect(isLeft)
        for other in [databases, old, new] { await other.close() }
    }

    @Test func `takes subscriptions along, with a gap`() async throws {
        let home = try Home()
        defer { home.end() }
        let databases = home.databases()
        let new = RedisDatabases(testConfiguration(home.new))
        let subscription = try await databases[.main].subscribe(to: .channels("news"))
        try home.move()
        #expect(
            try await eventually {
                try await new[.main].send("PUBSUB", "NUMSUB", "news", as: [String: Int].self)["news"] == 1
            })
        try await new[.main].send("PUBLISH", "news", "hello")
        var gaps = 0
        for try await event in subscription {
            if case .message(let message) = event {
                #expect(message.content == "hello")
                break
            }
            gaps += 1
        }
        #expect(gaps == 1)
        for other in [databases, new] { await other.close() }
    }

    @Test func `is not noticed while one of its addresses is the one in use, or nothing can be looked up`() async throws
    {
        let home = try Home()
        defer { home.end() }
        let databases = home.databases()
        #expect(try await databases[.main].ping() == "PONG")
        let looks = Counter()
        let other = home.databases { configuration in
            let resolver = configuration.resolver
            configuration.resolver = { endpoint in
                looks.next()
                return resolver?(endpoint) ?? []
            }
        }
        let before = try await other.acceptedConnections()
        home.lead(to: [
            .tcp(host: "127.0.0.2", port: try #require(home.new.port)),
            .tcp(host: "127.0.0.1", port: try #require(home.old.port)),
        ])
        var seen = looks.value
        #expect(await eventually { looks.value > seen + 3 })
        home.lead(to: [.unix(path: "")])
        seen = looks.value
        #expect(await eventually { looks.value > seen + 3 })
        #expect(try await other.acceptedConnections() == before)
        for other in [databases, other] { await other.close() }
    }

    @Test(arguments: Form.allCases)
    func `is reached by another address where one swallows what is sent`(form: Form) async throws {
        let home = try Home()
        defer { home.end() }
        let deaf = DeafListener.full()
        home.lead(to: [
            .tcp(host: "127.0.0.1", port: deaf.port), .tcp(host: "127.0.0.1", port: 1),
            .tcp(host: "127.0.0.2", port: try #require(home.new.port)),
        ])
        // Each address would have minutes, were they tried one by one.
        let databases = home.databases { $0.connectTimeout = .seconds(3_600) }
        #expect(await form.run(.ping(), in: databases).isSuccess)
        await databases.close()
        withExtendedLifetime(deaf) {}
    }
}
#endif
