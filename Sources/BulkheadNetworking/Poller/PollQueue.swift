import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Sockets by `poll`, which every system has: a wake-up costs time in proportion to the sockets that are watched.
final class PollQueue: SocketQueue {
    private let list = Mutex(WatchList<any SocketWatcher>())
    /// A pipe's ends: a byte wakes the thread. Nil where no file may be opened; then it looks now and then.
    private let pipe = SystemCall.openPipe()

    /// Milliseconds between looks at what is watched, where there is no pipe.
    private static let pauseWithoutPipe: Int32 = 10
    /// Until the next attempt when the system cannot answer, for want of memory.
    private static let pauseAfterFailure = Duration.milliseconds(10)

    func add(
        _ descriptor: Int32, until kind: Readiness, _ watcher: any SocketWatcher
    ) -> (watch: Watch, mustWake: Bool) {
        list.withLock { $0.add(descriptor, until: kind, watcher) }
    }

    func remove(_ watch: Watch) { list.withLock { $0.remove(watch) } }

    func wake() {
        if let pipe { SystemCall.writeByte(to: pipe.write) }
    }

    func wait(milliseconds: Int32, _ over: inout [(watch: Watch, watcher: any SocketWatcher)]) {
        var sockets: [WatchList<any SocketWatcher>.Socket] = []
        list.withLock { $0.beginPoll(&sockets) }
        var polled = sockets.map { pollfd(fd: $0.descriptor, events: $0.readiness.pollEvents, revents: 0) }
        // A descriptor below zero is passed over.
        polled.append(pollfd(fd: pipe?.read ?? -1, events: Int16(POLLIN), revents: 0))
        let limit = pipe == nil ? Self.pauseWithoutPipe : Int32.max
        let timeout = milliseconds < 0 ? (limit == .max ? -1 : limit) : min(milliseconds, limit)
        if !SystemCall.wait(for: &polled, milliseconds: timeout) {
            // Nobody is left waiting: a watcher that is notified without reason looks, and comes back.
            sleepThread(for: Self.pauseAfterFailure)
            for index in sockets.indices { polled[index].revents = Int16(POLLERR) }
        }
        let ready = polled.dropLast().filter { $0.revents != 0 }.map {
            WatchList<any SocketWatcher>.Socket(descriptor: $0.fd, readiness: Readiness(pollEvents: $0.revents))
        }
        list.withLock { $0.endPoll(ready, &over) }
        // After `endPoll`: who adds a watch from then on relies on no byte.
        if let pipe, polled[polled.count - 1].revents != 0 { SystemCall.drain(pipe.read) }
    }
}
