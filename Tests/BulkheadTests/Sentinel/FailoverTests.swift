import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Writers that go on while the primary changes, asynchronous and blocking ones at once.
///
/// Every write has a field of its own, so one that was applied twice is seen whatever became of the others.
private final class Writers: Sendable {
    struct Count {
        var acknowledged: Set<String> = []
        var ambiguous: Set<String> = []
        var unsent = 0
        /// Roles of the servers that ran the other commands.
        var roles: Set<String> = []
        var latest = ContinuousClock.now
        var strange: [RedisError] = []
    }

    private let state = Mutex((count: Count(), number: 0, isOver: false))
    var count: Count { state.withLock { $0.count } }
    private var isOver: Bool { state.withLock { $0.isOver } }

    private func next() -> String {
        state.withLock { state in
            state.number += 1
            return "write-\(state.number)"
        }
    }

    private func ended(_ field: String, _ result: Result<Int64, RedisError>) {
        state.withLock { state in
            switch result {
            case .success:
                state.count.acknowledged.insert(field)
                state.count.latest = .now
            case .failure(let error) where error.stage == .sent || error.stage == .writing:
                state.count.ambiguous.insert(field)
            case .failure(let error):
                state.count.unsent += 1
                if error.code != .readOnly, error.code.name != "REDIRECT" { state.count.strange.append(error) }
            }
        }
    }

    private func ran(on role: Result<String, RedisError>) {
        if case .success(let role) = role { state.withLock { _ = $0.count.roles.insert(role) } }
    }

    /// Writes until `body` is over.
    static func run(_ databases: RedisDatabases, _ body: (Writers) async throws -> Void) async throws -> Count {
        let writers = Writers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addCallers(until: { writers.isOver }) { form, _ in
                let field = writers.next()
                writers.ended(
                    field, await form.run(.raw("HINCRBY", ["writes", field, 1], as: Int64.self), in: databases))
                writers.ran(
                    on: await form.run(.raw("EVAL", [SentinelTests.whoAmI, "0"], as: String.self), in: databases))
            }
            do {
                try await body(writers)
            } catch {
                writers.state.withLock { $0.isOver = true }
                throw error
            }
            writers.state.withLock { $0.isOver = true }
        }
        return writers.count
    }

    /// Waits until a write that began after now was acknowledged; how long that took.
    @discardableResult
    func nextAcknowledged() async throws -> Duration {
        let start = ContinuousClock.now
        let before = count.acknowledged.count
        // Those under way when it began are four at most.
        #expect(await eventually(attempts: 24_000) { self.count.acknowledged.count > before + 4 })
        return count.latest - start
    }
}

@Suite(.serialized) struct FailoverTests {
    /// In the suite 5, and 2 with further servers; more by BULKHEAD_TEST_FAILOVERS.
    private static let failovers =
        ProcessInfo.processInfo.environment["BULKHEAD_TEST_FAILOVERS"].flatMap { Int($0) } ?? (TestTier.isWhole ? 5 : 2)

    /// Nothing was applied twice, everything ran on a primary, and what is missing was acknowledged by a primary that
    /// had not passed it on.
    private func judge(
        _ count: Writers.Count, _ databases: RedisDatabases, _ group: RedisTestSentinelGroup, _ what: String
    ) async throws {
        let applied = try await databases[.main].run(.raw("HGETALL", ["writes"], as: [String: Int].self))
        #expect(applied.values.allSatisfy { $0 == 1 }, "a write was applied twice")
        #expect(count.roles == ["master"])
        #expect(Set(applied.keys).isSubset(of: count.acknowledged.union(count.ambiguous)))
        #expect(count.strange.isEmpty, "\(count.strange.prefix(3))")
        let lost = count.acknowledged.subtracting(applied.keys).count
        print(
            "\(what): \(count.acknowledged.count) acknowledged, \(lost) of them lost, "
                + "\(count.ambiguous.count) ambiguous, "
                + "\(count.unsent) refused")
    }

