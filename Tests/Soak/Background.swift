import Bulkhead
import Synchronization

/// Subscribers, consumers and readers of caches: they run beside the callers. The first two end when all of those have.
final class Background: Sendable {
    private let tasks = Mutex<[Task<Void, Never>]>([])
    let broadcasts: [Broadcast]
    let queue = Queue()
    let cached = CachedReads()
    private let board: Scoreboard

    init(board: Scoreboard) {
        self.board = board
        broadcasts = Naming.names.map { Broadcast($0) }
    }

    /// How many have not come back.
    private let running = Atomic(0)
    var underWay: Int { running.load(ordering: .sequentiallyConsistent) }

    func start(_ databases: RedisDatabases, seed: UInt64) {
        for broadcast in broadcasts {
            run { tally in await broadcast.listen(databases, &tally) }
            runAsCaller { [board] tally in await broadcast.publish(databases, board, &tally) }
        }
        for (number, name) in Naming.names.enumerated() {
            runAsCaller { [board, cached] tally in
                await cached.read(databases, name, board, seed: seed ^ UInt64(number + 1) << 32, &tally)
            }
        }
        for number in 0..<Queue.consumers {
            run { [queue] tally in await queue.consume(databases, number, &tally) }
        }
    }

    /// It ends when the end is called.
    private func runAsCaller(_ body: @escaping @Sendable (inout Tally) async -> Void) {
        board.begin()
        Task { [board] in
            defer { board.end() }
            var tally = Tally()
            await body(&tally)
            board.take(&tally)
        }
    }

    private func run(_ body: @escaping @Sendable (inout Tally) async -> Void) {
        running.add(1, ordering: .sequentiallyConsistent)
        let task = Task { [self] in
            defer { running.subtract(1, ordering: .sequentiallyConsistent) }
            var tally = Tally()
            await body(&tally)
            board.take(&tally)
        }
        tasks.withLock { $0.append(task) }
    }

    /// True when every message that reached a subscriber was read, and every entry handled.
    func isDrained(_ databases: RedisDatabases) async -> Bool {
        guard broadcasts.allSatisfy(\.isDrained), let queue = try? databases[Queue.name] else { return false }
        return (try? await queue.xlen(Queue.stream)) == 0
    }

    func stop() { for task in tasks.withLock({ $0 }) { task.cancel() } }
}
