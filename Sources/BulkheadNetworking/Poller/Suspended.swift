import Synchronization

/// A caller that waits; resumed exactly once, outside of locks.
enum Suspended<Value: Sendable>: Sendable {
    /// On the threads of the tasks' pool.
    case inPool(UnsafeContinuation<Value, Never>)
    /// On an actor.
    case onActor(Gate<Value>)

    func resume(returning value: Value) {
        switch self {
        case .inPool(let continuation): continuation.resume(returning: value)
        case .onActor(let gate): gate.open(value)
        }
    }
}

/// The task of a suspended caller, which others may ask whether it was cancelled: it lives for as long as it waits.
///
/// The reference to it is kept as a pointer. Swift's own type for it has no size that the compiler may rely on, and
/// what holds one would be laid out at run time, at three times the cost of a call.
///
/// Swift 6.4 has shields that hide a cancellation from the task itself. They do not hide it here.
///
/// `@unchecked Sendable`: `isCancelled` of a task that is not the current one may be asked on any thread.
struct CallersTask: @unchecked Sendable {
    private let task: UnsafeRawPointer

    var isCancelled: Bool {
        // Read where it stands: a copy of a type whose size is not known costs more than the question.
        withUnsafePointer(to: task) {
            $0.withMemoryRebound(to: UnsafeCurrentTask.self, capacity: 1) { $0.pointee.isCancelled }
        }
    }

    /// False where a reference to a task is more than a pointer, as none has been so far: then callers need a handler.
    static let isSupported = MemoryLayout<UnsafeCurrentTask?>.size == MemoryLayout<UnsafeRawPointer?>.size

    /// The task that runs: there is one in every asynchronous function.
    @inline(__always)
    static var current: CallersTask {
        withUnsafeCurrentTask { CallersTask(task: unsafeBitCast($0, to: UnsafeRawPointer?.self)!) }
    }
}

/// Suspends the caller, whom `body` hands on to those who have to resume it.
///
/// `isolation` is a plain parameter: the compiler goes back to the caller's actor behind each call of a function that
/// has an isolated one.
@inline(__always)
func suspend<Value>(
    on isolation: (any Actor)? = #isolation, _ body: (Suspended<Value>) -> Void
) async -> Value {
    if isolation == nil { return await withUnsafeContinuation(isolation: nil) { body(.inPool($0)) } }
    let gate = Gate<Value>()
    body(.onActor(gate))
    return await gate.pass()
}

/// The same, with what a cancelled task is to do, on any thread: at once if it is cancelled already, before `body`.
@inline(__always)
func suspend<Value>(
    on isolation: (any Actor)? = #isolation, _ body: (Suspended<Value>) -> Void, onCancel: @Sendable () -> Void
) async -> Value {
    guard isolation == nil else { return await suspendOnActor(body, onCancel: onCancel) }
    return await withTaskCancellationHandler(
        operation: { await withUnsafeContinuation(isolation: nil) { body(.inPool($0)) } },
        onCancel: { onCancel() }, isolation: nil)
}

@inline(never)
private func suspendOnActor<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (Suspended<Value>) -> Void,
    onCancel: @Sendable () -> Void
) async -> Value {
    let gate = Gate<Value>()
    return await withTaskCancellationHandler {
        // Binds this closure to the actor: else it would go through the tasks' pool too.
        _ = isolation
        body(.onActor(gate))
        return await gate.pass()
    } onCancel: {
        onCancel()
    }
}

/// Where an actor's caller waits without needing a thread of the tasks' pool.
///
/// A continuation is resumed on a thread of that pool first, whatever actor it then goes on to; and the program may
/// hold all of them for seconds. So the caller goes through an actor instead whose executor keeps it until the gate
/// opens: whoever opens it runs that short way, and from there the caller goes directly to its own actor.
actor Gate<Value: Sendable>: SerialExecutor {
    private struct State {
        var job: UnownedJob?
        var value: Value?
    }

    private let state = Mutex(State())

    nonisolated var unownedExecutor: UnownedSerialExecutor { asUnownedSerialExecutor() }

    /// Waits until the gate is open.
    nonisolated func pass() async -> Value {
        if let value = state.withLock({ $0.value }) { return value }
        return await value()
    }

    nonisolated func open(_ value: Value) {
        let job = state.withLock { state in
            state.value = value
            return state.job.take()
        }
        job?.runSynchronously(on: unownedExecutor)
    }

    /// The caller has come to the gate.
    nonisolated func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isOpen = state.withLock { state in
            state.job = job
            return state.value != nil
        }
        // It opened before the caller came. The caller's thread is still in the middle of the hop here, so the poller's
        // runs the job.
        if isOpen { Poller.shared.look(at: .past, for: self) }
    }

    private func value() -> Value { state.withLock { $0.value! } }
}

extension Gate: TimerTarget {
    nonisolated func look(at now: Moment) {
        state.withLock { $0.job.take() }?.runSynchronously(on: unownedExecutor)
    }
}
