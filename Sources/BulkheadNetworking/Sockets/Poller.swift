import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Who is told by the poller.
protocol SocketWatcher: AnyObject, Sendable {
    /// The socket is ready, or has ended; once a watch, on the poller's thread. It may have been called off just now.
    func isOver(_ watch: Watch)
}

/// Waits for sockets on behalf of all connections of the process, on one thread of its own.
///
/// Not dispatch sources: on Linux, Dispatch's event thread goes on using a source's memory after it has announced a
/// hang-up, while a worker may already take the source apart, which crashes the process or loses another's events. And
/// `poll`, as epoll cannot be imported: a wake-up costs time in proportion to the sockets that are watched, which are
/// those that nobody reads just now.
final class Poller: Sendable {
    static let shared = Poller()

    private struct State {
        var list = WatchList<any SocketWatcher>()
        var isRunning = false
    }

    private let state = Mutex(State())
    /// A pipe's ends: a byte wakes the thread. Nil where no file may be opened; then it looks now and then.
    private let pipe: (read: Int32, write: Int32)?

    /// Milliseconds between looks at what is watched, where there is no pipe.
    private static let pauseWithoutPipe: Int32 = 10
    /// Until the next attempt when the system cannot answer, for want of memory.
    private static let pauseAfterFailure = Duration.milliseconds(10)

    init() { pipe = SystemCall.openPipe() }

    /// Tells `watcher`, which it keeps until then, once the socket is readable, or once it is writable.
    ///
    /// It does not keep the socket open: call the watch off before that is closed. If `mustWake`, call `wake` soon:
    /// apart from here, so that it can be done outside of locks, which the woken thread would wait for.
    func watch(
        _ descriptor: Int32, until kind: Readiness, for watcher: any SocketWatcher
    ) -> (watch: Watch, mustWake: Bool) {
        let (added, starts) = state.withLock { state in
            defer { state.isRunning = true }
            return (state.list.add(descriptor, until: kind, watcher), !state.isRunning)
        }
        if starts { DispatchQueue(label: "bulkhead.poller").async { @Sendable in self.run() } }
        return added
    }

    func wake() {
        if let pipe { SystemCall.writeByte(to: pipe.write) }
    }

    func unwatch(_ watch: Watch) {
        state.withLock { $0.list.remove(watch) }
    }

    private func run() {
        var sockets: [WatchList<any SocketWatcher>.Socket] = []
        var polled: [pollfd] = []
        var over: [(watch: Watch, watcher: any SocketWatcher)] = []
        while true {
            state.withLock { $0.list.beginPoll(&sockets) }
            polled.removeAll(keepingCapacity: true)
            for socket in sockets {
                polled.append(pollfd(fd: socket.descriptor, events: socket.readiness.events, revents: 0))
            }
            // A descriptor below zero is passed over.
            polled.append(pollfd(fd: pipe?.read ?? -1, events: Int16(POLLIN), revents: 0))
            if !SystemCall.wait(for: &polled, milliseconds: pipe == nil ? Self.pauseWithoutPipe : -1) {
                // Nobody is left waiting: who is told without reason looks, and comes back.
                sleepThread(for: Self.pauseAfterFailure)
                for index in sockets.indices { polled[index].revents = Int16(POLLERR) }
            }
            var ready = 0
            for index in sockets.indices where polled[index].revents != 0 {
                let socket = polled[index]
                sockets[ready] = .init(descriptor: socket.fd, readiness: Readiness(socket.revents))
                ready += 1
            }
            sockets.removeLast(sockets.count - ready)
            state.withLock { $0.list.endPoll(sockets, &over) }
            // After `endPoll`: who adds a watch from then on relies on no byte.
            if let pipe, polled[polled.count - 1].revents != 0 { SystemCall.drain(pipe.read) }
            for (watch, watcher) in over { watcher.isOver(watch) }
            over.removeAll(keepingCapacity: true)
        }
    }
}

extension Readiness {
    fileprivate var events: Int16 {
        Int16((contains(.readable) ? POLLIN : 0) | (contains(.writable) ? POLLOUT : 0))
    }

    fileprivate init(_ events: Int16) {
        let events = Int32(events)
        if events & ~(POLLIN | POLLOUT) != 0 {
            self = .all
        } else {
            self = []
            if events & POLLIN != 0 { insert(.readable) }
            if events & POLLOUT != 0 { insert(.writable) }
        }
    }
}
