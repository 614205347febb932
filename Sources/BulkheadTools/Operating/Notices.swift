import Synchronization

/// What is said on standard error from below the commands, where nobody has the call. A process runs one command.
///
/// No task-local value: with Swift 6.3.1 a release build crashed in `withValue`.
enum Notices {
    private static let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Has `say` called with what is said from here on; nil where nobody is to hear it.
    static func hear(by say: (@Sendable (String) -> Void)?) { listener.withLock { $0 = say } }

    static func say(_ text: String) {
        let say = listener.withLock { $0 }
        say?(text)
    }
}
