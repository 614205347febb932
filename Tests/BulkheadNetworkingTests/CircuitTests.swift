@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

private let start = Moment(nanoseconds: 1_000_000_000)
private let away = ConnectionFailure(.connectFailed, "nobody listens there")

/// What the machine says at `moment`: the failure of a caller who is held back, or nil for leave to try.
extension CircuitMachine {
    /// One more failure opens it.
    fileprivate static func failedOnce() throws(ConnectionFailure) -> CircuitMachine {
        var circuit = CircuitMachine()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .seconds(60) }
        return circuit
    }

    fileprivate mutating func refusal(at moment: Moment) -> ConnectionFailure? {
        do throws(ConnectionFailure) {
            _ = try admit(at: moment)
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct `A circuit` {
    @Test func `lets everybody try while nothing is known against the server`() throws {
        var circuit = CircuitMachine()
        for _ in 0..<10 { _ = try circuit.admit(at: start) }
    }

    @Test func `holds nobody back after one failure`() throws {
        var circuit = CircuitMachine()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .seconds(60) }
        for _ in 0..<10 { _ = try circuit.admit(at: start) }
    }

    @Test func `holds everybody back after a second failure, with what it was, until the wait is over`() throws {
        var circuit = try CircuitMachine.failedOnce()
        let attempt = try circuit.admit(at: start)
        circuit.failed(attempt, away, at: start) { _ in .milliseconds(50) }
        for later in [0, 1, 49] {
            let refusal = circuit.refusal(at: start + .milliseconds(later))
            #expect(refusal?.reason == .connectFailed && refusal?.progress == .refused)
            let words = "nobody listens there (no attempt is made for another"
            #expect(refusal?.message.hasPrefix(words) == true)
        }
        let refusal = circuit.refusal(at: start + .milliseconds(50))
        #expect(refusal == nil)
    }

    @Test func `lets one try when the wait is over, and the others when that one succeeded`() throws {
        var circuit = try CircuitMachine.failedOnce()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .milliseconds(50) }
        _ = try circuit.admit(at: start + .milliseconds(50))
        let refusal = circuit.refusal(at: start + .seconds(60))
        #expect(refusal?.message.hasSuffix("(another attempt is under way)") == true)
        circuit.succeeded()
        #expect(circuit.failures == 0)
        for _ in 0..<10 { _ = try circuit.admit(at: start + .seconds(60)) }
    }

    @Test func `counts attempts side by side that fail together as one failure`() throws {
        var circuit = try CircuitMachine.failedOnce()
        let attempts = try (0..<5).map { _ in try circuit.admit(at: start) }
        for attempt in attempts {
            circuit.failed(attempt, away, at: start) { .milliseconds(10 * $0) }
        }
        #expect(circuit.failures == 2)
        _ = try circuit.admit(at: start + .milliseconds(10))
    }

    @Test func `is not opened by errors that the server answered`() throws {
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        for code in ["ERR", "BUSY", "DENIED"] {
            try circuit.admit().ended(ConnectionFailure(.handshakeRefused(code: code), "no"))
        }
        _ = try circuit.admit()
    }

    @Test func `tells that it closed where the first answer after an outage is an error`() async throws {
        let told = Locked<[String]>([])
        let events = ConnectionEvents()
        let listener = events.listener { event in
            told.change { told in
                switch event {
                case .circuitOpened: told.append("opened")
                case .circuitClosed: told.append("closed")
                default: told.append("\(event)")
                }
            }
        }
        let circuit = Circuit(Backoff(first: .zero, cap: .zero), listener)
        for _ in 0..<2 { try circuit.admit().ended(away) }
        try circuit.admit().ended(ConnectionFailure(.handshakeRefused(code: "BUSY"), "a script runs"))
        #expect(await eventually { told.value.count == 2 })
        #expect(told.value == ["opened", "closed"])
    }

    @Test func `counts failures in a row, and forgets them with the first success`() throws {
        var circuit = CircuitMachine()
        var counts: [Int] = []
        for _ in 0..<5 {
            circuit.failed(try circuit.admit(at: start), away, at: start) { failures in
                counts.append(failures)
                return .zero
            }
        }
        circuit.succeeded()
        for _ in 0..<2 {
            circuit.failed(try circuit.admit(at: start), away, at: start) { failures in
                counts.append(failures)
                return .zero
            }
        }
        #expect(counts == [1, 2, 3, 4, 1])
    }

    @Test func `lets the next one try when the one that tried was given up`() throws {
        var circuit = try CircuitMachine.failedOnce()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .zero }
        let attempt = try circuit.admit(at: start)
        circuit.abandoned(attempt)
        _ = try circuit.admit(at: start)
        #expect(circuit.failures == 2)
    }

    @Test func `waits as after a failure when the time of the one who tried was over first`() throws {
        var circuit = try CircuitMachine.failedOnce()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .zero }
        circuit.ranOut(try circuit.admit(at: start), at: start) { failures in
            #expect(failures == 1)
            return .milliseconds(50)
        }
        #expect(circuit.failures == 2)
        let refusal = circuit.refusal(at: start + .milliseconds(49))
        #expect(refusal?.message.hasPrefix("nobody listens there (no attempt is made for another") == true)
        _ = try circuit.admit(at: start + .milliseconds(50))
    }

    @Test func `is not opened again by a failure older than a success`() throws {
        var circuit = CircuitMachine()
        let late = try circuit.admit(at: start)
        circuit.succeeded()
        circuit.failed(try circuit.admit(at: start), away, at: start) { _ in .seconds(60) }
        circuit.failed(late, away, at: start) { _ in .seconds(60) }
        _ = try circuit.admit(at: start)
    }

    /// A thousand clients lose one server in the same moment and ask all the time. Time is an argument here.
    @Test func `spreads a thousand clients over the backoff when their server is back`() throws {
        let backoff = Backoff(first: .milliseconds(20), cap: .seconds(2))
        var random = SeededGenerator(seed: 42)
        let back = Moment(nanoseconds: 0) + .seconds(30)
        var arrivals: [Duration] = []
        for _ in 0..<1_000 {
            var circuit = CircuitMachine()
            var now = Moment(nanoseconds: 0)
            while now < back {
                let attempt = try circuit.admit(at: now)
                var pause = Duration.zero
                circuit.failed(attempt, away, at: now) { failures in
                    pause = backoff.wait(after: failures, using: &random)
                    return pause
                }
                now = now + pause
            }
            arrivals.append(now - back)
        }
        // All within one step; and where all at once would be 1,000, no twentieth of a second sees more than 100.
        #expect(arrivals.allSatisfy { $0 >= .zero && $0 <= backoff.cap })
        let busiest = Dictionary(grouping: arrivals) { $0.wholeNanoseconds / 50_000_000 }.values.map(\.count).max()
        #expect(try #require(busiest) < 100)
    }
}

