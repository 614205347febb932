import Synchronization

/// Suspends the task for `duration`, by the poller's thread; false if the task was cancelled meanwhile.
///
/// Not `Task.sleep`, whose timer needs a thread of a pool that the program may hold.
package func sleepTask(for duration: Duration) async -> Bool {
    let sleep = TaskSleep()
    return await suspend { caller in
        sleep.begin(caller)
        Poller.shared.look(at: .now + duration, for: sleep)
    } onCancel: {
        sleep.end(wasCancelled: true)
        Poller.shared.forget(sleep)
    }
}

private final class TaskSleep: TimerTarget {
    private enum State {
        case awake
        case asleep(Suspended<Bool>)
        case cancelled
    }

    private let state = Mutex(State.awake)

    func begin(_ caller: Suspended<Bool>) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .asleep(caller)
            return false
        }
        if isCancelled { caller.resume(returning: false) }
    }

    func end(wasCancelled: Bool) {
        let sleeper: Suspended<Bool>? = state.withLock { state in
            defer { state = .cancelled }
            if case .asleep(let caller) = state { return caller }
            return nil
        }
        sleeper?.resume(returning: !wasCancelled)
    }

    func look(at now: Moment) { end(wasCancelled: false) }
}
