#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What changes while a test server lives: its process and its guard. Behind ``RedisTestServer/life``.
struct Life {
    let watchdog: Watchdog
    let program: String
    let socketPath: String
    /// The process, until it is reaped.
    private var process: pid_t?
    /// The log as it was at the stop, which removed the file.
    private var lastLog: String?

    /// How long a server may take to end when asked, before it is killed. Saving a test's data takes far less.
    private static let grace = Duration.seconds(5)
    /// As much of the log as is read into memory, in bytes.
    private static let logLimit = 1 << 20
    /// As many lines of the log as an error shows.
    private static let logLinesInErrors = 12

    init(watchdog: Watchdog, program: String, socketPath: String) {
        self.watchdog = watchdog
        self.program = program
        self.socketPath = socketPath
    }

    var isStopped: Bool { lastLog != nil }

    /// The process if it runs; one that ended by itself is reaped on the way.
    mutating func runningProcess() -> pid_t? {
        if process != nil, watchdog.serverHasEnded { _ = reap() }
        return process
    }

    /// Starts the server and waits until it answers. When it throws, no server runs.
    mutating func bringUp(within limit: Duration) throws(RedisTestServerError) {
        let deadline = ContinuousClock.now + limit
        let logBefore = SystemCall.size(of: logPath)
        process = try watchdog.start()
        while Readiness.ask(socketPath: socketPath, milliseconds: 50) == .notYet {
            if watchdog.serverHasEnded { throw endedAtStart(status: reap(), logBefore: logBefore) }
            if ContinuousClock.now >= deadline {
                kill()
                throw RedisTestServerError(
                    .startTimedOut,
                    "\(program) runs but did not answer within \(limit): raise Options(startTimeout:) "
                        + "if it has much to load, and read its log\(logTail(from: logBefore))")
            }
            _ = watchdog.waitForEnd(atMost: .milliseconds(2))
        }
    }

    /// What the server says it is, in its log, or by a run of its own where its configuration sends the log elsewhere.
    func identity() throws(RedisTestServerError) -> (flavour: RedisTestServer.Flavour, version: String) {
        if let identity = ServerBinary.identity(log: log()) { return identity }
        return ServerBinary.identity(line: try watchdog.version())
    }

    /// Kills the server and waits for its end.
    mutating func kill() {
        guard runningProcess() != nil else { return }
        try? watchdog.signal("KILL")
        _ = reap()
    }

    /// Asks the server to end and waits for it, with a limit behind which it is killed.
    mutating func end() {
        guard runningProcess() != nil else { return }
        Readiness.askToShutDown(socketPath: socketPath)
        try? watchdog.signal("TERM")
        // Behind TERM, so that a paused server does nothing else first.
        try? watchdog.signal("CONT")
        if watchdog.waitForEnd(atMost: Life.grace) { _ = reap() } else { kill() }
    }

    mutating func stop() {
        if isStopped { return }
        end()
        lastLog = log()
        watchdog.close()
    }

    func log() -> String {
        lastLog ?? SystemCall.tail(of: logPath, limit: Life.logLimit)
    }

    private var logPath: String { watchdog.folder + "/log" }

    private mutating func reap() -> Int {
        process = nil
        return (try? watchdog.reap()) ?? -1
    }

    private func endedAtStart(status: Int, logBefore: Int) -> RedisTestServerError {
        let end = status > 128 ? "was ended by signal \(status - 128)" : "ended with status \(status)"
        let tail = logTail(from: logBefore)
        if tail.contains("Address already in use") {
            return RedisTestServerError(
                .portTaken, "\(program) \(end), because another program holds its port: try again\(tail)")
        }
        return RedisTestServerError(
            .endedAtStart,
            "\(program) \(end) before it answered: correct Options(arguments:) or Options(binary:) by its log\(tail)")
    }

    /// The last lines of the log behind an offset, to stand at the end of a message.
    private func logTail(from offset: Int) -> String {
        let text = SystemCall.tail(of: logPath, from: offset, limit: 16_384)
        let lines = text.split(separator: "\n").suffix(Life.logLinesInErrors)
        return lines.isEmpty ? ", which is empty" : ":\n" + lines.joined(separator: "\n")
    }
}