@Suite(.timeLimit(.minutes(3))) struct `A server that is away` {
    @Test func `is asked by one attempt a backoff, and everybody else fails at once with the reason`() async throws {
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let databases = (0..<4).map { DatabaseConnections(.to("/nowhere/redis.sock", database: $0), .upTo(2), circuit) }
        for _ in 0..<2 {
            let tried = await #expect(throws: ConnectionFailure.self) {
                try await databases[0].send(command("PING"), on: .shared)
            }
            #expect(tried?.reason == .connectFailed)
        }
        for database in databases {
            for lane in Lane.allCases {
                let held = await #expect(throws: ConnectionFailure.self) {
                    try await database.send(command("PING"), on: lane)
                }
                #expect(held?.reason == .connectFailed && held?.progress == .refused)
            }
            let held = await #expect(throws: ConnectionFailure.self) { try await database.pool.lease() }
            #expect(held?.reason == .connectFailed)
        }
        let pool = BlockingPool(.to("/nowhere/redis.sock"), .upTo(2), circuit)
        #expect(throws: ConnectionFailure.self) { try pool.lease() }
        #expect(pool.waiterCount == 0)
    }

    @Test func `is reached by every lane and pool within one backoff after it is back`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let circuit = Circuit(Backoff(first: .milliseconds(1), cap: .milliseconds(200)))
        let databases = DatabaseConnections(.to(server.socketPath), .upTo(2), circuit)
        let pool = BlockingPool(.to(server.socketPath), .upTo(2), circuit)
        _ = try await databases.send(command("PING"), on: .shared)
        server.kill()
        for _ in 0..<200 {
            #expect((try? await databases.send(command("PING"), on: .shared)) == nil)
            try await Task.sleep(for: .milliseconds(1))
        }
        try server.restart()
        // The longest wait after the last failure.
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await databases.send(command("PING"), on: .shared) == .simpleString("PONG"))
        #expect(try await databases.send(command("PING"), on: .bulk) == .simpleString("PONG"))
        let lease = try pool.lease()
        #expect(try lease.send(command("PING")) == .simpleString("PONG"))
        pool.release(lease, reusable: true)
        await databases.close(grace: .zero)
    }

    @Test func `is not what a full pool, a wrong password or a denied database say`() async throws {
        let server = try RedisTestServer.start(.init(arguments: ["--requirepass", "sesame"]))
        defer { server.stop() }
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let stranger = DatabaseConnections(.to(server.socketPath, password: "swordfish"), .upTo(1), circuit)
        let nowhere = DatabaseConnections(.to(server.socketPath, database: 99, password: "sesame"), .upTo(1), circuit)
        let full = BlockingPool(
            .to(server.socketPath, password: "sesame"),
            PoolBounds(connections: 1, waiters: 0, leaseTimeout: .milliseconds(1)), circuit)
        let lease = try full.lease()
        for _ in 0..<3 {
            await #expect(throws: ConnectionFailure.self) { try await stranger.send(command("PING"), on: .shared) }
            await #expect(throws: ConnectionFailure.self) { try await nowhere.send(command("PING"), on: .shared) }
            #expect(throws: ConnectionFailure.self) { try full.lease() }
            let database = DatabaseConnections(.to(server.socketPath, password: "sesame"), .upTo(1), circuit)
            #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        }
        full.release(lease, reusable: true)
    }

    @Test func `that swallows every packet holds up the one caller who tries, and nobody else`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(Backoff(first: .zero, cap: .zero))
        for _ in 0..<2 { try circuit.admit().ended(away) }
        let settings = ConnectionSettings(endpoint: .tcp(host: "127.0.0.1", port: silent.port), database: 0)
        let database = DatabaseConnections(settings, .upTo(1), circuit)
        let failures = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for caller in 0..<20 {
                let lane = caller.isMultiple(of: 2) ? Lane.shared : .bulk
                group.addTask { await failure { _ = try await database.send(command("PING"), on: lane) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(failures.count { $0?.reason == .connectTimedOut } == 1)
        #expect(failures.count { $0?.message.hasSuffix("(another attempt is under way)") == true } == 19)
        database.abort()
    }

    @Test func `holds up no lane that is connected, while another one tries`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let silent = DeafListener.full()
        let place = Locked(Endpoint.unix(path: server.socketPath))
        let asked = Locked(0)
        var settings = ConnectionSettings.to(server)
        settings.addresses = { _ throws(ConnectionFailure) in
            asked.change { $0 += 1 }
            return try SocketAddress.all(of: place.value)
        }
        let circuit = Circuit(Backoff(first: .zero, cap: .zero))
        let database = DatabaseConnections(settings, .upTo(1), circuit)
        #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        place.change { $0 = .tcp(host: "127.0.0.1", port: silent.port) }
        for _ in 0..<2 { try circuit.admit().ended(away) }
        async let tried = failure { _ = try await database.send(command("PING"), on: .bulk) }
        #expect(await eventually { asked.value == 2 })
        for _ in 0..<10 {
            #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        }
        let held = await failure { _ = try await database.send(command("PING"), on: .bulk) }
        #expect(held?.message.hasSuffix("(another attempt is under way)") == true)
        database.abort()
        #expect(await tried?.reason == .closed)
    }

    @Test func `opens its circuit where callers give up early, but late enough to tell`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let settings = ConnectionSettings(
            endpoint: .tcp(host: "127.0.0.1", port: silent.port), database: 0, connectTimeout: .seconds(60))
        let pool = BlockingPool(settings, .upTo(1), circuit)
        for _ in 0..<2 {
            let patience = Circuit.tellingTime + .milliseconds(500)
            let late = await onThread { failure { _ = try pool.lease(until: .after(patience)) } }
            #expect(late?.reason == .timedOut)
        }
        #expect(throws: ConnectionFailure.self) { try circuit.admit() }
    }

    /// A script may hold a server for a second; callers with more time are not to fail for those with less.
    @Test func `that accepts and answers late opens no circuit for callers who give up early`() async throws {
        let server = ScriptedServer { $0.drain() }
        defer { server.stop() }
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let pool = BlockingPool(.to(server.path, connectTimeout: .seconds(60)), .upTo(1), circuit)
        for _ in 0..<2 {
            let late = await onThread {
                failure { _ = try pool.lease(until: .after(Circuit.tellingTime + .milliseconds(500))) }
            }
            #expect(late?.reason == .timedOut)
        }
        try circuit.admit().ended(nil)
    }

    @Test func `does not keep its circuit half open when the caller who tried gave up`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(Backoff(first: .zero, cap: .zero))
        for _ in 0..<2 { try circuit.admit().ended(away) }
        let settings = ConnectionSettings(endpoint: .tcp(host: "127.0.0.1", port: silent.port), database: 0)
        let pool = BlockingPool(settings, .upTo(1), circuit)
        for _ in 0..<3 {
            let failure = #expect(throws: ConnectionFailure.self) {
                try pool.lease(until: Deadline(after: Timeout(.milliseconds(20))))
            }
            #expect(failure?.reason == .timedOut)
        }
    }
}
