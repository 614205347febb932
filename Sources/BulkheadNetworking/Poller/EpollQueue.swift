#if os(Linux)
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Sockets by epoll: a wake-up costs time in proportion to the sockets that are ready, and a watch needs no wake-up.
///
/// Swift's module of the C library leaves epoll out, so its functions are looked up by name; where they are not found,
/// as in a wholly static program, `PollQueue` does the same at another cost.
///
/// Each socket is registered for one event at a time (EPOLLONESHOT), with the number of its latest watch: an event
/// that was for an earlier one, perhaps of a closed socket of the same descriptor, reaches nobody. If the socket is
/// ready, the latest registration brings an event of its own.
final class EpollQueue: SocketQueue {
    private struct Entry {
        let watch: Watch
        let watcher: any SocketWatcher
    }

    /// What is asked about one socket.
    private struct Entries {
        var readable: Entry?
        var writable: Entry?
        /// What the kernel's event must bring along to be meant for these.
        var number: UInt32 = 0

        subscript(kind: Readiness) -> Entry? {
            get { kind == .readable ? readable : writable }
            set { if kind == .readable { readable = newValue } else { writable = newValue } }
        }

        var isEmpty: Bool { readable == nil && writable == nil }
    }

    private struct Books {
        var entries: [Int32: Entries] = [:]
        var lastNumber = 0
        /// Watches that the kernel has no memory for: a watcher that is notified without reason looks, and comes back.
        var refused: [Entry] = []
    }

    private let calls: EpollCalls
    private let descriptor: Int32
    private let pipe: (read: Int32, write: Int32)
    private let books = Mutex(Books())

    /// Events taken at a time; the next `wait` brings those beyond.
    private static let mostEvents = 256
    /// Milliseconds until watchers are notified whom the kernel has no memory for.
    private static let pauseAfterRefusal: Int32 = 10

    /// Nil where the system has no epoll, or no file may be opened.
    init?() {
        guard let calls = EpollCalls(), let pipe = SystemCall.openPipe() else { return nil }
        let descriptor = calls.create()
        guard descriptor >= 0,
            calls.control(descriptor, .add, pipe.read, EpollEvent(EpollEvent.readable, descriptor: pipe.read, 0))
        else {
            for end in [pipe.read, pipe.write, descriptor] where end >= 0 { SystemCall.closeSocket(end) }
            return nil
        }
        (self.calls, self.descriptor, self.pipe) = (calls, descriptor, pipe)
    }

    deinit {
        for end in [pipe.read, pipe.write, descriptor] { SystemCall.closeSocket(end) }
    }

    func add(
        _ socket: Int32, until kind: Readiness, _ watcher: any SocketWatcher
    ) -> (watch: Watch, mustWake: Bool) {
        books.withLock { books in
            books.lastNumber += 1
            let watch = Watch(descriptor: socket, kind: kind, number: books.lastNumber)
            books.entries[socket, default: Entries()][kind] = Entry(watch: watch, watcher: watcher)
            return (watch, !register(socket, &books))
        }
    }

    func remove(_ watch: Watch) {
        books.withLock { books in
            guard books.entries[watch.descriptor]?[watch.kind]?.watch == watch else { return }
            books.entries[watch.descriptor]?[watch.kind] = nil
            // What is not asked for any more must not wake the thread.
            register(watch.descriptor, &books)
        }
    }

    func wake() { SystemCall.writeByte(to: pipe.write) }

    func wait(milliseconds: Int32, _ over: inout [(watch: Watch, watcher: any SocketWatcher)]) {
        let isRefusing = books.withLock { !$0.refused.isEmpty }
        let timeout = isRefusing ? Self.pauseAfterRefusal : milliseconds
        let events = calls.wait(descriptor, most: Self.mostEvents, milliseconds: timeout)
        books.withLock { books in
            for entry in books.refused { over.append((entry.watch, entry.watcher)) }
            books.refused = []
            for event in events where event.descriptor != pipe.read { take(event, &books, &over) }
        }
        if events.contains(where: { $0.descriptor == pipe.read }) { SystemCall.drain(pipe.read) }
    }

    private func take(
        _ event: EpollEvent, _ books: inout Books, _ over: inout [(watch: Watch, watcher: any SocketWatcher)]
    ) {
        let socket = event.descriptor
        guard let entries = books.entries[socket], entries.number == event.number else { return }
        for kind in [Readiness.readable, .writable] where event.readiness.contains(kind) {
            guard let entry = entries[kind] else { continue }
            books.entries[socket]?[kind] = nil
            over.append((entry.watch, entry.watcher))
        }
        // The kernel asks no more about the other one either.
        if books.entries[socket]?.isEmpty == true { books.entries[socket] = nil } else { register(socket, &books) }
    }

    /// Tells the kernel what is asked about a socket; false if it has no memory for that.
    @discardableResult
    private func register(_ socket: Int32, _ books: inout Books) -> Bool {
        guard var entries = books.entries[socket] else { return true }
        entries.number = UInt32(truncatingIfNeeded: books.lastNumber)
        books.entries[socket] = entries.isEmpty ? nil : entries
        var events = EpollEvent.once
        if entries.readable != nil { events |= EpollEvent.readable }
        if entries.writable != nil { events |= EpollEvent.writable }
        let event = EpollEvent(events, descriptor: socket, entries.number)
        if calls.control(descriptor, .change, socket, event) || calls.control(descriptor, .add, socket, event) {
            return true
        }
        for entry in [entries.readable, entries.writable] { if let entry { books.refused.append(entry) } }
        books.entries[socket] = nil
        return false
    }
}
#endif
