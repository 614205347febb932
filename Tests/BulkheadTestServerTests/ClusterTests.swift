@testable import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.serialized) struct `A cluster of servers` {
    @Test func `serves all slots when it is started, and leaves nothing behind`() throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        let cluster = try RedisTestCluster.start(options)
        let processes = cluster.servers.compactMap(\.processIdentifier)
        #expect(cluster.primaries.count == 3 && cluster.replicas.count == 3 && processes.count == 6)
        for server in cluster.servers {
            let info = server.answer(to: "CLUSTER INFO") ?? ""
            #expect(info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384"))
        }
        cluster.stop()
        cluster.stop()
        #expect(processes.allSatisfy { !isAlive($0) })
        #expect(cluster.servers.allSatisfy { !exists($0.folder) })
    }

    @Test func `is gone when its owner lets go of it, and where it cannot start`() throws {
        var cluster: RedisTestCluster? = try RedisTestCluster.start()
        let folders = cluster?.servers.map(\.folder) ?? []
        cluster = nil
        #expect(folders.count == 3)
        #expect(folders.allSatisfy { !exists($0) })
        var options = RedisTestCluster.Options()
        options.server.arguments = ["--no-such-option", "yes"]
        #expect(throws: RedisTestServerError.self) { try RedisTestCluster.start(options) }
    }

    @Test(.enabled(if: !ServerUnderTest.isAtLeast(valkey: 9, 0)))
    func `of a server without numbered databases in clusters says what has them`() throws {
        var options = RedisTestCluster.Options()
        options.databases = 16
        let error = #expect(throws: RedisTestServerError.self) { try RedisTestCluster.start(options) }
        #expect(error?.code == .notOffered)
        #expect(error?.message.contains("Valkey 9") == true, "\(String(describing: error))")
    }
}
