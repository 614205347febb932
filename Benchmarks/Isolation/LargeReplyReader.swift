import BenchmarkSupport
import Bulkhead
import Dispatch
import Synchronization

/// Reads one list as a whole, over and over.
final class LargeReplyReader: Sendable {
    struct List: Sendable {
        let key: String
        let elements: Int

        /// Bytes of its reply: the count, and each element between its length and a line's end.
        var replySize: Int {
            let element = 1 + String(elementSize).utf8.count + 2 + elementSize + 2
            return 1 + String(elements).utf8.count + 2 + elements * element
        }
    }

    /// Bytes of one element of the list.
    static let elementSize = 1 << 20

    private let read = Atomic(0)
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let underWay = DispatchGroup()

    /// As a task of a service does, by the asynchronous database, beside whatever else asks it; starts at once.
    init(_ list: List, in database: RedisDatabase) {
        underWay.enter()
        Task.detached { [self] in
            do {
                while !isStopped.load(ordering: .relaxed) {
                    let elements = try await database.lrange(list.key, 0, -1, as: RESPBytes.self)
                    guard elements.count == list.elements, elements.allSatisfy({ $0.count == Self.elementSize }) else {
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

    /// By a socket that drops it, on a thread of its own: the least that reading it can cost; starts at once.
    init(_ list: List, by socket: consuming sending BareSocket) throws {
        underWay.enter()
        nonisolated(unsafe) let socket = socket
        let thread = DedicatedThread { [self] in
            do {
                while !isStopped.load(ordering: .relaxed) {
                    try socket.ask(
                        ["LRANGE", list.key, "0", "-1"], replySize: list.replySize, beginningWith: UInt8(ascii: "*"))
                    read.add(1, ordering: .relaxed)
                }
            } catch {
                failure.withLock { $0 = error }
            }
            underWay.leave()
        }
        guard let thread else { throw IsolationError("the system allows no further thread: end other programs") }
        self.thread.withLock { $0 = thread }
    }

    /// Kept to be joined.
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Whole replies so far.
    var replies: Int { read.load(ordering: .relaxed) }

    /// Ends with the reply under way, for which it blocks the calling thread; throws what ended it before.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        underWay.wait()
        thread.withLock { $0.take() }?.join()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
