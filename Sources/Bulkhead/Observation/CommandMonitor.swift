import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// Counts what one database's commands come to, and notifies the observer if there is one.
///
/// Without an observer a command costs a clock reading and two additions that no lock guards.
///
/// `@unchecked Sendable`: the counters' memory is fixed, and each of them is atomic.
final class CommandMonitor: @unchecked Sendable {
    private let database: DatabaseName
    private let number: Int
    private let server: Endpoint
    private let observer: (any RedisObserver)?
    /// Looked at for each command: an observer is copied for the question whether there is one.
    private let isObserved: Bool
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
        isObserved = observer != nil
        latencies = .allocate(capacity: Self.counters)
        for bucket in 0..<Self.counters { (latencies + bucket).initialize(to: Atomic(0)) }
    }

    deinit {
        latencies.deinitialize(count: Self.counters)
        latencies.deallocate()
    }

    /// The server has answered a request that was asked for at `start`.
    func answered<Sent: Request>(_ request: Sent, _ replies: Sent.Received, since start: Moment) {
        let error = count(replies, haveWaited: request.waits, since: start)
        if isObserved { notify(of: request, error, since: start) }
    }

    /// The same of a command that does not wait at the server; the command is made only for an observer.
    @inline(__always)
    func answered(_ reply: RESPValue, to command: @autoclosure () -> SingleCommand, since start: Moment) {
        let error = count(reply, haveWaited: false, since: start)
        if isObserved { notify(of: command(), error, since: start) }
    }

    /// Counts the replies, and returns the first error among them.
    private func count<Received: Replies>(_ replies: Received, haveWaited: Bool, since start: Moment) -> RESPBytes? {
        answered.add(replies.count, ordering: .relaxed)
        let error = replies.firstError
        if error != nil {
            var errorCount = 0
            replies.forEachReply { if $0.errorMessage != nil { errorCount += 1 } }
            errors.add(errorCount, ordering: .relaxed)
        }
        let histogram = haveWaited ? latencies + RedisLatencies.bucketCount : latencies
        histogram[RedisLatencies.bucket(of: start.nanosecondsAgo)].add(1, ordering: .relaxed)
        return error
    }

    @inline(never)
    private func notify(of request: some Request, _ error: RESPBytes?, since start: Moment) {
        guard let observer else { return }
        notify(observer, of: request, error.map { RedisError(server: $0).code }, .answered, since: start)
    }

    /// It was sent, or was to be, and nobody answered; the failure as this floor's error.
    func failed(_ request: some Request, _ failure: ConnectionFailure, since start: Moment) -> RedisError {
        let error = RedisError(failure)
        failed(request, error, since: start)
        return error
    }

    /// It ended on this side before anything could be sent; its error, to be thrown.
    func refused(_ request: some Request, _ error: RedisError) -> RedisError {
        failed(request, error, since: .now)
        return error
    }

    /// A wait for a connection of one's own, which has no command yet, gave none; the failure as this floor's error.
    func refusedLease(_ failure: ConnectionFailure, since start: Moment) -> RedisError {
        let error = RedisError(failure)
        failures.withLock { $0[error.code.label, default: 0] += 1 }
        if let observer { notify(observer, "LEASE", nil, 0, error.code, error.stage, since: start) }
        return error
    }

    private func failed(_ request: some Request, _ error: RedisError, since start: Moment) {
        failures.withLock { $0[error.code.label, default: 0] += 1 }
        if let observer { notify(observer, of: request, error.code, error.stage, since: start) }
    }

    func metrics() -> RedisMetrics {
        var metrics = RedisMetrics()
        metrics.answered = answered.load(ordering: .relaxed)
        metrics.errors = errors.load(ordering: .relaxed)
        metrics.failures = failures.withLock(\.self)
        let counts = (0..<Self.counters).map { latencies[$0].load(ordering: .relaxed) }
        metrics.latencies = RedisLatencies(counts: Array(counts.prefix(RedisLatencies.bucketCount)))
        metrics.waits = RedisLatencies(counts: Array(counts.suffix(RedisLatencies.bucketCount)))
        return metrics
    }

    private func notify(
        _ observer: any RedisObserver, of request: some Request, _ code: RedisError.Code?, _ stage: RedisError.Stage,
        since start: Moment
    ) {
        notify(observer, request.label, request.pipelinedLabel, request.sent, code, stage, since: start)
    }

    private func notify(
        _ observer: any RedisObserver, _ label: String, _ pipelined: String?, _ count: Int, _ code: RedisError.Code?,
        _ stage: RedisError.Stage, since start: Moment
    ) {
        observer.commandEnded(
            RedisCommandEvent(
                database: database, databaseNumber: number, server: server, command: label,
                pipelinedCommand: pipelined, commandCount: count,
                code: code?.label, stage: stage,
                duration: .nanoseconds(start.nanosecondsAgo)))
    }
}
