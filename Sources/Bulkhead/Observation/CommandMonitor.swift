import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// Counts what one database's commands come to, and tells the observer if there is one.
///
/// Without an observer a command costs a clock reading and two additions that no lock guards.
///
/// `@unchecked Sendable`: the counters' memory is fixed, and each of them is atomic.
final class CommandMonitor: @unchecked Sendable {
    private let database: DatabaseName
    private let number: Int
    private let server: Endpoint
    private let observer: (any RedisObserver)?
    private let answered = Atomic(0)
    private let errors = Atomic(0)
    private let failures = Mutex<[RedisError.Code: Int]>([:])
    /// Two histograms, one behind the other: of the server's time, and of what callers asked to wait for.
    private let latencies: UnsafeMutablePointer<Atomic<Int>>
    private static let counters = 2 * RedisLatencies.bucketCount

    init(_ entry: DatabaseEntry, on server: Endpoint, _ observer: (any RedisObserver)?) {
        database = entry.name
        number = entry.number
        self.server = server
        self.observer = observer
        latencies = .allocate(capacity: Self.counters)
        for bucket in 0..<Self.counters { (latencies + bucket).initialize(to: Atomic(0)) }
    }

    deinit {
        latencies.deinitialize(count: Self.counters)
        latencies.deallocate()
    }

    /// The server has answered a command that was asked for at `start`; `hasWaited` if its caller asked it to wait.
    func answered(_ command: EncodedCommand, _ reply: RESPValue, since start: Moment, hasWaited: Bool = false) {
        let error = reply.errorMessage
        count(1, errors: error == nil ? 0 : 1, since: start, hasWaited)
        guard let observer else { return }
        tell(observer, command.label, 1, nil, error.map { RedisError(server: $0).code }, .answered, since: start)
    }

    private func answered(_ batch: RedisBatch, _ replies: [RESPValue], since start: Moment, _ hasWaited: Bool) {
        let errors = replies.lazy.compactMap(\.errorMessage)
        count(replies.count, errors: errors.reduce(0) { count, _ in count + 1 }, since: start, hasWaited)
        guard let observer else { return }
        let code = errors.first.map { RedisError(server: $0).code }
        tell(observer, Self.pipeline, replies.count, batch, code, .answered, since: start)
    }

    /// One or the other; the reply, or the failure as this floor's error.
    func ended(
        _ command: EncodedCommand, _ result: Result<RESPValue, ConnectionFailure>, since start: Moment,
        hasWaited: Bool = false
    ) throws(RedisError) -> RESPValue {
        switch result {
        case .success(let reply):
            answered(command, reply, since: start, hasWaited: hasWaited)
            return reply
        case .failure(let failure):
            let error = RedisError(failure)
            failed(command, error, since: start)
            throw error
        }
    }

    /// The same for a pipeline.
    func ended(
        pipelineOf batch: RedisBatch, _ result: Result<[RESPValue], ConnectionFailure>, since start: Moment,
        hasWaited: Bool = false
    ) throws(RedisError) -> [RESPValue] {
        switch result {
        case .success(let replies):
            answered(batch, replies, since: start, hasWaited)
            return replies
        case .failure(let failure):
            let error = RedisError(failure)
            failed(pipelineOf: batch, error, since: start)
            throw error
        }
    }

    /// A call that ended on this side before anything could be sent; its error, to be thrown.
    func refused(_ command: EncodedCommand, _ error: RedisError) -> RedisError {
        failed(command, error, since: .now)
        return error
    }

    /// The same for a pipeline.
    func refused(pipelineOf batch: RedisBatch, _ error: RedisError) -> RedisError {
        failed(pipelineOf: batch, error, since: .now)
        return error
    }

    /// The same for a wait for a connection of one's own, which has no command yet.
    func refusedLease(_ failure: ConnectionFailure, since start: Moment) -> RedisError {
        let error = RedisError(failure)
        failures.withLock { $0[error.code.label, default: 0] += 1 }
        if let observer { tell(observer, Self.lease, 0, nil, error.code, error.stage, since: start) }
        return error
    }

    private func failed(_ command: EncodedCommand, _ error: RedisError, since start: Moment) {
        failures.withLock { $0[error.code.label, default: 0] += 1 }
        guard let observer else { return }
        tell(observer, command.label, 1, nil, error.code, error.stage, since: start)
    }

    private func failed(pipelineOf batch: RedisBatch, _ error: RedisError, since start: Moment) {
        failures.withLock { $0[error.code.label, default: 0] += 1 }
        guard let observer else { return }
        tell(observer, Self.pipeline, batch.sent, batch, error.code, error.stage, since: start)
    }

    func snapshot() -> RedisSnapshot {
        var snapshot = RedisSnapshot()
        snapshot.answered = answered.load(ordering: .relaxed)
        snapshot.errors = errors.load(ordering: .relaxed)
        snapshot.failures = failures.withLock(\.self)
        let counts = (0..<Self.counters).map { latencies[$0].load(ordering: .relaxed) }
        snapshot.latencies = RedisLatencies(counts: Array(counts.prefix(RedisLatencies.bucketCount)))
        snapshot.waits = RedisLatencies(counts: Array(counts.suffix(RedisLatencies.bucketCount)))
        return snapshot
    }

    private static let pipeline = "PIPELINE"
    private static let lease = "LEASE"

    private func count(_ commands: Int, errors count: Int, since start: Moment, _ hasWaited: Bool) {
        answered.add(commands, ordering: .relaxed)
        if count > 0 { errors.add(count, ordering: .relaxed) }
        let histogram = hasWaited ? latencies + RedisLatencies.bucketCount : latencies
        histogram[RedisLatencies.bucket(of: start.nanosecondsAgo)].add(1, ordering: .relaxed)
    }

    private func tell(
        _ observer: any RedisObserver, _ label: String, _ count: Int, _ batch: RedisBatch?, _ code: RedisError.Code?,
        _ stage: RedisError.Stage, since start: Moment
    ) {
        observer.commandEnded(
            RedisCommandEvent(
                database: database, databaseNumber: number, server: server, command: label,
                pipelinedCommand: batch.flatMap { EncodedCommand.commonLabel(of: $0.bytes) }, commandCount: count,
                outcome: code.map { .failure($0.label) } ?? .success, stage: stage,
                duration: .nanoseconds(start.nanosecondsAgo)))
    }
}
