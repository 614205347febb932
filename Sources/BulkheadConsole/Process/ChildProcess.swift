#if canImport(Glibc)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency package import Glibc
#elseif canImport(Musl)
@preconcurrency package import Musl
#elseif canImport(Darwin)
package import Darwin
#endif

/// Another program, started from this one. It belongs to this program's group: Ctrl-C ends both.
package final class ChildProcess {
    /// What a standard stream of the program is.
    package enum Stream: Sendable {
        /// This program's own.
        case inherited
        /// Nothing to read; what is written is dropped.
        case null
        /// A pipe whose other end is this program's.
        case pipe
        /// A new file, to write to.
        case file(String)
        /// For errors: where the output goes.
        case output
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How the program ended.
    package struct Ending {
        /// 128 and the number of the signal, if one ended it.
        package let exitCode: Int32
        package let usage: rusage
    }

    private let process: pid_t
    private var ending: Ending?
    /// This program's ends of pipes, until the program has ended.
    private var ends: [Int32: Int32] = [:]

    /// Starts `words[0]`, a path or a name to look for on PATH, with the others as its arguments.
    ///
    /// Throws where it cannot be started; nothing is left open then.
    package init(
        _ words: [String], input: Stream = .null, output: Stream = .inherited, errors: Stream = .inherited
    ) throws(Failure) {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var theirs: [Int32] = []
        defer { theirs.forEach { _ = close($0) } }
        for (number, stream) in [(0, input), (1, output), (2, errors)] as [(Int32, Stream)] {
            switch stream {
            case .inherited: break
            case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            case .file(let path):
                posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            case .output: posix_spawn_file_actions_adddup2(&actions, 1, number)
            case .pipe:
                guard let pipe = Self.newPipe() else {
                    ends.values.forEach { _ = close($0) }
                    throw Failure(description: "cannot open a pipe: \(Self.errorText(errno))")
                }
                let isInput = number == 0
                theirs.append(isInput ? pipe.reading : pipe.writing)
                ends[number] = isInput ? pipe.writing : pipe.reading
                posix_spawn_file_actions_adddup2(&actions, theirs[theirs.count - 1], number)
            }
        }

        // This program may ignore SIGPIPE; another one need not expect that.
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
        guard failure == 0 else {
            ends.values.forEach { _ = close($0) }
            throw Failure(description: "cannot start \(words[0]): \(Self.errorText(failure))")
        }
        self.process = process
    }

    /// The descriptor that writes to its input, if that is a pipe; it is open until `wait` is called.
    package var input: Int32 { ends[0] ?? -1 }

    /// The descriptor that reads its output, if that is a pipe; it is open until `wait` is called.
    package var output: Int32 { ends[1] ?? -1 }

    /// Its output to the end, if that is a pipe.
    package func readOutput() -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(output, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += block[..<count]
        }
    }

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Int32) {
        if !hasEnded { kill(process, signal) }
    }

    /// Whether it has ended.
    package var hasEnded: Bool {
        reap(WNOHANG)
        return ending != nil
    }

    /// Closes the pipes and waits for its end.
    @discardableResult
    package func wait() -> Ending {
        ends.values.forEach { _ = close($0) }
        ends = [:]
        while true {
            if let ending { return ending }
            reap(0)
        }
    }

    private func reap(_ options: Int32) {
        guard ending == nil else { return }
        var status: Int32 = 0
        var usage = rusage()
        let result = wait4(process, &status, options, &usage)
        // 0 means that it runs, and a signal may have come between; anything else nobody can wait for.
        if result == 0 || result < 0 && errno == EINTR { return }
        // A signal's number stands in the lowest bits, an exit code above them.
        let signal = status & 0x7f
        ending = Ending(exitCode: signal == 0 ? status >> 8 & 0xff : 128 + signal, usage: usage)
    }

    /// The two ends of a new pipe, which no other program inherits; nil if there can be none.
    private static func newPipe() -> (reading: Int32, writing: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func errorText(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }

    private static var environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        #if canImport(Darwin)
        _NSGetEnviron().pointee
        #else
        environ
        #endif
    }
}
