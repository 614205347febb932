@testable import Bulkhead
import BulkheadCommands
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What tasks share.
final class Kept<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    func withLock<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}

extension LockHolder {
    /// Takes a lock from its holder, as if the server had forgotten that one; its new number.
    func overtake(in database: RedisDatabase) async throws -> Int64 {
        while true {
            try await database.unlink(key)
            // The holder may have extended it in between.
            if case .taken(_, let number) = await take(in: database, waiting: .zero) { return number }
        }
    }

    func overtake(in database: BlockingRedisDatabase) throws {
        while true {
            try database.unlink(key)
            if case .taken = take(in: database, waiting: .zero) { return }
        }
    }
}

extension RedisDatabase {
    /// What a lock is on the server.
    func lockFields(_ name: String) async throws -> [String: String] { try await hgetall("lock:" + name) }
}

@Suite(.timeLimit(.minutes(10))) struct `A lock` {
    private struct Mine: Error {}

    @Test func `is held by one at a time, of tasks and threads, and each has a higher number`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            let numbers = Kept<[Int64]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for _ in 0..<5 {
                            if worker < 4 {
                                try await main.withLock("job", lease: .seconds(60), waiting: nil) { lock in
                                    let count = try await main.get("count", as: Int.self) ?? 0
                                    try await main.set("count", count + 1)
                                    numbers.withLock { $0.append(lock.number) }
                                }
                            } else {
                                try await onThread {
                                    try blocking.withLock("job", lease: .seconds(60), waiting: nil) { lock in
                                        let count = try blocking.get("count", as: Int.self) ?? 0
                                        try blocking.set("count", count + 1)
                                        numbers.withLock { $0.append(lock.number) }
                                    }
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await main.get("count", as: Int.self) == 40)
            let all = numbers.withLock { $0 }
            #expect(all.count == 40 && zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test(arguments: Form.allCases)
    func `is released however its work ends, and keeps its last number for a day`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            func hold(_ work: @escaping @Sendable (RedisLock) throws -> Int64) async throws -> Int64 {
                let blocking = try databases.blocking(.main)
                switch form {
                case .asynchronous:
                    return try await main.withLock("job", lease: .seconds(60), waiting: .zero) { try work($0) }
                case .blocking:
                    return try await onThread {
                        try blocking.withLock("job", lease: .seconds(60), waiting: .zero, work)
                    }
                }
            }
            let first = try await hold { lock in
                #expect(lock.isHeld && lock.remaining > .seconds(30) && lock.name == "job")
                try lock.check()
                return lock.number
            }
            await #expect(throws: Mine.self) { _ = try await hold { _ in throw Mine() } }
            let third = try await hold { $0.number }
            #expect(third > first)
            let fields = try await main.lockFields("job")
            #expect(fields["token"] == nil && fields["until"] == nil && Int64(fields["number"] ?? "") == third + 1)
            let left = try #require(try await main.ttl("lock:job").remaining)
            #expect(left > .seconds(86_000))
        }
    }

    @Test func `is taken by the same holder again with the same number, as after a lost reply`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let holder = try LockHolder("lock:job", .seconds(60))
            guard case .taken(_, let first) = await holder.take(in: main, waiting: .zero),
                case .taken(_, let second) = await holder.take(in: main, waiting: .zero)
            else { return #expect(Bool(false), "it was not taken") }
            #expect(first == second)
            let other = try LockHolder("lock:job", .seconds(60))
            guard case .failed(let error) = await other.take(in: main, waiting: .zero) else {
                return #expect(Bool(false), "two have it")
            }
            #expect(error.code == .lockTimedOut && error.database == .main)
            // Nobody releases what is not theirs.
            await other.release(in: main)
            #expect(try await main.lockFields("job")["token"] == holder.token)
        }
    }

    @Test(arguments: Form.allCases, [FaultProxy.Direction.toServer, .toClient])
    func `is taken once wherever the connection is cut`(form: Form, direction: FaultProxy.Direction) async throws {
        try await withServer { server in
            let direct = RedisDatabases(testConfiguration(server))
            let main = try direct[.main]
            for offset in [0, 1, 60, 200] {
                let proxy = FaultProxy(to: server.socketPath)
                let databases = RedisDatabases(testConfiguration(proxy))
                _ = await form.run(.ping(), in: databases)
                proxy[direction] = [.cut(after: proxy.byteCount(direction) + offset)]
                // Every later connection ends there too, until the lock is seen or was never asked for.
                let repair = Task {
                    while proxy.connectionCount < 3, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
                    proxy[direction] = []
                }
                let (asynchronous, blocking) = (try databases[.main], try databases.blocking(.main))
                switch form {
                case .asynchronous:
                    try await asynchronous.withLock(
                        "job\(offset)", lease: .seconds(60), waiting: .seconds(60)
                    ) { lock in
                        let fields = try await main.lockFields("job\(offset)")
                        #expect(fields["number"] == "\(lock.number)")
                    }
                case .blocking:
                    let number = try await onThread {
                        try blocking.withLock("job\(offset)", lease: .seconds(60), waiting: .seconds(60)) { $0.number }
                    }
                    #expect(try await main.lockFields("job\(offset)")["number"] == "\(number + 1)")
                }
                #expect(try await main.lockFields("job\(offset)")["token"] == nil)
                repair.cancel()
                await repair.value
                await databases.close()
                proxy.stop()
            }
            await direct.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `cannot be taken at a replica, which says so, and is when that is a primary`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            try await main.ping()
            try await databases.server(of: .main).replicaof("127.0.0.1", port: 1)
            @Sendable func take(_ waiting: Duration) async throws -> Int64 {
                switch form {
                case .asynchronous:
                    try await main.withLock("job", lease: .seconds(60), waiting: waiting) { $0.number }
                case .blocking:
                    try await onThread {
                        try blocking.withLock("job", lease: .seconds(60), waiting: waiting) { $0.number }
                    }
                }
            }
            do {
                _ = try await take(.zero)
                Issue.record("a replica gave it a lock")
            } catch let error as RedisError {
                #expect(error.code == .readOnly, "\(error)")
            }
            let waiter = Task { try await take(.seconds(120)) }
            try await databases.server(of: .main).replicaofNoOne()
            #expect(try await waiter.value > 0)
        }
    }

    @Test(arguments: Form.allCases)
    func `is extended for as long as its work takes`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let lease = Duration.seconds(9)
            switch form {
            case .asynchronous:
                try await main.withLock("job", lease: lease) { _ in
                    var ends: Set<String> = []
                    while ends.count < 3 {
                        ends.insert(try await main.lockFields("job")["until"] ?? "")
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            case .blocking:
                try await onThread {
                    try blocking.withLock("job", lease: lease) { lock in
                        var ends: Set<String> = []
                        while ends.count < 3 {
                            ends.insert(try blocking.hget("lock:job", "until") ?? "")
                            usleep(20_000)
                        }
                        try lock.check()
                    }
                }
            }
        }
    }

    @Test func `that the server has forgotten is extended with the number it had`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.withLock("job", lease: .seconds(9)) { lock in
                try await main.unlink("lock:job")
                while try await main.exists("lock:job") == 0 { try await Task.sleep(for: .milliseconds(10)) }
                #expect(try await main.lockFields("job")["number"] == "\(lock.number)")
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `that another has taken cancels its holder, who is told, and is left to the other`(form: Form) async throws {
        try await withDatabases { databases, _ in
            let (main, blocking) = (try databases[.main], try databases.blocking(.main))
            let other = try LockHolder("lock:job", .seconds(600))
            let error = await #expect(throws: RedisError.self) {
                switch form {
                case .asynchronous:
                    try await main.withLock("job", lease: .seconds(9)) { lock in
                        let number = try await other.overtake(in: main)
                        #expect(number > lock.number)
                        while !Task.isCancelled { await Task.yield() }
                        #expect(!lock.isHeld && lock.remaining == .zero)
                    }
                case .blocking:
                    try await onThread {
                        try blocking.withLock("job", lease: .seconds(9)) { lock in
                            try other.overtake(in: blocking)
                            while lock.isHeld { usleep(5_000) }
                            try lock.check()
                        }
                    }
                }
            }
            #expect(error?.code == .lockLost && error?.database == .main)
            #expect(try await main.lockFields("job")["token"] == other.token)
        }
    }

    @Test func `whose server answers no more cancels its holder, also where the program holds all threads`()
        async throws
    {
        try await withDatabases { databases, server in
            let main = try databases[.main].within(.seconds(2))
            let wasCancelled = Kept(false)
            let error = await #expect(throws: RedisError.self) {
                try await main.withLock("job", lease: .seconds(3)) { _ in
                    try server.pause()
                    // More of them than the tasks' pool has threads.
                    await withTaskGroup(of: Void.self) { group in
                        for _ in 0..<8 * ProcessInfo.processInfo.activeProcessorCount {
                            group.addTask {
                                while !Task.isCancelled { usleep(1_000) }
                                wasCancelled.withLock { $0 = true }
                            }
                        }
                    }
                    server.resume()
                }
            }
            #expect(wasCancelled.withLock { $0 } && error?.code == .lockLost)
        }
    }

    @Test func `is released when its holder is cancelled, after the holder's work has ended`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let begun = Kept(false)
            let ended = Kept(false)
            let work = Task {
                try await main.withLock("job", lease: .seconds(60)) { _ in
                    begun.withLock { $0 = true }
                    while !Task.isCancelled { await Task.yield() }
                    // Cleaning up takes a while, and the lock is held meanwhile.
                    let token = try await Task { try await main.lockFields("job")["token"] }.value
                    ended.withLock { $0 = token != nil }
                    throw CancellationError()
                }
            }
            #expect(await eventually { begun.withLock { $0 } })
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            #expect(ended.withLock { $0 })
            #expect(try await main.lockFields("job")["token"] == nil)
        }
    }

    @Test func `is not waited for by a cancelled task, which leaves nothing behind`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let holder = try LockHolder("lock:job", .seconds(600))
            _ = await holder.take(in: main, waiting: .zero)
            let before = try await main.lockFields("job")
            let waiter = Task { try await main.withLock("job", lease: .seconds(60), waiting: nil) { _ in } }
            let asked = databases.metrics()[.main]?.answered ?? 0
            #expect(await eventually { (databases.metrics()[.main]?.answered ?? 0) > asked })
            waiter.cancel()
            let error = await #expect(throws: RedisError.self) { try await waiter.value }
            #expect(error?.code == .cancelled)
            #expect(try await main.lockFields("job") == before)
        }
    }

    @Test func `whose key holds something else is an error at once`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("lock:job", "text")
            let error = await #expect(throws: RedisError.self) {
                try await main.withLock("job", lease: .seconds(60), waiting: nil) { _ in }
            }
            #expect(error?.code == .wrongType, "\(String(describing: error))")
            #expect(try await main.get("lock:job") == "text")
        }
    }

    @Test func `works in a cluster, whatever its name`() async throws {
        try await withSharedCluster { databases, _ in
            let main = try databases[.main]
            for name in ["job", "{orders}:42", "a}b{", "{}"] {
                let number = try await main.withLock(name, lease: .seconds(60)) { $0.number }
                let next = try await main.withLock(name, lease: .seconds(60)) { lock in
                    try await main.run(
                        .set("{\(name.count)}:total", 1), behind: .init("{\(name.count)}", number: lock.number))
                    return lock.number
                }
                #expect(next > number)
            }
        }
    }
}
