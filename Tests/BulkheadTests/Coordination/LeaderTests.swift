@testable import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A leader` {
    private struct Mine: Error {}

    @Test func `is one of many, and when it ends another leads, with a higher number`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let leading = Kept((now: 0, most: 0))
            let numbers = Kept<[Int64]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await main.lead("scheduler", lease: .seconds(60)) { term in
                            leading.withLock { leading in
                                leading.now += 1
                                leading.most = max(leading.most, leading.now)
                            }
                            numbers.withLock { $0.append(term.number) }
                            try await main.ping()
                            leading.withLock { $0.now -= 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(leading.withLock { $0.most } == 1)
            let all = numbers.withLock { $0 }
            #expect(all.count == 5 && all == all.sorted() && Set(all).count == 5)
        }
    }

    @Test(arguments: Form.allCases)
    func `that loses its leadership stands again, with a higher number`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let terms = Kept<[Int64]>([])
            @Sendable func begun(_ number: Int64) -> Bool {
                terms.withLock { terms in
                    terms.append(number)
                    return terms.count == 1
                }
            }
            let other = try LockHolder("leader:scheduler", .seconds(60))
            switch form {
            case .asynchronous:
                try await main.lead("scheduler", lease: .seconds(9)) { term in
                    guard begun(term.number) else { return }
                    _ = try await other.overtake(in: main)
                    while !Task.isCancelled { await Task.yield() }
                    await other.release(in: main)
                    throw CancellationError()
                }
            case .blocking:
                _ = try await onThread {
                    try blocking.lead("scheduler", lease: .seconds(9)) { term in
                        guard begun(term.number) else { return true }
                        try other.overtake(in: blocking)
                        while term.isHeld { usleep(5_000) }
                        other.release(in: blocking)
                        return nil
                    }
                }
            }
            let all = terms.withLock { $0 }
            #expect(all.count == 2 && all[0] < all[1])
        }
    }

    @Test(arguments: Form.allCases)
    func `whose work loses another lock of the same database ends by that`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let terms = Kept(0)
            // A second term is one too many.
            @Sendable func begin() throws {
                let isFirst = terms.withLock { terms in
                    terms += 1
                    return terms == 1
                }
                if !isFirst { throw Mine() }
            }
            let other = try LockHolder("lock:inner", .seconds(60))
            let error: RedisError?
            switch form {
            case .asynchronous:
                error = await #expect(throws: RedisError.self) {
                    try await main.lead("scheduler", lease: .seconds(60)) { term in
                        try begin()
                        try await main.withLock("inner", lease: .seconds(9)) { _ in
                            _ = try await other.overtake(in: main)
                            while !Task.isCancelled { await Task.yield() }
                        }
                    }
                }
            case .blocking:
                error = await onThread {
                    #expect(throws: RedisError.self) {
                        _ = try blocking.lead("scheduler", lease: .seconds(60)) { term in
                            try begin()
                            return try blocking.withLock("inner", lease: .seconds(9)) { lock in
                                try other.overtake(in: blocking)
                                while lock.isHeld { usleep(5_000) }
                                return true
                            }
                        }
                    }
                }
            }
            #expect(error?.code == .lockLost && terms.withLock { $0 } == 1)
        }
    }

    @Test func `whose work throws steps down, and a cancelled one too`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            await #expect(throws: Mine.self) { try await main.lead("scheduler") { _ in throw Mine() } }
            let leads = Kept(false)
            let work = Task {
                try await main.lead("scheduler") { _ in
                    leads.withLock { $0 = true }
                    try await Task.sleep(for: .seconds(3_600))
                }
            }
            #expect(await eventually { leads.withLock { $0 } })
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            #expect(try await main.hexists("leader:scheduler", "token") == false)
        }
    }
}
