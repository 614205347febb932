import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// One greedy name, and one that goes on meanwhile.
@Suite struct DatabaseBudgetTests {
    private func catalogue(_ budget: DatabaseBudget) throws -> DatabaseCatalogue {
        try DatabaseCatalogue([
            DatabaseEntry(.main, number: 0), DatabaseEntry(.analytics, number: 3, budget: budget),
            DatabaseEntry("events", number: 3, aliasOf: .analytics),
        ])
    }

    @Test func `connections of its own end at its budget, and main leases as many as ever`() async throws {
        let budget = DatabaseBudget(maximumLeases: 2, maximumWaiters: 3)
        try await withDatabases(catalogue: try catalogue(budget)) { databases, _ in
            let analytics = try databases[.analytics]
            let codes = try await withThrowingTaskGroup(of: RedisError.Code?.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        do throws(RedisError) {
                            _ = try await analytics.blpop("queue", timeout: .seconds(1_000), as: RESPBytes.self)
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                // 2 wait on the server, 3 in the queue; the others are refused at once. main goes on meanwhile.
                var codes: [RedisError.Code?] = []
                while codes.count < 45, let code = try await group.next() { codes.append(code) }
                _ = try? await databases[.main].withConnection { try await $0.set("key", "value") }
                #expect(try await databases[.main].get("key") == "value")
                // Both are there once they have shaken hands.
                let areThere = try await eventually {
                    let clients = try await databases[.main].send("CLIENT", "LIST", as: String.self)
                    return clients.split(separator: "\n").count { $0.contains(" db=3 ") } == 2
                }
                #expect(areThere)
                // An alias has no budget of its own on top.
                await #expect(throws: RedisError.self) {
                    try await databases["events"].withConnection { try await $0.ping() }
                }
                group.cancelAll()
                for try await _ in group {}
                return codes
            }
            #expect(codes.count == 45)
            #expect(codes.allSatisfy { $0 == .tooManyWaiters })
        }
    }

    @Test func `blocking callers have the same budget`() async throws {
        let budget = DatabaseBudget(maximumLeases: 1, maximumWaiters: 0)
        try await withDatabases(catalogue: try catalogue(budget)) { databases, _ in
            let analytics = try databases.blocking(.analytics)
            try analytics.withConnection { connection in
                try connection.set("key", "value")
                let error = #expect(throws: RedisError.self) { try analytics.get("key") }
                #expect(error?.code == .tooManyWaiters)
                #expect(error?.database == .analytics)
                #expect(error?.message.contains("all 1 connections are leased") == true)
                #expect(try databases.blocking(.main).incr("counter") == 1)
            }
            #expect(try analytics.get("key") == "value")
        }
    }

    @Test func `requests in flight end at its budget, with an error that says so, and main is not asked to wait`()
        async throws
    {
        let budget = DatabaseBudget(maximumRequests: 100)
        try await withDatabases(catalogue: try catalogue(budget)) { databases, server in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await analytics.set("key", "value")
            try await main.set("key", "value")
            try server.pause()
            let tally = await withTaskGroup(of: RedisError.Code?.self) { group in
                for _ in 0..<400 {
                    group.addTask {
                        do throws(RedisError) {
                            _ = try await analytics.incr("counter")
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                for _ in 0..<200 {
                    group.addTask {
                        // The name without a budget has room for all of them.
                        try? await main.get("key") == "value" ? nil : .unexpectedReply
                    }
                }
                var tally: [RedisError.Code?: Int] = [:]
                while tally[.tooManyRequests, default: 0] < 300, let code = await group.next() {
                    tally[code, default: 0] += 1
                }
                server.resume()
                for await code in group { tally[code, default: 0] += 1 }
                return tally
            }
            #expect(tally == [.tooManyRequests: 300, nil: 300])
            #expect(try await analytics.get("counter", as: Int.self) == 100)
            #expect(databases.metrics()[.main]?.failures == [:])
        }
    }

    @Test func `bytes in flight end at its budget`() async throws {
        let budget = DatabaseBudget(maximumUnwrittenBytes: 1 << 20)
        try await withDatabases(catalogue: try catalogue(budget)) { databases, server in
            let (main, analytics) = (try databases[.main], try databases[.analytics])
            try await analytics.set("key", "value")
            try server.pause()
            let value = [UInt8](repeating: 1, count: 256 << 10)
            let refused = await withTaskGroup(of: RedisError.Code?.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        do throws(RedisError) {
                            try await analytics.set("large:\(index)", value)
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                // What the sockets take is not waiting to be written, and how much that is, is the system's to say.
                let first = await group.next() ?? nil
                #expect(first == .tooManyRequests)
                server.resume()
                return await group.reduce(into: 1) { $0 += $1 == .tooManyRequests ? 1 : 0 }
            }
            #expect(refused > 0 && refused < 64)
            #expect(try await analytics.dbsize() == 65 - refused)
            #expect(try await main.dbsize() == 0)
        }
    }

    @Test func `scans that name no pace have the one of their database`() async throws {
        let budget = DatabaseBudget(scanPace: .gentle)
        try await withDatabases(catalogue: try catalogue(budget)) { databases, _ in
            #expect(try databases[.analytics].scanPace == .gentle)
            #expect(try databases["events"].scanPace == .gentle)
            #expect(try databases.blocking(.analytics).scanPace == .gentle)
            #expect(try databases[.main].scanPace == .full)
            let analytics = try databases[.analytics]
            try await analytics.withConnection { connection in #expect(connection.scanPace == .gentle) }
            try await analytics.mset(pairs: (0..<100).map { (key: "k\($0)", value: "v") })
            try await analytics.send("CONFIG", "RESETSTAT")
            for try await _ in analytics.scan(count: 1_000) {}
            let calls = try await analytics.info("commandstats")["cmdstat_scan"] ?? ""
            // At full pace one step would do; a gentle scan begins with single keys.
            #expect(!calls.hasPrefix("calls=1,"), "\(calls)")
        }
    }
}