    @Test func `writes go on at the new primary after each forced failover`() async throws {
        var options = RedisTestSentinelGroup.Options()
        // A busy machine keeps a primary silent for a second. No failover is to come but those that are ordered.
        options.downAfter = .seconds(5)
        try await withGroup(options) { databases, group in
            var times: [Duration] = []
            let count = try await Writers.run(databases) { writers in
                try await writers.nextAcknowledged()
                for _ in 0..<Self.failovers {
                    try group.failOver()
                    times.append(try await writers.nextAcknowledged())
                    // The next one needs a replica. A third server may take long to copy all while others write.
                    #expect(
                        try await eventually(attempts: 24_000) {
                            guard let primary = group.primary() else { return false }
                            return try await withServer(of: group, primary) { databases in
                                try await databases[.main].info("replication")["connected_slaves"] != "0"
                            }
                        })
                }
            }
            try await judge(count, databases, group, "\(Self.failovers) failovers")
            let sorted = times.sorted()
            print("first writes behind the new primary's name: \(sorted.first!) to \(sorted.last!)")
        }
    }

    @Test(arguments: ["SIGKILL", "SIGSTOP"])
    func `writes go on after the primary was killed or stopped`(_ signal: String) async throws {
        try await withGroup { databases, group in
            var (named, written) = (Duration.zero, Duration.zero)
            let count = try await Writers.run(databases) { writers in
                try await writers.nextAcknowledged()
                if signal == "SIGKILL" { group.servers[0].kill() } else { try group.servers[0].pause() }
                let start = ContinuousClock.now
                #expect(
                    await eventually(attempts: 24_000) {
                        group.primary().map { $0 !== group.servers[0] } ?? false
                    })
                named = .now - start
                written = try await writers.nextAcknowledged()
            }
            group.servers[0].resume()
            try await judge(count, databases, group, signal)
            print("\(signal): another primary is named after \(named), and five writes ran \(written) later")
        }
    }

    @Test func `one sentinel that is stopped, and old when it goes on, misleads nobody`() async throws {
        try await withGroup { databases, group in
            let count = try await Writers.run(databases) { writers in
                try await writers.nextAcknowledged()
                try group.sentinels[0].pause()
                try group.failOver(by: 1)
                try await writers.nextAcknowledged()
                group.sentinels[0].resume()
                // It learns of the failover; whoever asks it meanwhile asks the server too.
                let late = RedisDatabases(
                    testGroupConfiguration(),
                    catalogue: try catalogue(of: group, sentinels: [group.sentinelAddresses[0]]))
                let role = try await late[.main].run(.raw("EVAL", [SentinelTests.whoAmI, "0"], as: String.self))
                #expect(role == "master")
                await late.close()
                #expect(await eventually(attempts: 24_000) { group.primary(by: 0) === group.primary(by: 1) })
                try await writers.nextAcknowledged()
            }
            try await judge(count, databases, group, "a stopped sentinel")
        }
    }

    @Test(arguments: Form.allCases)
    func `a read that waits at a stopped primary is answered by the next one`(_ form: Form) async throws {
        try await withGroup { databases, group in
            #expect(await form.run(.get("key"), in: databases).isSuccess)
            try await databases[.main].withConnection { connection in
                try await connection.set("key", "value")
                _ = try await connection.send("WAIT", "2", "0")
            }
            try group.servers[0].pause()
            // Its connection is open, so it is written there, and read again where the primary is then.
            let value = await form.run(.raw("GET", ["key"], as: String.self), in: databases)
            #expect(try value.get() == "value")
            group.servers[0].resume()
        }
    }

    @Test func `a call that may not wait so long says what the sentinels said`() async throws {
        try await withGroup { databases, group in
            _ = try await databases[.main].ping()
            for server in group.servers { server.kill() }
            for form in Form.allCases {
                // One that was under way there may end as sent; then none is.
                var failure: RedisError?
                for _ in 0..<3 where failure?.message.contains("mymaster") != true {
                    failure = await form.run(
                        .raw("INCR", ["counter"]), in: databases, within: .milliseconds(400)
                    ).failure
                }
                #expect(failure?.message.contains("mymaster") == true)
                #expect(failure?.message.contains("says 127.0.0.1:") == true, "\(failure?.message ?? "")")
            }
        }
    }
}
