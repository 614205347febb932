import Bulkhead

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Takes the lock, and writes who it is to two lists while it holds it, to one of them behind a fence. A worker that
/// blocks never asks whether it holds the lock; the task of one that does not block is cancelled.
enum LockWork {
    private static let lock = "job"
    private static let fenced = "fenced"
    private static let writes = 10

    static func runBlocking(_ worker: Worker) throws {
        let (locks, resource) = (try worker.locks.blocking(.main), try worker.resource.blocking(.main))
        while worker.isWanted {
            do {
                try locks.withLock(lock, lease: worker.lease, waiting: .seconds(120)) { lock in
                    let holder = "\(worker.name) \(lock.number)"
                    for _ in 0..<writes {
                        try resource.rpush(Worker.journal, holder)
                        do throws(RedisError) {
                            try resource.run(.rpush(fenced, holder), behind: RedisFence(fenced, number: lock.number))
                        } catch {
                            guard error.code == .fenceRefused else { throw error }
                            try resource.incr(Worker.refused)
                        }
                        usleep(2_000)
                    }
                }
                try resource.incr(Worker.released)
            } catch let error as RedisError {
                try worker.countBlocking(error)
            }
        }
    }

    static func run(_ worker: Worker) async throws {
        let (locks, resource) = (try worker.locks[.main], try worker.resource[.main])
        while worker.isWanted {
            do {
                try await locks.withLock(lock, lease: worker.lease, waiting: .seconds(120)) { lock in
                    let holder = "\(worker.name) \(lock.number)"
                    for _ in 0..<writes {
                        try await resource.rpush(Worker.journal, holder)
                        do throws(RedisError) {
                            try await resource.run(
                                .rpush(fenced, holder), behind: RedisFence(fenced, number: lock.number))
                        } catch {
                            guard error.code == .fenceRefused else { throw error }
                            try await resource.incr(Worker.refused)
                        }
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                try await resource.incr(Worker.released)
            } catch let error as RedisError {
                try await worker.count(error)
            }
        }
    }

    /// Prints what was found; true if nobody who was overtaken wrote behind the fence.
    static func judge(_ resource: BlockingRedisDatabase) throws -> Bool {
        let plain = try resource.lrange(Worker.journal, from: 0, through: -1)
        let fenced = try resource.lrange(fenced, from: 0, through: -1)
        func count(_ key: String) throws -> Int { try resource.get(key, as: Int.self) ?? 0 }
        print(
            "\(plain.count) writes by \(Set(plain).count) holders; \(try count(Worker.released)) locks released, "
                + "\(try count(Worker.lost)) lost; \(try count(Worker.refused)) writes refused by the fence")
        print("writes of a holder that was overtaken, without the fence: \(overtaken(plain))")
        let violations = overtaken(fenced)
        print("writes of a holder that was overtaken, behind the fence: \(violations)")
        print(violations == 0 ? "The fence held." : "THE FENCE DID NOT HOLD.")
        return violations == 0
    }

    /// Writes by a holder after another one has written that came later.
    private static func overtaken(_ writes: [String]) -> Int {
        var (finished, current, count): (Set<String>, String?, Int) = ([], nil, 0)
        for write in writes {
            if finished.contains(write) {
                count += 1
            } else if write != current {
                if let current { finished.insert(current) }
                current = write
            }
        }
        return count
    }
}
