#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The owner's end of the guarding shell: makes the private folder, runs a server in it, and leaves nothing behind.
///
/// Not Sendable: ``RedisTestServer`` keeps it behind its mutex.
final class Watchdog {
    let folder: String
    /// The shell, a child of this process that only ``close()`` reaps; its number is also that of its group.
    private let shell: pid_t
    /// The socket whose end, by close or by death of this process, ends the shell.
    private let channel: Int32
    /// The FIFO that has no writer once the server is gone.
    private var alive: Int32 = -1
    private var hasFolder = false
    private var isClosed = false

    /// How long the shell may take for an answer that waits for nothing, a guard against hanging: an
    /// answer takes about a millisecond, and a machine under load some hundred times that.
    static let answerTimeout = Duration.seconds(30)

    /// Starts the shell and has it make the folder; nothing is left when it throws.
    init(folder: String, binary: String, commandLine: [String]) throws(RedisTestServerError) {
        self.folder = folder
        let guardLine = ["/bin/sh", "-c", Watchdog.script, "redis-test-server", folder, binary]
        (shell, channel) = try Watchdog.spawn(guardLine + commandLine)
        do throws(RedisTestServerError) {
            let answer = try receive(within: Watchdog.answerTimeout)
            guard answer == "made" else {
                throw RedisTestServerError(
                    .folderUnusable,
                    "cannot make the private folder \(folder): \(answer). Set TMPDIR to a folder "
                        + "that may be written, or pass one as Options(folderParent:)")
            }
            hasFolder = true
            let path = folder + "/alive"
            guard mkfifo(path, 0o600) == 0 else { throw RedisTestServerError.file("make the FIFO \(path)") }
            alive = SystemCall.retrying { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
            guard alive >= 0 else { throw RedisTestServerError.file("open the FIFO \(path)") }
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Starts the server's command line and returns its process.
    func start() throws(RedisTestServerError) -> pid_t {
        guard let process = pid_t(try ask("start")) else {
            throw RedisTestServerError(.systemFailure, "the shell that guards the server could not start a process")
        }
        return process
    }

    /// Sends TERM, KILL, STOP or CONT to a server that has not been reaped yet.
    func signal(_ name: String) throws(RedisTestServerError) { _ = try ask(name) }

    /// Waits for the server's end and returns its exit status: above 128, it is 128 and the signal's number.
    func reap() throws(RedisTestServerError) -> Int { Int(try ask("ended")) ?? -1 }

    /// The first line the program prints about itself.
    func version() throws(RedisTestServerError) -> String { try ask("version") }

    /// Whether the server has ended and waits to be reaped.
    var serverHasEnded: Bool {
        var byte: UInt8 = 0
        return SystemCall.retrying { read(alive, &byte, 1) } == 0
    }

    /// Waits for the server's end, at most so long; whether it came.
    func waitForEnd(atMost limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        while !serverHasEnded {
            if ContinuousClock.now >= deadline { return false }
            // In small steps, as not every system wakes the reader of a FIFO that lost its last writer.
            SystemCall.waitUntilReadable(alive, milliseconds: 10)
        }
        return true
    }

    /// Kills the server if it runs, removes the folder, and waits until all that is done. Idempotent.
    func close() {
        if isClosed { return }
        isClosed = true
        SystemCall.closeDescriptor(channel)
        // Not reaped yet, so that its number still stands for its group.
        var status = siginfo_t()
        _ = SystemCall.retrying { waitid(P_PID, id_t(shell), &status, WEXITED | WNOWAIT) }
        // The shell did this itself, unless something ended it first.
        _ = kill(-shell, SIGKILL)
        if hasFolder, access(folder, F_OK) == 0 { removeFolder() }
        _ = SystemCall.retrying { waitpid(shell, nil, 0) }
        if alive >= 0 { SystemCall.closeDescriptor(alive) }
    }

    /// For a shell that was killed before it could do it.
    private func removeFolder() {
        guard let remover = try? Watchdog.spawn(["/bin/rm", "-rf", folder]) else { return }
        _ = SystemCall.retrying { waitpid(remover.process, nil, 0) }
        SystemCall.closeDescriptor(remover.channel)
    }

    /// Asks the shell for one answer.
    private func ask(_ command: String) throws(RedisTestServerError) -> String {
        let line = Array((command + "\n").utf8)
        let sent = SystemCall.retrying { send(channel, line, line.count, Platform.sendFlags) }
        guard sent == line.count else { throw Watchdog.lost }
        return try receive(within: Watchdog.answerTimeout)
    }

    /// One line of the shell's.
    private func receive(within limit: Duration) throws(RedisTestServerError) -> String {
        let deadline = ContinuousClock.now + limit
        var line: [UInt8] = []
        while true {
            SystemCall.waitUntilReadable(channel, milliseconds: 100)
            var chunk = [UInt8](repeating: 0, count: 512)
            let count = SystemCall.retrying { recv(channel, &chunk, chunk.count, Platform.receiveFlags) }
            if count > 0 {
                line += chunk[..<count]
                if line.last == UInt8(ascii: "\n") { return String(decoding: line.dropLast(), as: UTF8.self) }
            } else if count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || ContinuousClock.now >= deadline {
                throw Watchdog.lost
            }
        }
    }

    private static var lost: RedisTestServerError {
        RedisTestServerError(
            .systemFailure,
            "the shell that guards the test server ended or stays silent: something killed it or it "
                + "could not run, so stop this server and start another one")
    }
}

extension RedisTestServerError {
    /// A file of the private folder that could not be made, with the text of errno.
    fileprivate static func file(_ action: String) -> RedisTestServerError {
        RedisTestServerError(.folderUnusable, "cannot \(action): \(SystemCall.errorText())")
    }
}
