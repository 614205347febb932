@testable import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `What is done once` {
    private struct Mine: Error {}
    private let week = Duration.seconds(7 * 86_400)

    @Test func `runs for one of many callers, and for none later`() async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let runs = Counter()
            let states = try await withThrowingTaskGroup(of: RedisOnceState.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await main.once("payment:17", keptFor: week) { _ in runs.next() }.state }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(runs.value == 1 && states.count { $0 == .ran } == 1)
            #expect(states.allSatisfy { [.ran, .alreadyDone, .inProgress].contains($0) })
            let later = try await main.once("payment:17", keptFor: week) { _ in runs.next() }
            #expect(later.state == .alreadyDone && later.result == nil)
            let blocked = try await onThread {
                try blocking.once("payment:17", keptFor: week) { _ in runs.next() }.state
            }
            #expect(blocked == .alreadyDone)
            let first = try await onThread {
                try blocking.once("payment:18", keptFor: week) { _ in runs.next() }.result
            }
            #expect(first == 2 && runs.value == 2)
            let left = try #require(try await main.ttl("once:payment:17").remaining)
            #expect(left > .seconds(600_000) && left <= week)
        }
    }

    @Test func `is in progress for others while it runs`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let outer = try await main.once("payment:17", keptFor: week) { _ in
                let inner = try await main.once("payment:17", keptFor: .seconds(1)) { _ in 1 }
                #expect(inner.state == .inProgress && inner.result == nil)
                return 2
            }
            #expect(outer.state == .ran && outer.result == 2)
        }
    }

    @Test func `runs again if it threw, or if its process ended and its lease too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            await #expect(throws: Mine.self) {
                _ = try await main.once("payment:17", keptFor: week) { _ in throw Mine() }
            }
            #expect(try await main.once("payment:17", keptFor: week) { _ in 1 }.state == .ran)
            // One that never came back.
            let gone = try LockHolder("once:payment:18", .milliseconds(200))
            _ = await gone.take(in: main, waiting: .zero)
            #expect(
                try await eventually {
                    try await main.once("payment:18", keptFor: week) { _ in 1 }.state == .ran
                })
        }
    }

    @Test(arguments: Form.allCases)
    func `is not noted by one whom another has overtaken`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let other = try LockHolder("once:payment:17", .seconds(600))
            let error = await #expect(throws: RedisError.self) {
                switch form {
                case .asynchronous:
                    _ = try await main.once("payment:17", keptFor: week, lease: .seconds(60)) { _ in
                        _ = try await other.overtake(in: main)
                    }
                case .blocking:
                    _ = try await onThread {
                        try blocking.once("payment:17", keptFor: week, lease: .seconds(60)) { _ in
                            try other.overtake(in: blocking)
                        }.state
                    }
                }
            }
            #expect(error?.code == .lockLost, "\(String(describing: error))")
            #expect(try await main.hget("once:payment:17", "token") == other.token)
            #expect(try await main.hexists("once:payment:17", "done") == false)
        }
    }

    @Test func `is noted also where the caller is cancelled when it has ended`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let work = Task {
                try await main.once("payment:17", keptFor: week) { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                    return 1
                }
            }
            #expect(try await work.value.state == .ran)
            #expect(try await main.once("payment:17", keptFor: week) { _ in 1 }.state == .alreadyDone)
        }
    }
}
