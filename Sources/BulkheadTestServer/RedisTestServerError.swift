/// Why a test server could not be started, or could not do what was asked: what is wrong, where, and what to do.
public struct RedisTestServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure, to be compared; more may come.
    public struct Code: Sendable, Hashable {
        /// The stable name, in kebab case.
        public let name: String

        /// There is no such program, or none on PATH.
        public static let serverNotFound = Code(name: "server-not-found")
        /// An option that cannot work, such as an argument that moves the server to another address.
        public static let invalidOption = Code(name: "invalid-option")
        /// The private folder, or a file in it, could not be made.
        public static let folderUnusable = Code(name: "folder-unusable")
        /// The server ended before it answered.
        public static let endedAtStart = Code(name: "ended-at-start")
        /// The server ended before it answered, because another program holds its port.
        public static let portTaken = Code(name: "port-taken")
        /// The server has not what was asked for, such as numbered databases in a cluster.
        public static let notOffered = Code(name: "not-offered")
        /// The server runs, and does not answer in time.
        public static let startTimedOut = Code(name: "start-timed-out")
        /// What was asked needs a running server.
        public static let notRunning = Code(name: "not-running")
        /// The operating system refused a process or a socket, or ended the shell that guards the server.
        public static let systemFailure = Code(name: "system-failure")
    }

    /// What went wrong, to match on.
    public let code: Code
    /// What happened and what to do; with the last lines of the server's log where they tell the cause.
    public let message: String

    public var description: String { "\(message) (\(code.name))" }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A failed system call, with the text of errno, which must not have changed since.
    static func system(_ action: String) -> RedisTestServerError {
        RedisTestServerError(.systemFailure, "cannot \(action): \(SystemCall.errorText())")
    }
}
