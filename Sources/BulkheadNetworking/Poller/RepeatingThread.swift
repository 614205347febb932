import Dispatch

/// Does something again and again on a thread of its own, until it is stopped.
package final class RepeatingThread: Sendable {
    private let stopping = DispatchSemaphore(value: 0)

    /// `body` returns the pause before its next run; nil ends the thread.
    package init(_ body: @escaping @Sendable () -> Duration?) {
        OwnThread.run { [stopping] in
            while let pause = body() {
                // What is too long for a clock is waited for by pieces.
                let piece = min(max(.milliseconds(1), pause), .seconds(3600)).wholeNanoseconds
                if stopping.wait(timeout: .now() + .nanoseconds(Int(piece))) == .success { return }
            }
        }
    }

    /// Ends the thread: at once if it pauses, else after this run.
    package func stop() { stopping.signal() }
}
