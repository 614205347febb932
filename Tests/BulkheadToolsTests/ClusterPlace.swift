import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

/// A cluster, a server beside it, and a catalogue: `main` and, where the cluster has databases, `other` live in the
/// cluster, `alone` on the server, and `elsewhere` in a second cluster, if that is asked for.
struct ClusterPlace {
    let cluster: RedisTestCluster
    let folder: String
    let catalogue: String
    let databases: RedisDatabases

    static let tags = 40
    static let keys = 600

    static func with(second: Bool = false, _ body: (ClusterPlace) async throws -> Void) async throws {
        var options = RedisTestCluster.Options()
        // Nobody fails over here, and a busy machine shall not take the cluster down.
        options.nodeTimeout = .seconds(15)
        if hasDatabases { options.databases = 16 }
        let elsewhere = second ? try RedisTestCluster.start(options) : nil
        defer { elsewhere?.stop() }
        let alone = try RedisTestServer.start()
        defer { alone.stop() }
        try await RedisTestCluster.withSpare(options) { cluster in
            try await withBackupFolder { folder in
                let servers = cluster.addresses.map { "\"\($0)\"" }.joined(separator: ", ")
                var entries = [
                    #"{"name": "main", "number": 0, "may_be_flushed": true, "cluster": [\#(servers)]}"#,
                    #"{"name": "alone", "number": 3, "may_be_flushed": true, "url": "unix://\#(alone.socketPath)"}"#,
                ]
                if let elsewhere {
                    entries.append(#"{"name": "elsewhere", "number": 0, "cluster": ["\#(elsewhere.addresses[0])"]}"#)
                }
                if hasDatabases {
                    entries += [
                        #"{"name": "other", "number": 5, "may_be_flushed": true, "cluster": [\#(servers)]}"#,
                        // The same, in a catalogue that names one server of the cluster.
                        #"{"name": "kept", "number": 5, "cluster": ["\#(cluster.addresses[1])"]}"#,
                    ]
                }
                let path = folder + "/names.json"
                try Data("{\"databases\": [\(entries.joined(separator: ",\n"))]}".utf8)
                    .write(to: URL(fileURLWithPath: path))
                let databases = RedisDatabases(
                    RedisConfiguration(), catalogue: try DatabaseCatalogue(contentsOfFile: path))
                let place = ClusterPlace(
                    cluster: cluster, folder: folder, catalogue: path, databases: databases)
                try await ending(by: { await databases.close() }) { try await body(place) }
            }
        }
    }

    static var hasDatabases: Bool { ServerUnderTest.isAtLeast(valkey: 9, 0) }

    func run(_ words: String..., exitCode: Int32 = 0) async throws -> (text: String, errors: String) {
        let outcome = try await Bulkhead.run(words + ["--catalogue", catalogue])
        #expect(outcome.exitCode == exitCode, "\(words): \(outcome.text) \(outcome.errors)")
        return (outcome.text, outcome.errors)
    }

    func database(_ name: String) throws -> RedisDatabase { try databases[DatabaseName(name)] }

    func size(of name: String) async throws -> Int { Int(try await database(name).dbsize()) }

    /// Keys of several types, some of which expire, in forty slots.
    func write(to name: String) async throws {
        let database = try database(name)
        var batch = RedisBatch()
        for index in 0..<Self.keys {
            let key = "{\(index % Self.tags)}:\(index)"
            switch index % 4 {
            case 0: batch.append(RedisCommand<Bool>.set(key, "value \(index)", expiry: .after(.seconds(3_600))))
            case 1: batch.append(RedisCommand<Bool>.set(key, "value \(index)"))
            case 2: batch.append(RedisCommand<Int>.rpush(key, ["a", "b", "\(index)"]))
            default: batch.append(RedisCommand<RESPValue>.raw("HSET", [key, "field", index, "other", "b"]))
            }
        }
        for reply in try await database.pipeline(batch) { #expect(reply.errorMessage == nil) }
        #expect(try await size(of: name) == Self.keys)
    }

    /// Moves one slot after the other to another primary until `isOver`, and all of them at most once.
    func moveSlots(_ way: SlotMove, until isOver: @escaping @Sendable () -> Bool) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [cluster] in
                continuation.resume(
                    with: Result {
                        let talk = try ServerConversation(with: cluster.primaries[0])
                        var moved = 0
                        for tag in 0..<Self.tags where !isOver() {
                            guard case .integer(let slot) = try talk.ask("CLUSTER KEYSLOT {\(tag)}"),
                                let port = try talk.ownerOf(Int(slot)),
                                let index = cluster.primaries.firstIndex(where: { $0.port == port })
                            else { continue }
                            let target = cluster.primaries[(index + 2) % cluster.primaries.count]
                            try cluster.move([Int(slot)], from: cluster.primaries[index], to: target, way)
                            moved += 1
                        }
                        return moved
                    })
            }
        }
    }
}

/// Says to another thread that something is over.
final class Ending: Sendable {
    let isSet = Mutex(false)
}
