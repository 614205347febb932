package import BulkheadTestServer
import Synchronization

/// Servers that belong together and start in some seconds, of which they work a tenth.
package protocol SlowGroup: AnyObject, Sendable {
    associatedtype Options: Hashable, Sendable

    static func start(_ options: Options) throws(RedisTestServerError) -> Self
    var isAsStarted: Bool { get }
    func stop()
}

/// Starts all of them at the same time.
package func startedTogether<Group: SlowGroup>(_ options: [Group.Options]) async throws -> [Group] {
    try await withThrowingTaskGroup(of: (Int, Group).self) { starts in
        for (place, options) in options.enumerated() {
            starts.addTask {
                (place, try await onThread { () throws(RedisTestServerError) in try Group.start(options) })
            }
        }
        let started = try await starts.reduce(into: []) { $0.append($1) }
        return started.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// Groups that wait for a test that wants one, by their options.
///
/// A new primary of a cluster refuses writes for two seconds on any machine. So the first test starts several groups at
/// once, and the next ones find theirs ready. Nothing starts behind a test's back. Those that are left end with this
/// process.
private final class Spares<Group: SlowGroup>: Sendable {
    private let waiting = Mutex<[Group.Options: [Group]]>([:])
    private static var startedAtOnce: Int { 3 }

    private func take(_ options: Group.Options) async throws -> Group {
        while let group = waiting.withLock({ $0[options]?.popLast() }) {
            // A busy host may have kept a server silent so long that the others replaced it.
            if group.isAsStarted { return group }
            group.stop()
        }
        var (groups, failures) = await started(options)
        guard let group = groups.popLast() else { throw failures[0] }
        waiting.withLock { $0[options, default: []] += groups }
        return group
    }

    /// Runs the body with one that nobody else gets, and stops it behind.
    func lend<Result>(
        _ options: Group.Options, to body: (Group) async throws -> Result
    ) async throws -> Result {
        let group = try await take(options)
        defer { group.stop() }
        return try await body(group)
    }

    /// One is wanted, so it does no harm if another does not start.
    private func started(_ options: Group.Options) async -> ([Group], [any Error]) {
        await withTaskGroup(of: Result<Group, any Error>.self) { starts in
            for _ in 0..<Self.startedAtOnce {
                starts.addTask {
                    do {
                        return .success(
                            try await onThread { () throws(RedisTestServerError) in try Group.start(options) })
                    } catch {
                        return .failure(error)
                    }
                }
            }
            var (groups, failures): ([Group], [any Error]) = ([], [])
            for await start in starts {
                switch start {
                case .success(let group): groups.append(group)
                case .failure(let error): failures.append(error)
                }
            }
            return (groups, failures)
        }
    }
}

private let clusters = Spares<RedisTestCluster>()
private let sentinelGroups = Spares<RedisTestSentinelGroup>()

extension RedisTestCluster: SlowGroup {
    /// Runs the body with a cluster that may have been started ahead, and that nobody else gets.
    package static func withSpare<Result>(
        _ options: Options = Options(), _ body: (RedisTestCluster) async throws -> Result
    ) async throws -> Result {
        try await clusters.lend(options, to: body)
    }
}

extension RedisTestSentinelGroup: SlowGroup {
    /// Runs the body with a group that may have been started ahead, and that nobody else gets.
    package static func withSpare<Result>(
        _ options: Options = Options(), _ body: (RedisTestSentinelGroup) async throws -> Result
    ) async throws -> Result {
        try await sentinelGroups.lend(options, to: body)
    }
}
