import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

extension Form {
    /// Reads, decides and writes over a lease of the key's server: WATCH, GET, MULTI, SET, EXEC. The value behind it;
    /// nil where somebody else was faster.
    fileprivate func increment(_ key: String, in databases: RedisDatabases) async -> Result<Int?, RedisError> {
        @Sendable func commands(_ value: Int?) -> [RedisCommand<RESPValue>] {
            [.raw("MULTI", []), .raw("SET", [key, (value ?? 0) + 1]), .raw("EXEC", [])]
        }
        switch self {
        case .asynchronous:
            do throws(RedisError) {
                let main = try databases[.main]
                let value = try await main.withConnection(forKey: key) { connection async throws(RedisError) in
                    try await connection.send("WATCH", key)
                    let value = try await connection.get(key, as: Int.self)
                    let replies = try await connection.pipeline(commands(value))
                    return try replies[2].get() == .null ? nil : (value ?? 0) + 1
                }
                return .success(value)
            } catch {
                return .failure(error)
            }
        case .blocking:
            return await onThread {
                Result { () throws(RedisError) in
                    let main = try databases.blocking(.main)
                    return try main.withConnection(forKey: key) { connection throws(RedisError) in
                        try connection.send("WATCH", key)
                        let value = try connection.get(key, as: Int.self)
                        let replies = try connection.pipeline(commands(value))
                        return try replies[2].get() == .null ? nil : (value ?? 0) + 1
                    }
                }
            }
        }
    }
}

/// A connection of one's own in a cluster, to the server of a key.
@Suite(.serialized) struct ClusterLeaseTests {
    @Test(arguments: Form.allCases)
    func `a lease for a key leads to the server of its slot`(_ form: Form) async throws {
        try await withSharedCluster { databases, cluster async throws in
            for round in 1...2 {
                for index in 0..<20 {
                    #expect(try await form.increment("{\(index)}:counter", in: databases).get() == round)
                }
            }
            for server in cluster.primaries {
                let info = try ask(server, "INFO errorstats").bytes?.text ?? ""
                #expect(!info.contains("errorstat_MOVED"))
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `where the slot has moved since the map came, the lease is of its new server`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            #expect(try await form.increment("{bar}", in: databases).get() == 1)
            try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2])
            #expect(try await form.increment("{bar}", in: databases).get() == 2)
            #expect(try ask(cluster.primaries[2], "GET {bar}").bytes?.text == "2")
        }
    }

    @Test(arguments: Form.allCases)
    func `a lease for a key waits while its slot is on its way`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            #expect(try await form.increment("{bar}", in: databases).get() == 1)
            let outcome = Mutex<Task<Int?, any Error>?>(nil)
            let asks = { try ask(cluster.primaries[0], "INFO errorstats").bytes?.text?.contains("errorstat_ASK") }
            try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2]) {
                outcome.withLock { $0 = Task { try await form.increment("{bar}", in: databases).get() } }
                // It has been told that the key has left.
                if ServerUnderTest.isAtLeast(redis: 7, 0) { while try asks() != true { usleep(2_000) } }
            }
            #expect(try await outcome.withLock(\.self)?.value == 2)
            #expect(try ask(cluster.primaries[2], "GET {bar}").bytes?.text == "2")
        }
    }

    @Test func `on one server a lease for a key is a lease`() async throws {
        try await withDatabases { databases, _ in
            for form in Form.allCases {
                let before = try await databases[.main].get("{bar}", as: Int.self) ?? 0
                #expect(try await form.increment("{bar}", in: databases).get() == before + 1)
            }
        }
    }
}

