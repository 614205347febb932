import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Slots that move while tasks write to them, by each way that the server knows.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterMoveTests {
    private static let tags = 12
    private static let cases = Form.allCases.flatMap { form in SlotMove.ofServer.map { (form, $0) } }

    private func move(_ cluster: RedisTestCluster, _ way: SlotMove) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let talk = try ServerConversation(with: cluster.primaries[0])
                        // There, and back again.
                        for tag in Array(0..<Self.tags) + Array(0..<4) {
                            guard case .integer(let slot) = try talk.ask("CLUSTER KEYSLOT {\(tag)}") else { continue }
                            let owner = try talk.ownerOf(Int(slot))
                            let owns = { (server: RedisTestServer) in server.port == owner }
                            guard let index = cluster.primaries.firstIndex(where: owns) else { continue }
                            let target = cluster.primaries[(index + 1) % cluster.primaries.count]
                            try cluster.move([Int(slot)], from: cluster.primaries[index], to: target, way)
                        }
                    })
            }
        }
    }

    /// Counts up in every slot until it is over; each answer is one more than the one before. How often.
    private func write(
        _ writer: Int, _ form: Form, in databases: RedisDatabases, _ name: DatabaseName, until isOver: () -> Bool
    ) async throws -> Int {
        var count = 0
        while !isOver() {
            count += 1
            for tag in 0..<Self.tags {
                let answer = try await form.run(.incr("{\(tag)}:\(writer)"), in: databases, name).get()
                guard answer == Int64(count) else {
                    Issue.record("{\(tag)}:\(writer) is \(answer), and \(count) calls have counted it up")
                    return count
                }
            }
        }
        return count
    }

    @Test(arguments: cases)
    func `no writer sees a redirection, and no write is lost or doubled`(_ form: Form, _ way: SlotMove) async throws {
        var options = RedisTestCluster.Options()
        let hasDatabases = ServerUnderTest.isAtLeast(valkey: 9, 0)
        if hasDatabases { options.databases = 16 }
        try await RedisTestCluster.withSpare(options) { cluster in
            let place = try DatabaseServer(cluster: cluster.addresses)
            let names: [DatabaseName] = hasDatabases ? [.main, .knowledge] : [.main]
            let entries = names.map { DatabaseEntry($0, number: $0 == .main ? 0 : 5, server: place) }
            let databases = RedisDatabases(testGroupConfiguration(), catalogue: try DatabaseCatalogue(entries))
            // Valkey 9.1.2 applies a write to another database than its own, now and then, where several are written
            // to during an atomic move: a bare program sees it too.
            let written: [DatabaseName] = way == .atomic ? [.knowledge] : names
            for name in names where !written.contains(name) {
                for tag in 0..<Self.tags { try await databases[name].set("{\(tag)}:rests", "here") }
            }
            let ends = Counter()
            let counts = try await withThrowingTaskGroup(of: (DatabaseName, Int, Int).self) { group in
                for name in written {
                    for writer in 0..<3 {
                        group.addTask {
                            let count = try await write(writer, form, in: databases, name) {
                                ends.value > 0
                            }
                            return (name, writer, count)
                        }
                    }
                }
                let outcome = await Result { () async throws in try await move(cluster, way) }
                ends.next()
                try outcome.get()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (name, writer, count) in counts {
                #expect(count > 0)
                for tag in 0..<Self.tags {
                    #expect(try await databases[name].get("{\(tag)}:\(writer)", as: Int.self) == count)
                }
            }
            // Each key is at one server.
            for name in written { #expect(try await databases[name].dbsize() == 3 * Self.tags) }
            for name in names where !written.contains(name) {
                #expect(try await databases[name].dbsize() == Self.tags)
                for tag in 0..<Self.tags { #expect(try await databases[name].get("{\(tag)}:rests") == "here") }
            }
            await databases.close()
        }
    }
}
