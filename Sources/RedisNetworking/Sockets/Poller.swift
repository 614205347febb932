import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Waits for sockets on behalf of all connections of the process, on one thread of its own.
///
/// Not dispatch sources: on Linux, Dispatch's event thread goes on using a source's memory after it has announced a
/// hang-up, while a worker may already take the source apart, which crashes the process or loses another's events. And
/// `poll`, as epoll cannot be imported: a wake-up costs time in proportion to the sockets that are watched, which are
/// those that nobody reads just now.
final class Poller: Sendable {
    static let shared = Poller()

    /// What a socket is watched for; its failure and its end are told in any case.
    enum Readiness {
        case readable
        case writable

        fileprivate var events: Int16 { Int16(self == .readable ? POLLIN : POLLOUT) }
    }

    private struct Watch {
        let descriptor: Int32
        let events: Int16
        let action: @Sendable (_ id: Int) -> Void
    }

    private struct State {
        var watches: [Int: Watch] = [:]
        var nextID = 0
        var isRunning = false
        /// The thread is in `poll`, or about to be, with what was watched by then.
        var isAsleep = false
        /// It has been told to look again.
        var isWoken = false
    }

    private let state = Mutex(State())
    /// A pipe's ends: a byte wakes the thread. Below zero where no file may be opened; then it looks now and then.
    private let wakeUps: (read: Int32, write: Int32)
    private static let millisecondsWithoutPipe: Int32 = 10

    private init() { wakeUps = SystemCall.openPipe() ?? (-1, -1) }

    /// Calls `action` once, on the poller's thread, when the socket is ready.
    ///
    /// It does not keep the socket open: call `unwatch` before that is closed.
    func watch(
        _ descriptor: Int32, until readiness: Readiness, _ action: @escaping @Sendable (_ id: Int) -> Void
    ) -> Int {
        let (id, starts, wakes) = state.withLock { state in
            state.nextID += 1
            state.watches[state.nextID] = Watch(descriptor: descriptor, events: readiness.events, action: action)
            let starts = !state.isRunning
            let wakes = state.isAsleep && !state.isWoken
            state.isRunning = true
            if wakes { state.isWoken = true }
            return (state.nextID, starts, wakes)
        }
        if starts { DispatchQueue(label: "bulkhead.poller").async { @Sendable in self.run() } }
        if wakes { SystemCall.writeByte(to: wakeUps.write) }
        return id
    }

    /// Its action is not called after this, unless it was about to be: so compare its `id`.
    func unwatch(_ id: Int) {
        _ = state.withLock { $0.watches.removeValue(forKey: id) }
    }

    private func run() {
        var polled: [pollfd] = []
        var ids: [Int] = []
        while true {
            polled.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
            polled.append(pollfd(fd: wakeUps.read, events: Int16(POLLIN), revents: 0))
            state.withLock { state in
                for (id, watch) in state.watches {
                    polled.append(pollfd(fd: watch.descriptor, events: watch.events, revents: 0))
                    ids.append(id)
                }
                state.isAsleep = true
                state.isWoken = false
            }
            _ = poll(&polled, nfds_t(polled.count), wakeUps.read < 0 ? Self.millisecondsWithoutPipe : -1)
            let ready = state.withLock { state in
                state.isAsleep = false
                var ready: [(id: Int, watch: Watch)] = []
                for (id, socket) in zip(ids, polled.dropFirst()) where socket.revents != 0 {
                    if let watch = state.watches.removeValue(forKey: id) { ready.append((id, watch)) }
                }
                return ready
            }
            if polled[0].revents != 0 { SystemCall.drain(wakeUps.read) }
            for (id, watch) in ready { watch.action(id) }
        }
    }
}
