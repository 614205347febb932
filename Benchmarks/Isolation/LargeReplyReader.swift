import Bulkhead
import Dispatch
import Synchronization

/// Reads one list as a whole, over and over, as a task of a service would: by the asynchronous database, beside
/// whatever else asks it.
final class LargeReplyReader: Sendable {
    private let read = Atomic(0)
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let underWay = DispatchGroup()

    /// Bytes of one element of the list.
    static let elementSize = 1 << 20

    /// Starts reading at once.
    init(_ database: RedisDatabase, _ key: String, elements: Int) {
        underWay.enter()
        Task.detached { [self] in
            do {
                while !isStopped.load(ordering: .relaxed) {
                    let list = try await database.lrange(key, 0, -1, as: RESPBytes.self)
                    guard list.count == elements, list.allSatisfy({ $0.count == Self.elementSize }) else {
                        throw IsolationError("the large reply has other elements than were written")
                    }
                    read.add(1, ordering: .relaxed)
                }
            } catch {
                failure.withLock { $0 = error }
            }
            underWay.leave()
        }
    }

    /// Whole replies so far.
    var replies: Int { read.load(ordering: .relaxed) }

    /// Ends with the reply under way, for which it blocks the calling thread; throws what ended it before.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        underWay.wait()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
