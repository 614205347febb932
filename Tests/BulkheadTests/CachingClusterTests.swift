import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Caches of a name that lives in a cluster: each primary tells of its own keys.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: ServerUnderTest.version == .resp3))
struct CachingClusterTests {
    private static let keys = (0..<30).map { "{\($0)}:key" }

    /// With this time a busy host causes no failover; tests that want one give a shorter time.
    private func withCachedCluster(
        replicas: Int = 0, reads: RedisReads = .primary, nodeTimeout: Duration = .seconds(3),
        _ body: (RedisDatabases, RedisTestCluster) async throws -> Void
    ) async throws {
        try await withReplicatedCluster(replicas: replicas, nodeTimeout: nodeTimeout) { cluster, number in
            let place = try DatabaseServer(cluster: cluster.addresses)
            let entry = DatabaseEntry(.main, number: number, mayBeFlushed: true, server: place, reads: reads)
            try await withDatabases(testGroupConfiguration(), of: try DatabaseCatalogue([entry])) { databases in
                try await body(databases, cluster)
            }
        }
    }

    private func gets(_ cluster: RedisTestCluster) throws -> Int {
        try cluster.primaries.reduce(0) { $0 + (try $1.calls(of: "get")) }
    }

    @Test func `answer from memory until the key changes, whichever primary has it`() async throws {
        try await withCachedCluster { databases, cluster async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            let cache = try await main.cached(within: patientLimits())
            for _ in 0..<3 { for key in Self.keys { #expect(try await cache.get(key) == "one") } }
            #expect(try gets(cluster) == Self.keys.count)
            #expect(cache.metrics().hits == 2 * Self.keys.count && cache.metrics().isServing)
            for key in Self.keys { try await main.set(key, "two") }
            try await cache.catchUp()
            for key in Self.keys { #expect(try await cache.get(key) == "two") }
            try await main.flushdb()
            try await cache.catchUp()
            for key in Self.keys { #expect(try await cache.get(key) == nil) }
            #expect(cache.metrics().entries == 0)
        }
    }

    @Test func `keep nothing of a key that is not there, whose slot may go and come`() async throws {
        try await withCachedCluster { databases, _ async throws in
            let main = try databases[.main]
            let cache = try await main.cached(within: patientLimits())
            for _ in 0..<3 { #expect(try await cache.get("nothing") == nil) }
            #expect(cache.metrics().hits == 0 && cache.metrics().entries == 0)
        }
    }

    @Test func `serve threads too`() async throws {
        try await withCachedCluster { databases, _ async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            let values = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(
                        with: Result { () throws -> [String?] in
                            let cache = try databases.blocking(.main).cached(within: patientLimits())
                            for key in Self.keys { _ = try cache.get(key) }
                            let values = try Self.keys.map { try cache.get($0) }
                            return cache.metrics().hits == Self.keys.count ? values : []
                        })
                }
            }
            #expect(values == Self.keys.map { _ in "one" })
        }
    }

    @Test(arguments: SlotMove.ofServer)
    func `are emptied when slots move, and keep what the new primary says`(_ way: SlotMove) async throws {
        try await withCachedCluster { databases, cluster async throws in
            let main = try databases[.main]
            for index in 0..<20 { try await main.set("{bar}:\(index)", "one") }
            let cache = try await main.cached(within: patientLimits())
            for index in 0..<20 { #expect(try await cache.get("{bar}:\(index)") == "one") }
            try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2], way)
            for index in 0..<20 { try await main.set("{bar}:\(index)", "two") }
            try await cache.catchUp()
            for index in 0..<20 { #expect(try await cache.get("{bar}:\(index)") == "two") }
            let before = cache.metrics().hits
            let isKept = try await eventually { () async throws in
                for index in 0..<20 { #expect(try await cache.get("{bar}:\(index)") == "two") }
                return cache.metrics().hits > before
            }
            #expect(isKept)
            try await main.set("{bar}:0", "three")
            try await cache.catchUp()
            #expect(try await cache.get("{bar}:0") == "three")
        }
    }

    @Test func `serve again where a primary was killed, and what its replica has`() async throws {
        try await withCachedCluster(replicas: 1, nodeTimeout: .seconds(1)) { databases, cluster async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            for (primary, replica) in zip(cluster.primaries, cluster.replicas) {
                try await awaitCopy(of: primary, at: replica)
            }
            let cache = try await main.cached(within: patientLimits())
            for key in Self.keys { #expect(try await cache.get(key) == "one") }
            cluster.primaries[1].kill()
            for key in Self.keys {
                let isSet = await eventually { (try? await main.set(key, "two")) != nil }
                #expect(isSet)
            }
            let hasRead = try await eventually {
                var values: Set<String?> = []
                for key in Self.keys { values.insert(try await cache.get(key)) }
                return values == ["two"]
            }
            #expect(hasRead)
            let isServing = try await eventually { () async throws in
                for key in Self.keys { #expect(try await cache.get(key) == "two") }
                return cache.metrics().isServing && cache.metrics().entries == Self.keys.count
            }
            #expect(isServing)
        }
    }

    /// Nobody closes what opens after the databases have ended.
    @Test func `open no more once the databases are closed`() async throws {
        try await withCachedCluster { databases, cluster async throws in
            let main = try databases[.main]
            // The map is known, and the next primary in its order accepts connections and answers nothing.
            _ = try await main.get("{bar}")
            try cluster.primaries[1].pause()
            defer { cluster.primaries[1].resume() }
            let opening = Task { try await main.within(.seconds(30)).cached(within: patientLimits()) }
            #expect(try await eventually { try Self.tracked(cluster.primaries[0]) == 1 })
            await databases.close()
            #expect(await failure { _ = try await opening.value } == .closed)
            cluster.primaries[1].resume()
            for primary in cluster.primaries {
                #expect(try await eventually { try Self.tracked(primary) == 0 })
            }
        }
    }

    /// Connections that a server tells of changes.
    private static func tracked(_ server: RedisTestServer) throws -> Int {
        let list = try ask(server, "CLIENT LIST").bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return list.split(separator: "\n").count { line in
            line.split(separator: " ").contains { $0.hasPrefix("flags=") && $0.dropFirst(6).contains("t") }
        }
    }

    @Test func `open where the map is old, and a primary in it is dead`() async throws {
        try await withCachedCluster(replicas: 1, nodeTimeout: .seconds(1)) { databases, cluster async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            for (primary, replica) in zip(cluster.primaries, cluster.replicas) {
                try await awaitCopy(of: primary, at: replica)
            }
            cluster.primaries[1].kill()
            let cache = try await main.cached(within: patientLimits())
            for key in Self.keys { #expect(try await cache.get(key) == "one") }
        }
    }

    /// No silence ends these connections, so only the failover does.
    @Test func `pass on who waits at a primary that hangs, when another one has taken its place`() async throws {
        try await withCachedCluster(replicas: 1, nodeTimeout: .seconds(1)) { databases, cluster async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            try await main.set("{bar}", "one")
            let cache = try await main.cached(within: patientLimits())
            for key in Self.keys { #expect(try await cache.get(key) == "one") }
            for (primary, replica) in zip(cluster.primaries, cluster.replicas) {
                try await awaitCopy(of: primary, at: replica)
            }
            let before = cache.metrics()
            // It has {bar}.
            try cluster.primaries[0].pause()
            defer { cluster.primaries[0].resume() }
            let (reading, catching) = (Task { try await cache.get("{bar}") }, Task { try await cache.catchUp() })
            #expect(try await reading.value == "one")
            try await catching.value
            // A cache of the old primary would not answer.
            #expect(await eventually { (try? await main.set("{bar}", "two")) != nil })
            try await cache.catchUp()
            #expect(try await cache.get("{bar}") == "two")
            let since = cache.metrics().since(before)
            #expect(since.hits >= 0 && since.misses > 0 && since.clears >= 0, "\(since)")
        }
    }

    @Test func `read from the primaries, where the name's reads may go to replicas`() async throws {
        let reads = RedisReads.replicaPreferred(staleness: .seconds(120))
        try await withCachedCluster(replicas: 1, reads: reads) { databases, cluster async throws in
            let main = try databases[.main]
            for key in Self.keys { try await main.set(key, "one") }
            let cache = try await main.cached(within: patientLimits())
            for key in Self.keys { #expect(try await cache.get(key) == "one") }
            for key in Self.keys { #expect(try await cache.get(key) == "one") }
            for replica in cluster.replicas { #expect(try replica.calls(of: "get") == 0) }
            #expect(cache.metrics().hits == Self.keys.count)
        }
    }

    /// Writers count up, and a reader that has caught up reads nothing older than what was acknowledged before.
    @Test(arguments: SlotMove.ofServer)
    func `return nothing stale while slots move and primaries change`(_ way: SlotMove) async throws {
        try await withCachedCluster(replicas: 1) { databases, cluster async throws in
            let main = try databases[.main]
            let (acknowledged, ends, strict) = (Acknowledged(Self.keys.count), Counter(), Counter())
            for key in Self.keys { try await main.set(key, 0) }
            let caches = [
                try await main.cached(within: patientLimits()), try await main.cached(within: patientLimits()),
            ]
            let (reads, hits) = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    var count = 0
                    while ends.value == 0 {
                        let index = Int.random(in: 0..<Self.keys.count)
                        let next = acknowledged.values[index] + 1
                        // What is ambiguous is written again.
                        guard (try? await main.set(Self.keys[index], next)) != nil else { continue }
                        acknowledged.set(index, next)
                        count += 1
                        // Readers are to hit now and then.
                        if count % 20 == 0 { try await Task.sleep(for: .milliseconds(20)) }
                    }
                    return 0
                }
                for cache in caches {
                    group.addTask {
                        var count = 0
                        while ends.value == 0 {
                            let floor = acknowledged.values
                            // Where all servers know the same primaries, each of these has what was written before.
                            let isStrict = try Self.agree(cluster)
                            try await cache.catchUp()
                            for index in Array(Self.keys.indices) + Array(Self.keys.indices) {
                                count += 1
                                let value = try await cache.get(Self.keys[index], as: Int.self) ?? -1
                                if value >= floor[index] { continue }
                                #expect(!isStrict, "\(Self.keys[index]) is \(value), and \(floor[index]) was written")
                                // A primary that does not know yet that it is none any more answers what it has, and
                                // so it does without a cache. Once all know there is no such one.
                                #expect(try await eventually { try Self.agree(cluster) })
                                try await cache.catchUp()
                                let again = try await cache.get(Self.keys[index], as: Int.self) ?? -1
                                #expect(again >= floor[index], "\(Self.keys[index])")
                            }
                            if isStrict { strict.next() }
                        }
                        return count
                    }
                }
                let outcome = await Task.detached { Result { try Self.disturb(cluster, way) } }.value
                // Of two readers' next four rounds, two at least have begun since.
                let rounds = strict.value
                let haveRead = await eventually { strict.value >= rounds + 4 }
                ends.next()
                try outcome.get()
                #expect(haveRead)
                let reads = try await group.reduce(0, +)
                return (reads, caches.reduce(0) { $0 + $1.metrics().hits })
            }
            #expect(reads > 0 && hits > 0)
        }
    }

    private static func disturb(_ cluster: RedisTestCluster, _ way: SlotMove) throws {
        let talk = try ServerConversation(with: cluster.primaries[0])
        for index in [0, 7, 14] {
            guard case .integer(let slot) = try talk.ask("CLUSTER KEYSLOT {\(index)}") else { continue }
            let owner = try talk.ownerOf(Int(slot))
            guard let source = cluster.primaries.firstIndex(where: { $0.port == owner }) else { continue }
            let target = cluster.primaries[(source + 1) % cluster.primaries.count]
            try cluster.move([Int(slot)], from: cluster.primaries[source], to: target, way)
        }
        // A failover that an operator asks for loses nothing. A busy machine may be too slow for it, so it is asked
        // again: servers give one up after five seconds.
        let replica = try ServerConversation(with: cluster.replicas[0])
        let end = ContinuousClock.now + .seconds(120)
        var hasTakenOver = false
        while try !hasTakenOver || !agree(cluster) {
            guard .now < end else { throw NoPromotion(hasTakenOver: hasTakenOver) }
            if !hasTakenOver { _ = try replica.text("CLUSTER FAILOVER") }
            let patience: ContinuousClock.Instant = .now + .seconds(6)
            while !hasTakenOver, ContinuousClock.now < patience {
                hasTakenOver = try replica.ask("ROLE").elements?.first?.bytes == RESPBytes("master")
                usleep(20_000)
            }
            usleep(20_000)
        }
    }

    /// Whether all servers know the same primaries of the same slots.
    private static func agree(_ cluster: RedisTestCluster) throws -> Bool {
        var maps: Set<[[Int]]> = []
        for server in cluster.servers {
            let rows = try ServerConversation(with: server).ask("CLUSTER SLOTS").elements ?? []
            let map = rows.map { row -> [Int] in
                guard let parts = row.elements, parts.count > 2, let primary = parts[2].elements, primary.count > 1
                else { return [] }
                return [parts[0], parts[1], primary[1]].map { value in
                    if case .integer(let number) = value { Int(number) } else { -1 }
                }
            }
            maps.insert(map.sorted { $0.lexicographicallyPrecedes($1) })
        }
        return maps.count == 1
    }
}

/// The replica that was to take over has not, or not all servers say so.
private struct NoPromotion: Error { let hasTakenOver: Bool }

/// What was acknowledged last, key by key.
private final class Acknowledged: Sendable {
    private let state: Mutex<[Int]>

    init(_ count: Int) { state = Mutex(Array(repeating: 0, count: count)) }

    var values: [Int] { state.withLock(\.self) }
    func set(_ index: Int, _ value: Int) { state.withLock { $0[index] = value } }
}
