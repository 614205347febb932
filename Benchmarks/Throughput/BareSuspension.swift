import Synchronization

/// A yardstick: tasks that wait by a continuation and do nothing else. One more task resumes those that wait, lets them
/// run, and looks again, as an I/O task does with callers. A request that suspends a task for itself costs no less.
private final class SuspendedCallers: Sendable {
    private struct State {
        var waiting: [UnsafeContinuation<Void, Never>] = []
        /// The task that resumes them, while nobody waits.
        var resumer: UnsafeContinuation<Void, Never>?
        var isOver = false
    }

    private let state = Mutex(State())

    func wait() async {
        await withUnsafeContinuation { caller in
            let resumer = state.withLock { state in
                state.waiting.append(caller)
                return state.resumer.take()
            }
            resumer?.resume()
        }
    }

    /// The same, with a handler for a cancelled task, as most clients have one for each call.
    func waitCancellably() async {
        await withTaskCancellationHandler {
            await wait()
        } onCancel: {
            end()
        }
    }

    func end() {
        let resumer = state.withLock { state in
            state.isOver = true
            return state.resumer.take()
        }
        resumer?.resume()
    }

    func resumeUntilOver() async {
        var resumed: [UnsafeContinuation<Void, Never>] = []
        while true {
            resumed.removeAll(keepingCapacity: true)
            let isOver = state.withLock { state in
                swap(&state.waiting, &resumed)
                return state.isOver
            }
            for caller in resumed { caller.resume() }
            if !resumed.isEmpty { await Task.yield() } else if isOver { return } else { await rest() }
        }
    }

    private func rest() async {
        await withUnsafeContinuation { resumer in
            let hasWork = state.withLock { state in
                let hasWork = !state.waiting.isEmpty || state.isOver
                if !hasWork { state.resumer = resumer }
                return hasWork
            }
            if hasWork { resumer.resume() }
        }
    }
}

extension Load {
    func runSuspending(isCancellable: Bool) async -> Samples {
        let callers = SuspendedCallers()
        let resumer = Task.detached { await callers.resumeUntilOver() }
        let samples = await withTaskGroup(of: [Int64].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var recorder = Recorder(turns: turns)
                    for _ in 0..<turns {
                        if isCancellable { await callers.waitCancellably() } else { await callers.wait() }
                        recorder.endTurn()
                    }
                    return recorder.samples
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        callers.end()
        await resumer.value
        return samples
    }
}
