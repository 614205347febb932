import Synchronization

/// Is notified by the poller, on its thread, where it must not wait for anybody.
protocol SocketWatcher: AnyObject, Sendable {
    /// The socket is ready, or has ended; once a watch. It may have been called off just now.
    func isOver(_ watch: Watch)
}

/// Who has deadlines.
protocol TimerTarget: AnyObject, Sendable {
    /// A moment that was asked for has come. It may come without reason: look what is due.
    func look(at now: Moment)
}

/// Waits for sockets and deadlines on behalf of all connections of the process, on one thread of its own, which nothing
/// that the program does can keep.
///
/// Not dispatch timers: they need a thread of Dispatch's pool, which blocks of the program may hold for seconds. Not
/// dispatch sources on Linux: Dispatch's event thread reads a source's memory after it has announced a hang-up, when a
/// worker may have released the source, and the process crashes (`BulkheadDispatchHangUps` shows it).
final class Poller: Sendable {
    static let shared = Poller()

    private struct State {
        var timers = TimerList<any TimerTarget>()
        /// Until when the thread sleeps, unless a socket is ready; the past if it is awake and looks before it sleeps.
        var sleepsUntil = Moment.past
    }

    private let sockets: any SocketQueue
    private let state = Mutex(State())
    private let isRunning = Atomic(false)

    init(_ sockets: any SocketQueue = systemSocketQueue()) { self.sockets = sockets }

    // MARK: Sockets

    /// Notifies `watcher`, which it keeps until then, once the socket is readable, or once it is writable.
    ///
    /// It does not keep the socket open: call the watch off before that is closed. If `mustWake`, call `wake` soon:
    /// apart from here, so that it can be done outside of locks, which the woken thread would wait for.
    func watch(
        _ descriptor: Int32, until kind: Readiness, for watcher: any SocketWatcher
    ) -> (watch: Watch, mustWake: Bool) {
        start()
        return sockets.add(descriptor, until: kind, watcher)
    }

    func wake() { sockets.wake() }

    func unwatch(_ watch: Watch) { sockets.remove(watch) }

    // MARK: Deadlines

    /// Has `target` look at `moment`, unless it has asked for an earlier look that is not over. It is kept until then.
    ///
    /// Call it outside of locks that the look takes.
    func look(at moment: Moment, for target: any TimerTarget) {
        if moment == .never { return }
        start()
        let mustWake = state.withLock { state in
            state.timers.add(target, as: ObjectIdentifier(target), at: moment)
            guard moment < state.sleepsUntil else { return false }
            state.sleepsUntil = .past
            return true
        }
        if mustWake { wake() }
    }

    /// Forgets what `target` asked for.
    func forget(_ target: any TimerTarget) {
        state.withLock { $0.timers.remove(ObjectIdentifier(target)) }
    }

    // MARK: The thread

    private func start() {
        if isRunning.load(ordering: .relaxed) || isRunning.exchange(true, ordering: .relaxed) { return }
        OwnThread.run { self.run() }
    }

    private func run() {
        var over: [(watch: Watch, watcher: any SocketWatcher)] = []
        var due: [any TimerTarget] = []
        while true {
            let now = Moment.now
            state.withLock { $0.timers.takeDue(at: now, into: &due) }
            for target in due { target.look(at: now) }
            due.removeAll(keepingCapacity: true)
            let end = state.withLock { state in
                state.sleepsUntil = state.timers.next
                return state.sleepsUntil
            }
            sockets.wait(milliseconds: end.millisecondsLeft, &over)
            state.withLock { $0.sleepsUntil = .past }
            for (watch, watcher) in over { watcher.isOver(watch) }
            over.removeAll(keepingCapacity: true)
        }
    }
}

/// What tells which sockets are ready; used by many threads, but for `wait`.
protocol SocketQueue: Sendable {
    /// Asks for one event on one socket. A second one of its kind on a socket takes the first one's place. If
    /// `mustWake`, the thread in `wait` does not know of it before it is woken.
    func add(_ descriptor: Int32, until kind: Readiness, _ watcher: any SocketWatcher) -> (watch: Watch, mustWake: Bool)
    /// Calls a watch off; one that is over already stays so.
    func remove(_ watch: Watch)
    /// Ends a `wait`, or the next one.
    func wake()
    /// Appends the watches that are over, once there are any; or returns when `milliseconds` have passed (negative: no
    /// limit), or by `wake`, or without reason.
    func wait(milliseconds: Int32, _ over: inout [(watch: Watch, watcher: any SocketWatcher)])
}

/// The system's best.
private func systemSocketQueue() -> any SocketQueue {
    #if os(Linux)
    return EpollQueue() ?? PollQueue()
    #elseif canImport(Darwin)
    return DispatchSocketQueue()
    #else
    return PollQueue()
    #endif
}
