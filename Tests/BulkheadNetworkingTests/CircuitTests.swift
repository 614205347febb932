@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

private let start = Moment(nanoseconds: 1_000_000_000)
private let away = ConnectionFailure(.connectFailed, "nobody listens there")

private typealias EndpointCircuit = CircuitMachine<Int>

extension EndpointCircuit {
    /// One more failure opens it.
    fileprivate static func failedOnce(memory: Duration = .seconds(60)) throws(ConnectionFailure) -> EndpointCircuit {
        var circuit = EndpointCircuit(memory: memory)
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .seconds(60) }
        return circuit
    }

    /// Half open after a second failure, and the attempt that tries.
    fileprivate static func halfOpen() throws(ConnectionFailure) -> (EndpointCircuit, Attempt) {
        var circuit = try EndpointCircuit.failedOnce()
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .zero }
        let attempt = try circuit.begin(at: start)
        return (circuit, attempt)
    }

    /// Leave to try at once.
    fileprivate mutating func begin(at now: Moment) throws(ConnectionFailure) -> Attempt {
        guard let attempt = try admit(at: now) else {
            throw ConnectionFailure(.cancelled, "another attempt is under way")
        }
        return attempt
    }

    /// What the machine says at `moment`: the failure of a caller who is held back, or nil for leave to try.
    fileprivate mutating func refusal(at moment: Moment) -> ConnectionFailure? {
        do throws(ConnectionFailure) {
            _ = try begin(at: moment)
            return nil
        } catch {
            return error
        }
    }
}

extension Circuit {
    /// Leave to try at once; throws also while another attempt is under way.
    func begin() throws(ConnectionFailure) -> Attempt {
        guard case .attempt(let attempt) = try admit() else {
            throw ConnectionFailure(.cancelled, "another attempt is under way")
        }
        return attempt
    }
}

extension Backoff {
    /// No pauses, and failures that are long believed.
    static let none = Backoff(first: .zero, cap: .seconds(3_600))
}

@Suite struct `A circuit` {
    @Test func `lets everybody try while nothing is known against the server`() throws {
        var circuit = EndpointCircuit(memory: .seconds(60))
        for _ in 0..<10 { _ = try circuit.begin(at: start) }
    }

