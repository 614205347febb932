#if canImport(Glibc)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A program that runs beside this one, with pipes to its standard input and from its standard output. What it has to
/// complain about goes to this program's standard error.
final class ChildProgram {
    struct Failure: Error {
        let reason: String
    }

    private let process: pid_t
    let input: Descriptor
    let output: Descriptor

    /// Starts `words[0]`, which is looked for on PATH.
    init(_ words: [String]) throws(Failure) {
        let (theirInput, ourInput) = try Self.pipe()
        let (ourOutput, theirOutput) = try Self.pipe()
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirInput, 0)
        posix_spawn_file_actions_adddup2(&actions, theirOutput, 1)

        // This program ignores SIGPIPE; another one need not expect that.
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

        var arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, words[0], &actions, &attributes, &arguments, Self.environment)
        close(theirInput)
        close(theirOutput)
        guard failure == 0 else {
            close(ourInput)
            close(ourOutput)
            throw Failure(reason: "\(words[0]) cannot be started: \(String(cString: strerror(failure)))")
        }
        self.process = process
        input = Descriptor(number: ourInput, name: "to \(words[0])")
        output = Descriptor(number: ourOutput, name: "from \(words[0])")
    }

    /// Closes both pipes and waits for the end: its exit code, or 128 and the number of the signal that ended it.
    consuming func finish() -> Int32 {
        close(input.number)
        close(output.number)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }

    /// The end to read from and the end to write to; children inherit neither.
    private static func pipe() throws(Failure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
        let result = Glibc.pipe(&ends)
        #elseif canImport(Musl)
        let result = Musl.pipe(&ends)
        #elseif canImport(Darwin)
        let result = Darwin.pipe(&ends)
        #endif
        guard result == 0 else { throw Failure(reason: "no pipe can be opened: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        #if canImport(Darwin)
        _NSGetEnviron().pointee
        #else
        environ
        #endif
    }
}
