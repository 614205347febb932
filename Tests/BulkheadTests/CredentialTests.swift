import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What a program's function knows: the user of the moment, how often it was asked, and whether it fails.
private final class Identity: Sendable {
    struct Failure: Error { let text = "secret-of-the-function" }

    private let state = Mutex((number: 1, asked: 0, fails: false))
    var asked: Int { state.withLock { $0.asked } }

    func change(to number: Int) { state.withLock { $0.number = number } }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func credentials(_ validity: Duration?) throws -> RedisCredentials {
        let (number, fails) = state.withLock { state in
            state.asked += 1
            return (state.number, state.fails)
        }
        if fails { throw Failure() }
        let password = RedisPassword("word-\(number)")
        return RedisCredentials(username: "user-\(number)", password: password, validity: validity)
    }
}

/// What went wrong, and whether to go on.
private final class Load: Sendable {
    private let state = Mutex((failures: [String](), runs: 0, isOver: false))
    var failures: [String] { state.withLock { $0.failures } }
    var runs: Int { state.withLock { $0.runs } }
    var isOver: Bool { state.withLock { $0.isOver } }
    func end() { state.withLock { $0.isOver = true } }

    func ran(_ result: Result<some Any, any Error>) {
        state.withLock { state in
            state.runs += 1
            if case .failure(let error) = result { state.failures.append("\(error)") }
        }
    }
}

private func outcome<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}

