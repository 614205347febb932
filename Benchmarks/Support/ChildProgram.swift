#if canImport(Glibc)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Another program, run to its end.
package struct ChildProgram {
    /// What it printed on standard output.
    package let output: String
    package let exitCode: Int32
    /// Seconds of processor time of all its threads, from its start to its end.
    package let processorSeconds: Double
    /// Seconds from its start to its end.
    package let seconds: Double
    /// The most memory it had at once, in bytes (`ru_maxrss`); at least what this program had when it started it.
    package let peakBytes: Int

    /// Runs a command found on PATH or by its path, in this folder, with no input and, unless it is silenced, this
    /// program's standard error.
    ///
    /// Throws where it cannot be started. It belongs to this program's group: Ctrl-C ends both.
    package static func run(_ words: [String], silenced: Bool = false) throws -> ChildProgram {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ProgramError("cannot open a pipe: \(errorText(errno))") }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

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
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        if silenced { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }

        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let start = MonotonicClock.now()
        let failure = posix_spawnp(&process, words[0], &actions, nil, &arguments, environment)
        close(ends[1])
        guard failure == 0 else { throw ProgramError("cannot start \(words[0]): \(errorText(failure))") }

        let output = readToEnd(of: ends[0])
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
        let seconds = Double(MonotonicClock.now() - start) / 1e9
        // A signal's number stands in the lowest bits, an exit code above them.
        return ChildProgram(
            output: output, exitCode: status & 0x7f != 0 ? 128 + status & 0x7f : status >> 8 & 0xff,
            processorSeconds: ProcessorTime(usage).total, seconds: seconds,
            peakBytes: Int(usage.ru_maxrss) * unitOfMemory)
    }

    #if canImport(Darwin)
    private static let unitOfMemory = 1
    #else
    private static let unitOfMemory = 1_024
    #endif

    private static func readToEnd(of descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    private static func errorText(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
