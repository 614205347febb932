import BulkheadTestServer
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
