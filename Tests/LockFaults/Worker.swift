import Bulkhead

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A program's worker: it takes the lock again and again, and writes who it is to two lists while it holds it, to one
/// of them behind a fence. A worker that blocks never asks whether it holds the lock; the task of one that does not
/// block is cancelled.
struct Worker {
    static let lock = "job"
    static let plain = "plain"
    static let fenced = "fenced"
    /// How many writes the fence has refused, how many locks were lost, and how many were released in order.
    static let refused = "refused"
    static let lost = "lost"
    static let released = "released"
    private static let writes = 10

    /// Who started it: without them it ends.
    private let parent = getppid()
    private let name: String
    private let lease: Duration
    private let resource: RedisDatabases
    private let locks: RedisDatabases

    init(_ name: String, _ settings: Settings, resource: String, sentinels: String) throws {
        self.name = name
        lease = .milliseconds(settings.lease)
        self.resource = RedisDatabases(RedisConfiguration(unixSocket: resource))
        let place = try DatabaseServer(sentinels: sentinels.split(separator: ",").map(String.init), primary: "mymaster")
        var configuration = RedisConfiguration()
        configuration.commandTimeout = .seconds(120)
        locks = RedisDatabases(
            configuration, catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
    }

    private var isWanted: Bool { getppid() == parent }

    func runBlocking() throws {
        let (locks, resource) = (try locks.blocking(.main), try resource.blocking(.main))
        while isWanted {
            do {
                try locks.withLock(Self.lock, for: lease, waiting: .seconds(120)) { lock in
                    let holder = "\(name) \(lock.number)"
                    for _ in 0..<Self.writes {
                        try resource.rpush(Self.plain, holder)
                        do throws(RedisError) {
                            try resource.run(
                                .rpush(Self.fenced, holder), behind: RedisFence(Self.fenced, number: lock.number))
                        } catch {
                            guard error.code == .fenceRefused else { throw error }
                            try resource.incr(Self.refused)
                        }
                        usleep(2_000)
                    }
                }
                try resource.incr(Self.released)
            } catch let error as RedisError where error.code == .lockLost {
                try resource.incr(Self.lost)
            } catch is RedisError {
                // The lock's server is about to fail over.
                usleep(1_000)
            }
        }
    }

    func run() async throws {
        let (locks, resource) = (try locks[.main], try resource[.main])
        while isWanted {
            do {
                try await locks.withLock(Self.lock, for: lease, waiting: .seconds(120)) { [name] lock in
                    let holder = "\(name) \(lock.number)"
                    for _ in 0..<Self.writes {
                        try await resource.rpush(Self.plain, holder)
                        do throws(RedisError) {
                            try await resource.run(
                                .rpush(Self.fenced, holder), behind: RedisFence(Self.fenced, number: lock.number))
                        } catch {
                            guard error.code == .fenceRefused else { throw error }
                            try await resource.incr(Self.refused)
                        }
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                try await resource.incr(Self.released)
            } catch let error as RedisError where error.code == .lockLost {
                try await resource.incr(Self.lost)
            } catch is RedisError {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }
}