@Suite(.timeLimit(.minutes(10))) struct `A login that a function gives` {
    private func addUser(_ number: Int, _ admin: RedisDatabases) async throws {
        try await admin[.main].send(
            "ACL", "SETUSER", "user-\(number)", "on", ">word-\(number)", "~*", "&*", "+@all")
    }

    private func hasConnections(of number: Int, _ admin: RedisDatabases) async throws -> Bool {
        try await admin[.main].send("CLIENT", "LIST", as: String.self).contains("user=user-\(number) ")
    }

    private func configuration(
        _ server: RedisTestServer, _ identity: Identity, validity: Duration?
    ) -> RedisConfiguration {
        var configuration = testConfiguration(server)
        configuration.credentials = { _ in try identity.credentials(validity) }
        return configuration
    }

    /// A server with a first user, its administrator, and databases whose logins an identity gives.
    private func withIdentity(
        validFor validity: Duration,
        _ body: (_ admin: RedisDatabases, _ identity: Identity, _ databases: RedisDatabases) async throws -> Void
    ) async throws {
        try await withServer { server in
            try await withDatabases(testConfiguration(server)) { admin in
                try await addUser(1, admin)
                let identity = Identity()
                try await withDatabases(configuration(server, identity, validity: validity)) { databases in
                    try await body(admin, identity, databases)
                }
            }
        }
    }

    @Test func `that changes under load fails no command on any connection`() async throws {
        try await withIdentity(validFor: .milliseconds(200)) { admin, identity, databases in
            let main = try databases[.main]
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addCallers(until: { load.isOver }) { form, number in
                    let command = RedisCommand<RESPValue>.raw("INCR", ["count-\(number)"])
                    load.ran(await form.run(command, in: databases).mapError { $0 as any Error })
                }
                group.addTask {
                    while !load.isOver {
                        load.ran(await outcome { try await main.send("BLPOP", "nothing", "0.05") })
                        load.ran(await outcome { try await main.transaction(.raw("INCR", ["in-one-piece"]), .ping()) })
                    }
                }
                group.addTask {
                    let result = await outcome {
                        try await main.withConnection { connection in
                            while !load.isOver {
                                try await connection.send("MULTI")
                                try await connection.send("INCR", "in-a-lease")
                                load.ran(await outcome { try await connection.send("EXEC") })
                            }
                        }
                    }
                    load.ran(result)
                }
                group.addTask {
                    let result: Result<Void, any Error> = await onThread {
                        Result {
                            try databases.blocking(.main).withConnection { connection in
                                while !load.isOver { load.ran(Result { try connection.send("INCR", "lent") }) }
                            }
                        }
                    }
                    load.ran(result)
                }
                // In RESP2 a connection that listens takes no AUTH.
                if ServerUnderTest.version == .resp3 {
                    group.addTask {
                        let result = await outcome {
                            let subscription = try await main.subscribe(to: .channels("news"))
                            var next = 0
                            for try await event in subscription {
                                if case .message(let message) = event {
                                    try #require(message.content == "\(next)")
                                    next += 1
                                } else {
                                    Issue.record("a gap")
                                }
                                if load.isOver { return }
                            }
                        }
                        load.ran(result)
                    }
                    group.addTask {
                        // The messages begin when somebody listens.
                        let isHeard = try await eventually {
                            try await admin[.main].send("PUBSUB", "NUMSUB", "news", as: [String: Int].self)["news"] == 1
                        }
                        #expect(isHeard)
                        var next = 0
                        while !load.isOver {
                            try await admin[.main].send("PUBLISH", "news", next)
                            next += 1
                            try await Task.sleep(for: .milliseconds(5))
                        }
                        try await admin[.main].send("PUBLISH", "news", next)
                    }
                }
                defer { load.end() }
                for number in 2...5 {
                    let before = load.runs
                    #expect(await eventually { load.runs > before + 200 })
                    try await addUser(number, admin)
                    identity.change(to: number)
                    for _ in 0..<3 {
                        #expect(try await eventually { try await !hasConnections(of: number - 1, admin) })
                    }
                    // The server ends whatever has not changed by now.
                    try await admin[.main].send("ACL", "DELUSER", "user-\(number - 1)")
                }
            }
            #expect(load.failures == [])
        }
    }

    @Test(.enabled(if: ServerUnderTest.version == .resp3))
    func `that changes is taken by a cache, which drops nothing`() async throws {
        try await withServer { server in
            let admin = RedisDatabases(testConfiguration(server))
            let identity = Identity()
            try await addUser(1, admin)
            try await addUser(2, admin)
            let databases = RedisDatabases(configuration(server, identity, validity: .milliseconds(100)))
            let cache = try await databases[.main].cached(within: patientLimits())
            for _ in 0..<2 { #expect(try await cache.get("key") == nil) }
            identity.change(to: 2)
            #expect(try await eventually { try await !hasConnections(of: 1, admin) })
            #expect(try await hasConnections(of: 2, admin))
            #expect(cache.metrics().entries == 1 && cache.metrics().clears == 0)
            await databases.close()
            await admin.close()
        }
    }

    @Test func `that changes in a transaction is taken behind its end`() async throws {
        try await withIdentity(validFor: .milliseconds(50)) { admin, identity, databases in
            try await addUser(2, admin)
            try await databases[.main].withConnection { connection in
                try await connection.send("MULTI")
                identity.change(to: 2)
                let asked = identity.asked
                #expect(await eventually { identity.asked > asked + 2 })
                try await connection.send("ACL", "WHOAMI")
                #expect(try await connection.send("EXEC", as: [String].self) == ["user-1"])
                #expect(try await connection.send("ACL", "WHOAMI", as: String.self) == "user-2")
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `that is kept and was replaced meanwhile is asked for again before anybody fails`(form: Form) async throws {
        try await withIdentity(validFor: .seconds(3_600)) { admin, identity, databases in
            #expect(await form.run(.ping(), in: databases).isSuccess)
            try await addUser(2, admin)
            identity.change(to: 2)
            try await admin[.main].send("ACL", "DELUSER", "user-1")
            #expect(await form.run(.ping(), in: databases, .knowledge).isSuccess)
            #expect(identity.asked == 2)
        }
    }

    @Test(arguments: Form.allCases)
    func `is an error of its own where the function throws, and open connections go on`(form: Form) async throws {
        try await withIdentity(validFor: .milliseconds(100)) { _, identity, databases in
            #expect(await form.run(.ping(), in: databases).isSuccess)
            identity.fail(true)
            let asked = identity.asked
            #expect(await eventually { identity.asked > asked + 1 })
            if form == .asynchronous { #expect(await form.run(.ping(), in: databases).isSuccess) }
            let failure = try #require(await form.run(.ping(), in: databases, .knowledge).failure)
            #expect(failure.code == .credentialsUnavailable && failure.isSafeToRetry)
            #expect(failure.message.contains("threw Failure") && !"\(failure)".contains("secret"))
            identity.fail(false)
            #expect(await eventually { await form.run(.ping(), in: databases, .knowledge).isSuccess })
        }
    }

    @Test(arguments: Form.allCases)
    func `that does not come is given up at the connect time-out, and its task is cancelled`(form: Form) async throws {
        try await withServer { server in
            let cancelled = Counter()
            var configuration = testConfiguration(server)
            configuration.connectTimeout = .milliseconds(200)
            configuration.credentials = { _ in
                do { try await Task.sleep(for: .seconds(3_600)) } catch { cancelled.next() }
                return nil
            }
            let databases = RedisDatabases(configuration)
            let failure = try #require(await form.run(.ping(), in: databases).failure)
            #expect(failure.code == .credentialsUnavailable || failure.code == .connectTimedOut, "\(failure)")
            #expect(await eventually { cancelled.value > 0 })
            await databases.close()
        }
    }

    @Test func `may be none, and is for servers without a login of their own in the catalogue`() async throws {
        try await withServer { server in
            let admin = RedisDatabases(testConfiguration(server))
            try await addUser(1, admin)
            let asked = Mutex<[String]>([])
            var configuration = testConfiguration(server)
            configuration.credentials = { server in
                asked.withLock { $0.append(server) }
                return nil
            }
            let place = try DatabaseServer(url: "unix://user-1:word-1@\(server.socketPath)")
            let catalogue = try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0), DatabaseEntry(.knowledge, number: 1, server: place),
            ])
            let databases = RedisDatabases(configuration, catalogue: catalogue)
            #expect(try await databases[.knowledge].send("ACL", "WHOAMI", as: String.self) == "user-1")
            #expect(asked.withLock { $0 } == [])
            #expect(try await databases[.main].send("ACL", "WHOAMI", as: String.self) == "default")
            #expect(asked.withLock { $0 } == ["unix:\(server.socketPath)"])
            await databases.close()
            await admin.close()
        }
    }

    @Test func `does not print`() {
        let credentials = RedisCredentials(username: "someone", password: "swordfish", validity: .seconds(1))
        var text = "\(credentials) \(String(reflecting: credentials))"
        dump(credentials, to: &text)
        #expect(!text.contains("swordfish") && !text.contains("someone"))
        var configuration = RedisConfiguration()
        configuration.credentials = { _ in credentials }
        #expect("\(configuration)" == "127.0.0.1:6379 with credentials from a function")
    }
}
