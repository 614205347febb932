import BenchmarkSupport
import Bulkhead
import Synchronization

/// Scans and decodes all vectors of a database over and over, as fast as it can, on a thread of its own.
///
/// It goes through the blocking database: the threads that all tasks share stay free for what is measured.
final class VectorScanner: Sendable {
    private let database: BlockingRedisDatabase
    private let pattern: String
    private let count: Int
    private let dimensions: Int

    private let fetched = Atomic(0)
    private let isStopped = Atomic(false)
    private let failure = Mutex<(any Error)?>(nil)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Starts scanning at once.
    init(_ database: BlockingRedisDatabase, _ content: IsolationContent, _ settings: IsolationSettings) throws {
        self.database = database
        pattern = content.vectorPattern
        count = settings.count
        dimensions = settings.dimensions
        guard let started = DedicatedThread({ [self] in scan() }) else {
            throw IsolationError("the system allows no further thread for the scan: end other programs")
        }
        thread.withLock { $0 = started }
    }

    /// Vectors fetched and decoded so far.
    var vectors: Int { fetched.load(ordering: .relaxed) }

    /// Ends the scan after the page under way; throws what ended it before.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private func scan() {
        // On few cores the scan would take its time from the GETs on this side too, which is not what is asked.
        _ = ThreadScheduling.giveWay()
        do {
            while !isStopped.load(ordering: .relaxed) { try scanOnce() }
        } catch {
            failure.withLock { $0 = error }
        }
    }

    /// All pages once; the server's keyspace from one end to the other.
    private func scanOnce() throws {
        var cursor: RedisScanCursor? = .start
        while let position = cursor, !isStopped.load(ordering: .relaxed) {
            let page = try database.scanPage(position, match: pattern, count: count)
            cursor = page.cursor
            let commands: [RedisCommand<[RESPValue?]>] = page.elements.map {
                .hmget($0, IsolationContent.vectorFields, as: RESPValue.self)
            }
            for result in try database.pipeline(commands) { try decode(try result.get()) }
        }
    }

    /// Reads the four fields as their types; what does not fit is an error, so the work cannot be optimised away.
    private func decode(_ fields: [RESPValue?]) throws {
        guard fields.count == IsolationContent.vectorFields.count, let id = fields[0], let documentID = fields[1],
            let text = fields[2], let packed = fields[3]
        else { throw IsolationError("a scanned vector lacks a field: did something else change it meanwhile?") }
        let words = try [String(redis: id), String(redis: documentID), String(redis: text)]
        let vector = try [Float](redis: packed)
        guard vector.count == dimensions, words.allSatisfy({ !$0.isEmpty }) else {
            throw IsolationError("a scanned vector has \(vector.count) dimensions instead of \(dimensions)")
        }
        fetched.add(1, ordering: .relaxed)
    }
}
