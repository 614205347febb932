import Dispatch
import Synchronization

/// Sockets by dispatch sources, which wait by kqueue on Darwin: a wake-up costs time in proportion to the sockets that
/// are ready.
///
/// Each watch is a source on a descriptor of its own, because one that is closed or cancelled must not be another's:
/// the cancel handler closes it. The sources' handlers run on a serial queue, which has a thread even where the program
/// keeps all others of Dispatch busy.
///
/// Chosen on Darwin only. On Linux Dispatch may read a source's memory after a hang-up, when it is released already,
/// and crash: `BulkheadDispatchHangUps` shows that.
final class DispatchSocketQueue: SocketQueue {
    /// `@unchecked`: a source may be used from any thread, though its type does not say so.
    private struct Entry: @unchecked Sendable {
        let watch: Watch
        let watcher: any SocketWatcher
        let source: any DispatchSourceProtocol
    }

    private struct Books {
        var entries: [Int32: WatchesOfSocket<Entry>] = [:]
        var lastNumber = 0
        /// Watches that are over, and those that no descriptor was left for: who is notified without reason looks, and
        /// comes back.
        var over: [(watch: Watch, watcher: any SocketWatcher)] = []
    }

    private let books = Mutex(Books())
    private let queue = DispatchQueue(label: "bulkhead.sockets", qos: .userInitiated)
    private let news = DispatchSemaphore(value: 0)

    func add(
        _ descriptor: Int32, until kind: Readiness, _ watcher: any SocketWatcher
    ) -> (watch: Watch, mustWake: Bool) {
        books.withLock { books in
            books.lastNumber += 1
            let watch = Watch(descriptor: descriptor, kind: kind, number: books.lastNumber)
            guard let own = SystemCall.duplicate(descriptor) else {
                books.over.append((watch, watcher))
                return (watch, true)
            }
            let source: any DispatchSourceProtocol =
                kind == .readable
                ? DispatchSource.makeReadSource(fileDescriptor: own, queue: queue)
                : DispatchSource.makeWriteSource(fileDescriptor: own, queue: queue)
            source.setEventHandler { @Sendable [weak self] in self?.isReady(watch) }
            source.setCancelHandler { @Sendable in SystemCall.closeSocket(own) }
            let entry = Entry(watch: watch, watcher: watcher, source: source)
            books.entries[descriptor]?[kind]?.source.cancel()
            books.entries[descriptor, default: WatchesOfSocket()][kind] = entry
            source.resume()
            return (watch, false)
        }
    }

    func remove(_ watch: Watch) {
        books.withLock { books in _ = take(watch, &books) }
    }

    private func isReady(_ watch: Watch) {
        let isKnown = books.withLock { books in
            guard let entry = take(watch, &books) else { return false }
            books.over.append((entry.watch, entry.watcher))
            return true
        }
        if isKnown { news.signal() }
    }

    /// Takes a watch out and ends its source; nil if it is over already.
    private func take(_ watch: Watch, _ books: inout Books) -> Entry? {
        guard let entry = books.entries[watch.descriptor]?[watch.kind], entry.watch == watch else { return nil }
        books.entries[watch.descriptor]?[watch.kind] = nil
        if books.entries[watch.descriptor].map({ $0.readable == nil && $0.writable == nil }) == true {
            books.entries[watch.descriptor] = nil
        }
        entry.source.cancel()
        return entry
    }

    func wake() { news.signal() }

    func wait(milliseconds: Int32, _ over: inout [(watch: Watch, watcher: any SocketWatcher)]) {
        _ = news.wait(timeout: milliseconds < 0 ? .distantFuture : .now() + .milliseconds(Int(milliseconds)))
        books.withLock { books in
            over.append(contentsOf: books.over)
            books.over = []
        }
    }

    deinit {
        books.withLock { books in
            for entries in books.entries.values {
                entries.readable?.source.cancel()
                entries.writable?.source.cancel()
            }
        }
    }
}
