import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// A name that lives on the primary of a group, seen on real servers and sentinels.
@Suite(.serialized) struct SentinelTests {
    @Test func `nothing connects before the first command, which runs on the primary`() async throws {
        try await withGroup { databases, group in
            #expect(try databases[.main].address.contains("\(group.name) of sentinels 127.0.0.1:"))
            let before = try await clients(of: group)
            #expect(before == 0)
            for (number, form) in Form.allCases.enumerated() {
                #expect(await form.run(.incr("counter"), in: databases).isSuccess)
                let counter = try await withServer(of: group, group.servers[0]) { databases -> String? in
                    try await databases[.main].get("counter")
                }
                #expect(counter == "\(number + 1)")
            }
            let after = try await clients(of: group)
            #expect(after > 0)
        }
    }

    @Test func `servers and sentinels may each have a password, and a sentinel that refuses ours harms nobody`()
        async throws
    {
        var options = RedisTestSentinelGroup.Options()
        options.password = "of-the-servers"
        options.sentinelPassword = "of-the-sentinels"
        options.protectedSentinels = [1]
        try await withGroup(options) { databases, group in
            #expect(try await databases[.main].incr("counter") == 1)
            // Without the login of the second one the others are enough, and the error of the second is not the call's.
            let open = group.sentinels.map { "127.0.0.1:\($0.port ?? 0)" }
            let others = RedisDatabases(
                testGroupConfiguration(), catalogue: try catalogue(of: group, sentinels: open))
            #expect(try await others[.main].incr("counter") == 2)
            try group.failOver()
            #expect(try await others[.main].incr("other") > 0)
            await others.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `where no sentinel answers the error says which were asked and what each said`(_ form: Form) async throws {
        let gone = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        let noSentinel = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        defer { noSentinel.stop() }
        gone.stop()
        let place = try DatabaseServer(
            sentinels: [gone, noSentinel].map { "127.0.0.1:\($0.port ?? 0)" }, primary: "mymaster")
        let databases = RedisDatabases(
            testGroupConfiguration(),
            catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
        let failure = await form.run(.incr("counter"), in: databases).failure
        #expect(failure?.code == .noPrimary)
        #expect(failure?.database == .main)
        #expect(failure?.stage == .connecting || failure?.stage == .refused)
        let message = failure?.message ?? ""
        #expect(message.contains("the primary of mymaster"))
        #expect(message.contains("127.0.0.1:\(gone.port ?? 0) gives no answer (cannot connect to"))
        #expect(message.contains("127.0.0.1:\(noSentinel.port ?? 0) gives no answer (it refused the question: ERR"))
        await databases.close()
    }

    @Test func `a group that no sentinel watches is named in the error, at once`() async throws {
        try await RedisTestSentinelGroup.withSpare { group in
            let place = try DatabaseServer(sentinels: group.sentinelAddresses, primary: "nobody")
            let databases = RedisDatabases(
                testGroupConfiguration(),
                catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
            let error = await #expect(throws: RedisError.self) { try await databases[.main].ping() }
            #expect(error?.code == .noPrimary)
            #expect(error?.message.contains("watches no group of that name") == true)
            await databases.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `a server that became a replica behind the sentinels' backs is left at its first refusal`(_ form: Form)
        async throws
    {
        var options = RedisTestSentinelGroup.Options()
        // A primary that calls itself a replica for so long is down to sentinels: a failover would cut a call that was
        // sent, and turn the server into a replica behind our backs.
        options.downAfter = .seconds(120)
        try await withGroup(options) { databases, group in
            #expect(await form.run(.incr("counter"), in: databases).isSuccess)
            try await withServer(of: group, group.servers[0]) { primary in
                _ = try await primary[.main].send("REPLICAOF", ["127.0.0.1", "\(group.servers[1].port ?? 0)"])
            }
            // Its answer retires the connection, and the next one is refused by its role. A call that is sent to a busy
            // machine may be over before the answer, so that is waited for.
            var refused: RedisError?
            for _ in 0..<100 where refused?.isSafeToRetry != true {
                refused = await form.run(.incr("counter"), in: databases, within: .milliseconds(500)).failure
            }
            let error = try #require(refused, "a replica took a write")
            #expect([.noPrimary, .timedOut].contains(error.code) && error.isSafeToRetry, "\(error)")
            try await withServer(of: group, group.servers[0]) { primary in
                _ = try await primary[.main].send("REPLICAOF", ["NO", "ONE"])
            }
            #expect(await form.run(.incr("counter"), in: databases).isSuccess)
            let result = await form.run(
                .raw("EVAL", [Self.whoAmI, "0"], as: String.self), in: databases)
            #expect(try result.get() == "master")
        }
    }

    @Test(.enabled(if: openSocketCount() != nil))
    func `closing, or letting go, ends what listens to the sentinels too`() async throws {
        try await RedisTestSentinelGroup.withSpare { group in
            let before = openSocketCount()
            for isClosed in [true, false] {
                var databases: RedisDatabases? = RedisDatabases(
                    testGroupConfiguration(), catalogue: try catalogue(of: group))
                for form in Form.allCases {
                    if let databases { #expect(await form.run(.incr("counter"), in: databases).isSuccess) }
                }
                #expect(openSocketCount() != before)
                if isClosed { await databases?.close() }
                databases = nil
                #expect(await eventually { openSocketCount() == before })
            }
        }
    }

    /// What needs a connection of its own.
    enum OwnConnection: CaseIterable, Sendable {
        case lease, subscription, cache

        func isMade(_ form: Form, in databases: RedisDatabases) async throws {
            switch (self, form) {
            case (.lease, .asynchronous):
                let role = try await databases[.main].withConnection { connection in
                    try await connection.send("EVAL", SentinelTests.whoAmI, 0, as: String.self)
                }
                #expect(role == "master")
            case (.lease, .blocking):
                let role = try await onThread {
                    try databases.blocking(.main).withConnection { connection in
                        try connection.send("EVAL", SentinelTests.whoAmI, 0, as: String.self)
                    }
                }
                #expect(role == "master")
            case (.subscription, .asynchronous):
                _ = try await databases[.main].subscribe(to: .channels("news"))
            case (.subscription, .blocking):
                try await onThread { _ = try databases.blocking(.main).subscribe(to: .channels("news")) }
            case (.cache, .asynchronous): _ = try await databases[.main].cached()
            case (.cache, .blocking): try await onThread { _ = try databases.blocking(.main).cached() }
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a connection of one's own waits for the next primary as a command does`(_ form: Form) async throws {
        var options = RedisTestSentinelGroup.Options()
        options.downAfter = .seconds(4)
        try await RedisTestSentinelGroup.withGroup(options) { group in
            var configuration = testGroupConfiguration()
            // Over long before the sentinels agree.
            configuration.connectTimeout = .seconds(1)
            let wanted = OwnConnection.allCases.filter { $0 != .cache || ServerUnderTest.version == .resp3 }
            try await withDatabases(configuration, of: try catalogue(of: group)) { databases in
                #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
                group.servers[0].kill()
                await withTaskGroup { tasks in
                    for own in wanted {
                        tasks.addTask {
                            let outcome = await Result { try await own.isMade(form, in: databases) }
                            if case .failure(let error) = outcome { Issue.record("\(own): \(error)") }
                        }
                    }
                }
            }
        }
    }

    /// The role of the server that runs it.
    static let whoAmI = "return string.match(redis.call('INFO','replication'),'role:(%a+)')"

    /// Connections of the databases under test to the group's servers.
    private func clients(of group: RedisTestSentinelGroup) async throws -> Int {
        var count = 0
        for server in group.servers {
            count += try await withServer(of: group, server) { databases in
                try await databases.server(of: .main).clientList().count { $0.name == "of-the-test" }
            }
        }
        return count
    }

    @Test(arguments: Form.allCases)
    func `reads without a time limit go on at the primary where its replicas hang`(_ form: Form) async throws {
        var options = RedisTestSentinelGroup.Options()
        // No failover is wanted, however busy the machine is.
        options.downAfter = .seconds(60)
        try await RedisTestSentinelGroup.withGroup(options) { group in
            let place = try DatabaseServer(sentinels: group.sentinelAddresses, primary: group.primaryAddress)
            let entry = DatabaseEntry(
                .main, number: 0, server: place, reads: .replicaPreferred(staleness: .seconds(120)))
            var configuration = testGroupConfiguration()
            configuration.commandTimeout = nil
            let databases = RedisDatabases(configuration, catalogue: try DatabaseCatalogue([entry]))
            #expect(await form.run(.set("key", "value"), in: databases).isSuccess)
            let replicas = group.servers.dropFirst()
            for replica in replicas { try await awaitCopy(of: group.servers[0], at: replica) }
            let areUsed = try await eventually {
                #expect(try await form.run(.get("key"), in: databases).get() == "value")
                return try replicas.allSatisfy { try $0.calls(of: "get") > 0 }
            }
            #expect(areUsed)
            for replica in replicas { try replica.pause() }
            for _ in 0..<3 { #expect(try await form.run(.get("key"), in: databases).get() == "value") }
            for replica in replicas { replica.resume() }
            await databases.close()
        }
    }
}
