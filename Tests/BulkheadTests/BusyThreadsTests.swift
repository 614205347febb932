import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Dispatch
import Synchronization
import Testing

/// What a program may do with the threads of Dispatch and of its tasks.
private enum Occupation: String, CaseIterable, CustomTestStringConvertible {
    case sleepingBlocks = "blocks that sleep on Dispatch's global queue"
    case computingTasks = "tasks that compute"
    case blockingPops = "blocking pops on Dispatch's global queue"

    var testDescription: String { rawValue }
}

/// An occupation, until `end`.
private final class Occupied: Sendable {
    private let isOver = Atomic(false)
    private let gate = DispatchSemaphore(value: 0)
    private let group = DispatchGroup()

    /// More than Dispatch ever has threads for.
    static let manyBlocks = 300

    init(_ occupation: Occupation, _ blocking: BlockingRedisDatabase) {
        switch occupation {
        case .sleepingBlocks:
            for _ in 0..<Self.manyBlocks {
                DispatchQueue.global().async(group: group) { @Sendable [gate] in
                    gate.wait()
                    gate.signal()
                }
            }
        case .computingTasks:
            for _ in 0..<8 {
                group.enter()
                Task.detached { [self] in
                    while !isOver.load(ordering: .relaxed) {}
                    group.leave()
                }
            }
        case .blockingPops:
            for _ in 0..<Self.manyBlocks {
                DispatchQueue.global().async(group: group) { @Sendable [self] in
                    while !isOver.load(ordering: .relaxed) {
                        _ = try? blocking.blpop("nothing", timeout: .seconds(1))
                    }
                }
            }
        }
    }

    /// Lets go of all threads.
    func end() {
        isOver.store(true, ordering: .relaxed)
        gate.signal()
        group.wait()
    }
}

/// These callers are on the main actor, whose thread nobody else uses. What they wait for must happen without any
/// thread of Dispatch's or the tasks' pools: those are all held until the calls are over.
@MainActor @Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: TestTier.isWhole))
struct `Whatever the program does with its threads` {
    private static func whileThreads(
        are occupation: Occupation, configure: (inout RedisConfiguration) -> Void = { _ in },
        _ body: @MainActor (RedisDatabases, RedisTestServer) async throws -> Void
    ) async throws {
        try await withDatabases(configure: {
            $0.maximumLeases = Occupied.manyBlocks + 1
            configure(&$0)
        }) { databases, server in
            try await databases[.main].set("key", "value")
            let occupied = Occupied(occupation, try databases.blocking(.knowledge))
            defer { occupied.end() }
            try await body(databases, server)
        }
    }

    private static func getOnce(_ database: RedisDatabase) async throws {
        let value = try await database.get("key")
        #expect(value == "value")
    }

    private static func code(_ body: () async throws -> Void) async -> RedisError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RedisError)?.code
        }
    }

    @Test(arguments: Occupation.allCases) fileprivate func `replies arrive`(_ occupation: Occupation) async throws {
        try await Self.whileThreads(are: occupation) { databases, _ in
            let main = try databases[.main]
            for _ in 0..<300 { try await Self.getOnce(main) }
            // Many at once: none of them reads for himself. Who awaits a task needs a thread of the pool: this asks.
            var underWay = 50
            for _ in 0..<underWay {
                Task { @MainActor in
                    for _ in 0..<20 { try await Self.getOnce(main) }
                    underWay -= 1
                }
            }
            while underWay > 0 { try await Self.getOnce(main) }
        }
    }

    @Test(arguments: Occupation.allCases) fileprivate func `connections are made`(
        _ occupation: Occupation
    ) async throws {
        try await Self.whileThreads(are: occupation) { databases, _ in
            let nothing = try await databases[.prompts].get("key")
            #expect(nothing == nil)
            let length = try await databases[.analytics].withConnection { try await $0.llen("nothing") }
            #expect(length == 0)
        }
    }

    @Test(arguments: Occupation.allCases) fileprivate func `deadlines are kept`(_ occupation: Occupation) async throws {
        try await Self.whileThreads(are: occupation) { databases, server in
            let short = try databases[.main].within(.milliseconds(20))
            try server.pause()
            defer { server.resume() }
            for _ in 0..<20 {
                let code = await Self.code { _ = try await short.get("key") }
                #expect(code == .timedOut)
            }
            // The handshake of a new connection takes as long as the server is paused.
            let analytics = try databases[.analytics].within(.milliseconds(20))
            let code = await Self.code { _ = try await analytics.get("key") }
            #expect(code == .timedOut)
        }
    }

    @Test(arguments: Occupation.allCases) fileprivate func `waits for a lease end in time`(
        _ occupation: Occupation
    ) async throws {
        try await Self.whileThreads(are: occupation, configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main].within(.milliseconds(50))
            try await databases[.main].withConnection { _ in
                for _ in 0..<5 {
                    let code = await Self.code { try await main.withConnection { _ in } }
                    #expect(code == .timedOut)
                }
            }
        }
    }
}
