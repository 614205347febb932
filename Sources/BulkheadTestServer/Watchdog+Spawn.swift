#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension Watchdog {
    /// Starts a program in a session of its own, with one end of a new socket as its standard input and output,
    /// no standard error, and default signals: a thread of Dispatch blocks them, and its children would inherit that.
    static func spawn(_ commandLine: [String]) throws(RedisTestServerError) -> (process: pid_t, channel: Int32) {
        let (ours, theirs) = try socketPair()
        defer { SystemCall.closeDescriptor(theirs) }

        var actions = Platform.spawnActions()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs, 0)
        posix_spawn_file_actions_adddup2(&actions, theirs, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)

        if !Platform.childClosesTheRest {
            for foreign in inheritableDescriptors() { posix_spawn_file_actions_addclose(&actions, foreign) }
        }

        var attributes = Platform.spawnAttributes()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Platform.spawnFlags)

        var arguments = commandLine.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, commandLine[0], &actions, &attributes, &arguments, Platform.environment)
        guard failure == 0 else {
            SystemCall.closeDescriptor(ours)
            throw RedisTestServerError(
                .systemFailure, "cannot start \(commandLine[0]): \(SystemCall.errorText(failure))")
        }
        return (process, ours)
    }

    /// What other code of this process forgot to make close-on-exec. A server that kept it would hold a port that
    /// its owner has closed, or hide from a peer that its owner is gone.
    private static func inheritableDescriptors() -> [Int32] {
        let most = sysconf(Int32(_SC_OPEN_MAX))
        return (3..<Int32(most > 3 ? min(most, 4096) : 4096)).filter { descriptor in
            let flags = fcntl(descriptor, F_GETFD)
            return flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    /// Two connected sockets that no other child of this process inherits.
    private static func socketPair() throws(RedisTestServerError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Platform.streamType, 0, &ends) == 0 else {
            throw .system("open a socket to guard a test server with")
        }
        let moved = ends.map { SystemCall.aboveStandard($0) }
        guard moved.allSatisfy({ $0 >= 0 }) else {
            moved.filter { $0 >= 0 }.forEach { SystemCall.closeDescriptor($0) }
            throw .system("open a socket to guard a test server with")
        }
        moved.forEach { Platform.prepare(socket: $0) }
        return (moved[0], moved[1])
    }
}
