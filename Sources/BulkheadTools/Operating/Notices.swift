/// What is said on standard error from below the commands, where nobody has the call.
enum Notices {
    /// Says something to whoever waits; nil where nobody is to hear it.
    @TaskLocal static var say: (@Sendable (String) -> Void)?
}