    @Test func `holds nobody back after one failure`() throws {
        var circuit = EndpointCircuit(memory: .seconds(60))
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .seconds(60) }
        for _ in 0..<10 { _ = try circuit.begin(at: start) }
    }

    @Test func `holds everybody back after a second failure, with what it was, until the wait is over`() throws {
        var circuit = try EndpointCircuit.failedOnce()
        let attempt = try circuit.begin(at: start)
        _ = circuit.failed(attempt, away, at: start) { _ in .milliseconds(50) }
        for later in [0, 1, 49] {
            let refusal = circuit.refusal(at: start + .milliseconds(later))
            #expect(refusal?.reason == .connectFailed && refusal?.stage == .refused)
            let words = "nobody listens there (no attempt is made for another"
            #expect(refusal?.message.hasPrefix(words) == true)
        }
        let refusal = circuit.refusal(at: start + .milliseconds(50))
        #expect(refusal == nil)
    }

    @Test func `lets one try when the wait is over, and the others when that one succeeded`() throws {
        var circuit = try EndpointCircuit.failedOnce()
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .milliseconds(50) }
        _ = try circuit.begin(at: start + .milliseconds(50))
        #expect(try circuit.admit(at: start + .seconds(60)) == nil)
        _ = circuit.succeeded()
        #expect(circuit.failures == 0)
        for _ in 0..<10 { _ = try circuit.begin(at: start + .seconds(60)) }
    }

    @Test func `counts attempts side by side that fail together as one failure`() throws {
        var circuit = try EndpointCircuit.failedOnce()
        let attempts = try (0..<5).map { _ in try circuit.begin(at: start) }
        for attempt in attempts {
            _ = circuit.failed(attempt, away, at: start) { .milliseconds(10 * $0) }
        }
        #expect(circuit.failures == 2)
        _ = try circuit.begin(at: start + .milliseconds(10))
    }

    @Test func `is not opened by errors that the server answered`() throws {
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        for code in ["ERR", "BUSY", "DENIED"] {
            try circuit.begin().ended(ConnectionFailure(.handshakeRefused(code: code), "no"))
        }
        _ = try circuit.begin()
    }

    @Test func `notifies that it closed if the first answer after an outage is an error`() async throws {
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
        let circuit = Circuit(.none, listener)
        for _ in 0..<2 { try circuit.begin().ended(away) }
        try circuit.begin().ended(ConnectionFailure(.handshakeRefused(code: "BUSY"), "a script runs"))
        #expect(await eventually { told.value.count == 2 })
        #expect(told.value == ["opened", "closed"])
    }

    @Test func `counts failures in a row, and forgets them with the first success`() throws {
        var circuit = EndpointCircuit(memory: .seconds(60))
        var counts: [Int] = []
        for _ in 0..<5 {
            _ = circuit.failed(try circuit.begin(at: start), away, at: start) { failures in
                counts.append(failures)
                return .zero
            }
        }
        _ = circuit.succeeded()
        for _ in 0..<2 {
            _ = circuit.failed(try circuit.begin(at: start), away, at: start) { failures in
                counts.append(failures)
                return .zero
            }
        }
        #expect(counts == [1, 2, 3, 4, 1])
    }

    @Test func `lets the next one try when the one that tried was given up`() throws {
        var circuit = try EndpointCircuit.failedOnce()
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .zero }
        let attempt = try circuit.begin(at: start)
        _ = circuit.gaveUp(attempt)
        _ = try circuit.begin(at: start)
        #expect(circuit.failures == 2)
    }

    @Test func `waits as after a failure when the time of the one who tried was over first`() throws {
        var circuit = try EndpointCircuit.failedOnce()
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .zero }
        _ = circuit.ranOut(try circuit.begin(at: start), at: start) { failures in
            #expect(failures == 1)
            return .milliseconds(50)
        }
        #expect(circuit.failures == 2)
        let refusal = circuit.refusal(at: start + .milliseconds(49))
        #expect(refusal?.message.hasPrefix("nobody listens there (no attempt is made for another") == true)
        _ = try circuit.begin(at: start + .milliseconds(50))
    }

    @Test func `is not opened again by a failure older than a success`() throws {
        var circuit = EndpointCircuit(memory: .seconds(60))
        let late = try circuit.begin(at: start)
        _ = circuit.succeeded()
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .seconds(60) }
        _ = circuit.failed(late, away, at: start) { _ in .seconds(60) }
        _ = try circuit.begin(at: start)
    }

    @Test func `has others wait for the attempt under way, and all of them try when it succeeded`() throws {
        var (circuit, attempt) = try EndpointCircuit.halfOpen()
        for waiter in 1...3 { #expect(circuit.ask(waiter, at: start + .seconds(waiter)) == nil) }
        #expect(circuit.waiterCount == 3)
        _ = attempt
        let answers = circuit.succeeded()
        #expect(answers.map(\.0) == [1, 2, 3] && answers.allSatisfy { $0.1.value != nil })
        #expect(circuit.waiterCount == 0 && !circuit.isOpen)
    }

    @Test func `fails those who wait by the attempt's own failure, and only by that of one that failed`() throws {
        var (circuit, attempt) = try EndpointCircuit.halfOpen()
        for waiter in 1...3 { #expect(circuit.ask(waiter, at: start) == nil) }
        // Given up, then out of its caller's time: the next who waits tries.
        let second = circuit.gaveUp(attempt)
        #expect(second.map(\.0) == [1])
        let third = circuit.ranOut(try #require(second.first?.1.value), at: start) { _ in .seconds(60) }
        #expect(third.map(\.0) == [2])
        #expect(circuit.ask(4, at: start) == nil)
        let refused = ConnectionFailure(.connectFailed, "still nobody")
        let answers = circuit.failed(try #require(third.first?.1.value), refused, at: start) { _ in .seconds(1) }
        #expect(answers.map(\.0) == [3, 4])
        #expect(answers.allSatisfy { $0.1.failure == refused.at(.refused) })
        let refusal = circuit.refusal(at: start)
        #expect(refusal?.message == "still nobody (no attempt is made for another 1 s)")
    }

    @Test func `forgets a failure that is older than the longest backoff`() throws {
        var circuit = try EndpointCircuit.failedOnce(memory: .seconds(2))
        _ = circuit.failed(try circuit.begin(at: start), away, at: start) { _ in .seconds(2) }
        #expect(circuit.refusal(at: start + .milliseconds(1_999)) != nil)
        // At that moment one may try; later nothing is known, and all may.
        var other = circuit
        _ = try other.begin(at: start + .seconds(2))
        #expect(try other.admit(at: start + .seconds(2)) == nil)
        let later = start + .milliseconds(2_001)
        let attempts = try (0..<10).map { _ in try circuit.begin(at: later) }
        #expect(circuit.isOpen, "observers are notified that the circuit closed when an attempt succeeds")
        for attempt in attempts { _ = circuit.failed(attempt, away, at: later) { _ in .seconds(2) } }
        #expect(circuit.failures == 1)
        _ = circuit.succeeded()
        #expect(!circuit.isOpen)
    }

    @Test func `of a login is opened by its first refusal, and leaves its endpoint closed`() throws {
        let endpoint = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let (right, wrong) = (endpoint.forLogin(), endpoint.forLogin())
        try wrong.begin().ended(ConnectionFailure(.authenticationFailed, "wrong password"))
        let refusal = failure { _ = try wrong.begin() }
        #expect(refusal?.reason == .authenticationFailed && refusal?.stage == .refused)
        #expect(refusal?.message.hasPrefix("wrong password (no attempt is made for another ") == true)
        try right.begin().ended(nil)
        _ = try endpoint.begin()
    }

    @Test func `of a database that is refused leaves the other databases of its login alone`() throws {
        let login = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600))).forLogin()
        let (allowed, denied) = (login.forDatabase(), login.forDatabase())
        try denied.begin().ended(ConnectionFailure(.databaseDenied, "denied"))
        #expect(failure { _ = try denied.begin() }?.reason == .databaseDenied)
        try allowed.begin().ended(nil)
        // A login that is refused is so for both.
        try allowed.begin().ended(ConnectionFailure(.handshakeRefused(code: "ERR"), "max number of clients reached"))
        #expect(failure { _ = try allowed.begin() }?.reason == .handshakeRefused(code: "ERR"))
        #expect(failure { _ = try denied.begin() }?.reason == .handshakeRefused(code: "ERR"))
    }

    @Test func `learns nothing from a process that can open no socket`() throws {
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600))).forLogin().forDatabase()
        for _ in 0..<10 { try circuit.begin().ended(ConnectionFailure(.outOfDescriptors, "no socket can be opened")) }
    }

    /// As many as lines and leases there may be, each of which gives up as soon as it may try.
    @Test func `hands an attempt on among very many who do not want it any more, without recursion`() throws {
        let circuit = Circuit(.none)
        for _ in 0..<2 { try circuit.begin().ended(away) }
        var attempt: Circuit.Attempt? = try circuit.begin()
        let told = Locked(0)
        for _ in 0..<100_000 { circuit.ask { _ in told.change { $0 += 1 } } }
        #expect(told.value == 0)
        withExtendedLifetime(attempt) {}
        attempt = nil
        #expect(told.value == 100_000)
        _ = try circuit.begin()
    }

    /// A thousand clients lose one server in the same moment and ask all the time. Time is an argument here.
    @Test func `spreads a thousand clients over the backoff when their server is back`() throws {
        let backoff = Backoff(first: .milliseconds(20), cap: .seconds(2))
        var random = SeededGenerator(seed: 42)
        let back = Moment(nanoseconds: 0) + .seconds(30)
        var arrivals: [Duration] = []
        for _ in 0..<1_000 {
            var circuit = EndpointCircuit(memory: .seconds(60))
            var now = Moment(nanoseconds: 0)
            while now < back {
                let attempt = try circuit.begin(at: now)
                var pause = Duration.zero
                _ = circuit.failed(attempt, away, at: now) { failures in
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

@Suite(.timeLimit(.minutes(10))) struct `A server that is away` {
    @Test func `is asked by one attempt a backoff, and everybody else fails at once with the reason`() async throws {
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let databases = (0..<4).map { Node(.to("/nowhere/redis.sock", database: $0), .upTo(2), circuit) }
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
                #expect(held?.reason == .connectFailed && held?.stage == .refused)
            }
            let held = await #expect(throws: ConnectionFailure.self) { try await database.leases.lease() }
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
        let databases = Node(.to(server.socketPath), .upTo(2), circuit)
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
        let stranger = Node(.to(server.socketPath, password: "swordfish"), .upTo(1), circuit)
        let nowhere = Node(.to(server.socketPath, database: 99, password: "sesame"), .upTo(1), circuit)
        let full = BlockingPool(
            .to(server.socketPath, password: "sesame"),
            PoolBounds(maximumLeases: 1, waiters: 0, leaseTimeout: .milliseconds(1)), circuit)
        let lease = try full.lease()
        for _ in 0..<3 {
            await #expect(throws: ConnectionFailure.self) { try await stranger.send(command("PING"), on: .shared) }
            await #expect(throws: ConnectionFailure.self) { try await nowhere.send(command("PING"), on: .shared) }
            #expect(throws: ConnectionFailure.self) { try full.lease() }
            let database = Node(.to(server.socketPath, password: "sesame"), .upTo(1), circuit)
            #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        }
        full.release(lease, reusable: true)
    }

    @Test func `that swallows every packet holds up callers until their own deadlines, by one attempt`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(.none)
        for _ in 0..<2 { try circuit.begin().ended(away) }
        let asked = Locked(0)
        var settings = ConnectionSettings(
            endpoint: .tcp(host: "127.0.0.1", port: silent.port), database: 0, connectTimeout: .seconds(600))
        settings.addresses = { endpoint throws(ConnectionFailure) in
            asked.change { $0 += 1 }
            return try SocketAddress.all(of: endpoint)
        }
        let database = Node(settings, .upTo(1), circuit)
        let failures = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for caller in 0..<20 {
                let lane = caller.isMultiple(of: 2) ? Lane.shared : .bulk
                group.addTask {
                    await failure {
                        _ = try await database.send(command("PING"), on: lane, until: .after(.milliseconds(200)))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(failures.allSatisfy { $0?.reason == .timedOut && $0?.stage == .connecting })
        #expect(asked.value == 1)
        database.abort()
    }

    // Its addresses are those of sockets without TLS.
    @Test(.enabled(if: !TLSUnderTest.isOn))
    func `holds up no lane that is connected, while another one tries`() async throws {
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
        let circuit = Circuit(.none)
        let database = Node(settings, .upTo(1), circuit)
        #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        place.change { $0 = .tcp(host: "127.0.0.1", port: silent.port) }
        for _ in 0..<2 { try circuit.begin().ended(away) }
        async let tried = failure { _ = try await database.send(command("PING"), on: .bulk) }
        #expect(await eventually { asked.value == 2 })
        for _ in 0..<10 {
            #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
        }
        let held = await failure {
            _ = try await database.send(command("PING"), on: .bulk, until: .after(.milliseconds(50)))
        }
        #expect(held?.reason == .timedOut && asked.value == 2)
        database.abort()
        #expect(await tried?.reason == .closed)
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `opens its circuit where callers give up early, but late enough to count`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let settings = ConnectionSettings(
            endpoint: .tcp(host: "127.0.0.1", port: silent.port), database: 0, connectTimeout: .seconds(60))
        let pool = BlockingPool(settings, .upTo(1), circuit)
        for _ in 0..<2 {
            let timeout = Circuit.tellingTime + .milliseconds(500)
            let late = await onThread { failure { _ = try pool.lease(until: .after(timeout)) } }
            #expect(late?.reason == .timedOut)
        }
        #expect(throws: ConnectionFailure.self) { try circuit.begin() }
    }

    /// A script may hold a server for a second; callers with more time are not to fail for those with less.
    @Test(.enabled(if: TestTier.isWhole))
    func `that accepts and answers late opens no circuit for callers who give up early`() async throws {
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
        try circuit.begin().ended(nil)
    }

    @Test func `does not keep its circuit half open when the caller who tried gave up`() async throws {
        let silent = DeafListener.full()
        let circuit = Circuit(.none)
        for _ in 0..<2 { try circuit.begin().ended(away) }
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
