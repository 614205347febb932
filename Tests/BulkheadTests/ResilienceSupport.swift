import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization

/// The two forms of a database, for what must hold of both.
enum Form: CaseIterable, Sendable {
    case asynchronous, blocking

    /// One command; blocking callers have a thread of their own.
    func run<Reply: Sendable>(
        _ command: RedisCommand<Reply>, in databases: RedisDatabases, _ name: DatabaseName = .main,
        within time: Duration? = nil
    ) async -> Result<Reply, RedisError> {
        switch self {
        case .asynchronous:
            do throws(RedisError) {
                let database = try databases[name]
                return .success(try await (time.map { database.within($0) } ?? database).run(command))
            } catch {
                return .failure(error)
            }
        case .blocking:
            return await onThread {
                Result { () throws(RedisError) in
                    let database = try databases.blocking(name)
                    return try (time.map { database.within($0) } ?? database).run(command)
                }
            }
        }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }

    var isSuccess: Bool { failure == nil }
}

/// A path that leads to one server's socket, then to another's, as a name does that is resolved anew.
final class MovingName: Sendable {
    let path: String

    init(to target: String? = nil) {
        path = "/tmp/moving-\(UUID().uuidString.prefix(8)).sock"
        if let target { point(to: target) }
    }

    deinit { unlink(path) }

    func point(to target: String) {
        unlink(path)
        precondition(symlink(target, path) == 0, "the link cannot be made")
    }
}

extension ThrowingTaskGroup where ChildTaskResult == Void, Failure == any Error {
    /// Two callers of each form, 0 and 1, who call again and again until it is over.
    mutating func addCallers(
        until isOver: @escaping @Sendable () -> Bool, _ call: @escaping @Sendable (Form, Int) async -> Void
    ) {
        for form in Form.allCases {
            for number in 0..<2 {
                addTask {
                    while !isOver() { await call(form, number) }
                }
            }
        }
    }
}

/// Counts that threads share.
final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock(\.self) }

    @discardableResult
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

extension RedisDatabases {
    /// Connections that their server has accepted so far, this one's own among them.
    func acceptedConnections() async throws -> Int {
        Int(try await self[.main].info("stats")["total_connections_received"] ?? "") ?? 0
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
