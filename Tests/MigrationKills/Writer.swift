import Bulkhead
import BulkheadBenchmarkSupport
import Synchronization

/// Writes to one key in a hundred of the source, over and over, and remembers what was acknowledged.
final class Writer: Sendable {
    private let isOver = Atomic(false)
    private let acknowledged = Mutex<[(key: Int, token: String)]>([])
    private let thread: DedicatedThread?

    /// Nanoseconds between two writes.
    private static let pause: Int64 = 300_000

    /// What a token begins with; a base begins otherwise.
    static let mark: Character = "w"

    init(_ keys: Keys, _ database: BlockingRedisDatabase, _ random: SeededGenerator) {
        let shared = Handle()
        thread = DedicatedThread {
            var random = random
            guard let writer = shared.wait() else { return }
            let chosen = (0..<max(1, keys.count / 100)).map { _ in Int.random(in: 0..<keys.count, using: &random) }
            var number = 0
            while !writer.isOver.load(ordering: .relaxed) {
                let key = chosen[number % chosen.count]
                let token = "\(Writer.mark)\(number)"
                number += 1
                do {
                    let reply = try database.run(keys.command(adding: token, to: key))
                    if reply.errorMessage == nil { writer.acknowledged.withLock { $0.append((key, token)) } }
                } catch {
                    // The server is away; this write is one that nobody was promised.
                }
                MonotonicClock.sleep(until: MonotonicClock.now() + Self.pause)
            }
        }
        shared.set(self)
    }

    /// Ends it; every write that was acknowledged.
    func stop() -> [(key: Int, token: String)] {
        isOver.store(true, ordering: .relaxed)
        thread?.join()
        return acknowledged.withLock { $0 }
    }

    /// The thread starts before the writer is made.
    private final class Handle: Sendable {
        private let writer = Mutex<Writer?>(nil)
        private let isSet = Atomic(false)

        func set(_ writer: Writer) {
            self.writer.withLock { $0 = writer }
            isSet.store(true, ordering: .releasing)
        }

        func wait() -> Writer? {
            while !isSet.load(ordering: .acquiring) { MonotonicClock.sleep(until: MonotonicClock.now() + 10_000) }
            return writer.withLock { writer in
                defer { writer = nil }
                return writer
            }
        }
    }
}
