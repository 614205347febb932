/// `withTaskCancellationHandler`, on the caller's actor throughout.
///
/// That function's own closure runs on a thread of the tasks' pool, unless it is bound to an actor by name: a caller on
/// the main actor would wait for such a thread twice, which the program may hold for seconds.
func stayingCancellable<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async -> Result, onCancel: @Sendable () -> Void
) async -> Result {
    await withTaskCancellationHandler {
        // Binds this closure to the actor.
        _ = isolation
        return await body()
    } onCancel: {
        onCancel()
    }
}
