import Bulkhead
import Synchronization

extension Interruption {
    /// From the signal until waits are ended: a step that goes on is over by then.
    static let timeOfStep = Duration.seconds(2)
    /// From then on until nobody waits for the work any more.
    static let timeOfEnd = Duration.seconds(2)

    /// Runs the work of a command, and ends it soon after a signal has asked for that, whatever it waits for.
    ///
    /// ```
    /// signal   the work ends at its next safe place, where it asks `isRequested`
    /// 2 s      its task is cancelled: each call that waits for a server fails with `cancelled`
    /// 4 s      it is given up: what it waits for knows no end, such as a file of a machine that is away
    /// ```
    static func bounding(
        _ program: String, _ work: @escaping @Sendable () async throws(ProgramFailure) -> ExitCode
    ) async throws(ProgramFailure) -> ExitCode {
        typealias Waiting = CheckedContinuation<Result<ExitCode, ProgramFailure>, Never>
        let result = await withCheckedContinuation { (continuation: Waiting) in
            let ending = Ending(continuation)
            let task = Task { ending.come(await Result.of(work)) }
            Task {
                while !isRequested {
                    if ending.hasCome { return }
                    try? await Task.sleep(for: interval)
                }
                if await ending.comes(within: timeOfStep) { return }
                task.cancel()
                if await ending.comes(within: timeOfEnd) { return }
                let words = "stopped while it waited for what does not answer; what was done until then stays"
                ending.come(.failure(ProgramFailure(.failed, "\(program): \(words)")))
            }
        }
        return try result.get()
    }

    private static let interval = Duration.milliseconds(50)

    /// What the work comes to; the first result counts.
    private final class Ending: Sendable {
        private let waiting: Mutex<CheckedContinuation<Result<ExitCode, ProgramFailure>, Never>?>

        init(_ continuation: CheckedContinuation<Result<ExitCode, ProgramFailure>, Never>) {
            waiting = Mutex(continuation)
        }

        var hasCome: Bool { waiting.withLock { $0 == nil } }

        func come(_ result: Result<ExitCode, ProgramFailure>) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(returning: result)
        }

        func comes(within time: Duration) async -> Bool {
            let end = ContinuousClock.now + time
            while !hasCome, ContinuousClock.now < end { try? await Task.sleep(for: Interruption.interval) }
            return hasCome
        }
    }
}

extension RedisDatabases {
    /// Closes the connections; does not wait for a server where somebody waits for the end.
    func end() async { await close(grace: Interruption.isRequested ? .zero : .seconds(5)) }
}

extension RedisError {
    /// The wait for a server was ended, because somebody asked this process to stop.
    var isOfInterruption: Bool { code == .cancelled && Interruption.isRequested }

    var wordsOfInterruption: String {
        let place = database.map { " of \($0)" } ?? ""
        return "it was asked to stop, and the server\(place) has not answered\(command.map { " \($0)" } ?? "")"
    }
}
