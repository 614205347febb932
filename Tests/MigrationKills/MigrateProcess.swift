import BulkheadBenchmarkSupport

#if canImport(Glibc)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A running `bulkhead`, which may be killed; what it says goes to a file.
final class MigrateProcess {
    private let process: pid_t
    private let log: String
    /// What waitpid said; nil while it has not been reaped.
    private var status: Int32?

    init(_ words: [String], log: String) throws(ProgramError) {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        let environment = _NSGetEnviron().pointee
        #else
        var actions = posix_spawn_file_actions_t()
        let environment = environ
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, words[0], &actions, nil, &arguments, environment)
        guard failure == 0 else {
            let reason = strerror(failure).map { String(cString: $0) } ?? "error \(failure)"
            throw ProgramError("cannot start \(words[0]): \(reason)")
        }
        self.process = process
        self.log = log
    }

    /// Kills it, unless it has ended by itself.
    func kill() { send(SIGKILL) }

    /// Has it stand still until it is told to go on.
    func pause() { send(SIGSTOP) }
    func goOn() { send(SIGCONT) }

    private func send(_ signal: Int32) {
        guard !hasEnded else { return }
        #if canImport(Darwin)
        Darwin.kill(process, signal)
        #elseif canImport(Musl)
        Musl.kill(process, signal)
        #else
        Glibc.kill(process, signal)
        #endif
    }

    /// Whether it has ended by itself.
    var hasEnded: Bool {
        reap(WNOHANG)
        return status != nil
    }

    /// Its exit code, or 128 and the signal that killed it.
    func wait() -> Int32 {
        while status == nil { reap(0) }
        let status = status ?? 0
        return status & 0x7f != 0 ? 128 + status & 0x7f : status >> 8 & 0xff
    }

    private func reap(_ options: Int32) {
        guard status == nil else { return }
        var status: Int32 = 0
        if waitpid(process, &status, options) == process { self.status = status }
    }

    /// What it said, at most the last of it.
    var said: String {
        let file = open(log, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = max(0, read(file, &bytes, bytes.count))
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