/// What a killed primary costs.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterRecoveryTests {
    /// What a program does that never runs a simple command.
    enum OnlyCall: CaseIterable, Sendable {
        case transaction, pop, dbsize, scan, elements, lease

        func succeeds(_ form: Form, in databases: RedisDatabases) async -> Bool {
            switch (self, form) {
            case (.transaction, .asynchronous):
                return (try? await databases[.main].transaction(.incr("{bar}:count"), .incr("{bar}:count"))) != nil
            case (.transaction, .blocking):
                return await onThread {
                    (try? databases.blocking(.main).transaction(.incr("{bar}:count"), .incr("{bar}:count"))) != nil
                }
            case (.pop, _):
                return await form.run(.blpop(["{bar}:queue"], timeout: .milliseconds(1)), in: databases).isSuccess
            case (.dbsize, _): return await form.run(.dbsize(), in: databases).isSuccess
            case (.scan, .asynchronous):
                do {
                    for try await _ in try databases[.main].scan() {}
                    return true
                } catch {
                    return false
                }
            case (.scan, .blocking):
                return await onThread {
                    guard var scan = try? databases.blocking(.main).scan() else { return false }
                    do { while try scan.next() != nil {} } catch { return false }
                    return true
                }
            case (.elements, .asynchronous):
                do {
                    for try await _ in try databases[.main].sscan("{bar}:set", count: 1) {}
                    return true
                } catch {
                    return false
                }
            case (.elements, .blocking):
                return await onThread {
                    guard var scan = try? databases.blocking(.main).sscan("{bar}:set", count: 1) else { return false }
                    do { while try scan.next() != nil {} } catch { return false }
                    return true
                }
            // At any server: each time it may be the one that is gone.
            case (.lease, .asynchronous):
                for _ in 0..<20 {
                    let answer = try? await databases[.main].withConnection { connection in try await connection.ping()
                    }
                    if answer == nil { return false }
                }
                return true
            case (.lease, .blocking):
                return await onThread {
                    for _ in 0..<20 {
                        let answer = try? databases.blocking(.main).withConnection { connection in
                            try connection.ping()
                        }
                        if answer == nil { return false }
                    }
                    return true
                }
            }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a program that makes no other calls than these finds the server that takes its place`() async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await RedisTestCluster.withSpare(options) { cluster in
            try await withDatabases(of: cluster) { databases, _ in
                // More than a page.
                try await databases[.main].sadd("{bar}:set", (0..<1_000).map { "member \($0)" })
            }
            // A program for each of them, with a map and connections of its own.
            let place = try DatabaseServer(cluster: cluster.addresses)
            let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)])
            let programs = OnlyCall.allCases.flatMap { call in
                Form.allCases.map { (call, $0, RedisDatabases(testGroupConfiguration(), catalogue: catalogue)) }
            }
            for (call, form, databases) in programs {
                #expect(await call.succeeds(form, in: databases), "\(call), \(form)")
            }
            cluster.primaries[0].kill()
            await withTaskGroup { group in
                for (call, form, databases) in programs {
                    group.addTask {
                        #expect(await eventually { await call.succeeds(form, in: databases) }, "\(call), \(form)")
                        await databases.close()
                    }
                }
            }
        }
    }

    /// When the cluster is well again: a bare connection to each other server, looking all the time. Its clock is the
    /// client's, and so is the machine.
    private func probe(
        _ cluster: RedisTestCluster, _ slot: Int, without gone: Int?
    ) async throws -> ContinuousClock.Instant {
        let talks = try cluster.servers.filter { $0.port != gone }.map { try ServerConversation(with: $0) }
        while true {
            let isWell = try talks.allSatisfy {
                try $0.text("CLUSTER INFO").contains("cluster_state:ok") && $0.ownerOf(slot) != gone
            }
            if isWell { return .now }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func firstSuccess(_ call: @Sendable () async -> Bool) async -> ContinuousClock.Instant {
        while !(await call()) {}
        return .now
    }

    @Test(arguments: Form.allCases)
    func `after a killed primary the client is back with the cluster`(_ form: Form) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster in
            #expect(await form.run(.set("{bar}", "before"), in: databases).isSuccess)
            #expect(await form.increment("{bar}:counter", in: databases).isSuccess)
            let gone = cluster.primaries[0].port
            cluster.primaries[0].kill()
            async let recovery = probe(cluster, 5_061, without: gone)
            // Calls that wait, and calls that begin anew as soon as one has failed.
            async let patient = firstSuccess { await form.run(.set("{bar}", "after"), in: databases).isSuccess }
            async let hasty = firstSuccess {
                await form.run(.set("{bar}:2", "after"), in: databases, within: .milliseconds(300)).isSuccess
            }
            async let leasing = firstSuccess { await form.increment("{bar}:counter", in: databases).isSuccess }
            let successes = await [patient, hasty, leasing]
            let well = try await recovery
            let late = successes.map { ($0 - well) / .seconds(1) }
            // Half a second is what is promised; a slow day is ten times slower.
            #expect(late.allSatisfy { $0 < 5 }, "\(late)")
        }
    }
}
