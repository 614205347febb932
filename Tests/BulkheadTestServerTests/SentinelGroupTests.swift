@testable import BulkheadTestServer
import Foundation
import Testing

@Suite(.serialized) struct `A group with sentinels` {
    @Test func `knows itself when it is started, fails over, and leaves nothing behind`() async throws {
        let start = ContinuousClock.now
        let group = try RedisTestSentinelGroup.start()
        print("a group of six was ready after \(ContinuousClock.now - start)")
        let members = group.servers + group.sentinels
        let processes = members.compactMap(\.processIdentifier)
        #expect(processes.count == 6)
        for index in group.sentinels.indices { #expect(group.primary(by: index) === group.servers[0]) }
        let new = try group.failOver()
        #expect(new !== group.servers[0])
        #expect(group.primary() === new)
        group.stop()
        group.stop()
        #expect(processes.allSatisfy { !isAlive($0) })
        #expect(members.allSatisfy { !exists($0.folder) })
    }

    /// Otherwise one of them makes the new primary a replica before it has heard of the failover, and seconds later all
    /// fail over again.
    @Test func `has sentinels that hear of a failover before they take its primary for one gone astray`() throws {
        let group = try RedisTestSentinelGroup.start()
        defer { group.stop() }
        for sentinel in group.sentinels {
            let answer = try #require(sentinel.answer(to: "SENTINEL DEBUG"))
            // Redis 6.2 does not know it, and has the default, which is longer.
            guard answer.hasPrefix("*") else { continue }
            let lines = answer.split(whereSeparator: \.isNewline)
            let place = try #require(lines.firstIndex(of: "PUBLISH-PERIOD"))
            let period = try #require(Int(lines[place + 2]))
            // They wait for four of these; the one that leads a failover asks the replica each second.
            #expect(4 * period >= 2_000)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `orders a failover again that its sentinel gave up`() async throws {
        var options = RedisTestSentinelGroup.Options()
        options.replicas = 1
        options.sentinels = 1
        options.downAfter = .milliseconds(500)
        try await RedisTestSentinelGroup.withGroup(options) { group in
            let sentinel = group.sentinels[0]
            try await eventually {
                sentinel.answer(to: "SENTINEL REPLICAS mymaster")?.contains("\nok\r") == true
            }
            // The sentinel takes it for a good one still, and waits in vain that it becomes a primary.
            try group.servers[1].pause()
            let failover = Task.detached { try group.failOver() }
            try await eventually { sentinel.log.contains("-failover-abort") }
            group.servers[1].resume()
            #expect(try await failover.value === group.servers[1])
        }
    }

    @Test func `is gone when its owner lets go of it, and where it cannot start`() async throws {
        var options = RedisTestSentinelGroup.Options()
        options.replicas = 1
        options.sentinels = 1
        var group: RedisTestSentinelGroup? = try RedisTestSentinelGroup.start(options)
        let folders = group.map { ($0.servers + $0.sentinels).map(\.folder) } ?? []
        group = nil
        #expect(folders.count == 3)
        #expect(folders.allSatisfy { !exists($0) })
        options.server.arguments = ["--no-such-option", "yes"]
        #expect(throws: RedisTestServerError.self) { try RedisTestSentinelGroup.start(options) }
    }
}
