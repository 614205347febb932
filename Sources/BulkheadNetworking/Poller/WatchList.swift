/// The books of `PollQueue` as a pure struct: who waits for which socket, and what the thread in `poll` knows of it.
///
/// ```
/// awake ──beginPoll──▶ asleep, knowing what was watched by then ──endPoll──▶ awake
///                       └─ add: must be woken, by the first ─┘
/// ```
/// A watch is for one event, and has a number of its own. So what `poll` says reaches only those it was asked for: not
/// who came meanwhile, perhaps with another socket that got the number of one that was closed.
struct WatchList<Watcher> {
    /// One socket, and what is asked or known about it.
    struct Socket: Sendable, Hashable {
        let descriptor: Int32
        let readiness: Readiness
    }

    private struct Entry {
        let watch: Watch
        let watcher: Watcher
    }

    /// By descriptor, so that `poll` is never asked about more sockets than a process may have open.
    private var entries: [Int32: WatchesOfSocket<Entry>] = [:]
    private var lastNumber = 0
    /// Set while the thread is in `poll`, or about to be: it was asked about the watches up to this one.
    private var lastPolled: Int?
    /// It will wake without more being done.
    private var isWoken = false

    var isEmpty: Bool { entries.isEmpty }

    /// Notes a watch until the socket is readable, or until it is writable; `mustWake` tells to wake the thread, which
    /// does not know of it.
    ///
    /// A second one of its kind on a socket takes the first one's place.
    mutating func add(
        _ descriptor: Int32, until kind: Readiness, _ watcher: Watcher
    ) -> (watch: Watch, mustWake: Bool) {
        lastNumber += 1
        let watch = Watch(descriptor: descriptor, kind: kind, number: lastNumber)
        entries[descriptor, default: WatchesOfSocket()][kind] = Entry(watch: watch, watcher: watcher)
        let mustWake = lastPolled != nil && !isWoken
        if mustWake { isWoken = true }
        return (watch, mustWake)
    }

    /// Calls a watch off; one that is over already stays so. The thread need not know.
    mutating func remove(_ watch: Watch) {
        if entries[watch.descriptor]?[watch.kind]?.watch == watch { take(watch.descriptor, watch.kind) }
    }

    /// The thread is about to sleep: fills `sockets` with what to ask `poll` about, each descriptor once.
    mutating func beginPoll(_ sockets: inout [Socket]) {
        sockets.removeAll(keepingCapacity: true)
        for (descriptor, entries) in entries {
            sockets.append(Socket(descriptor: descriptor, readiness: entries.readiness))
        }
        lastPolled = lastNumber
        isWoken = false
    }

    /// The thread is awake again: takes out, and appends, the watches that are over because their sockets are ready.
    mutating func endPoll(_ ready: [Socket], _ over: inout [(watch: Watch, watcher: Watcher)]) {
        guard let lastPolled else { return }
        self.lastPolled = nil
        for socket in ready {
            for kind in [Readiness.readable, .writable] where socket.readiness.contains(kind) {
                guard let entry = entries[socket.descriptor]?[kind], entry.watch.number <= lastPolled else { continue }
                take(socket.descriptor, kind)
                over.append((entry.watch, entry.watcher))
            }
        }
    }

    private mutating func take(_ descriptor: Int32, _ kind: Readiness) {
        entries[descriptor]?[kind] = nil
        if entries[descriptor]?.readiness.isEmpty == true { entries[descriptor] = nil }
    }
}

/// A watch for one event on one socket.
struct Watch: Sendable, Hashable {
    let descriptor: Int32
    /// Readable or writable.
    let kind: Readiness
    let number: Int
}

/// What waits for one socket: until it is readable, and until it is writable.
struct WatchesOfSocket<Entry> {
    var readable: Entry?
    var writable: Entry?

    subscript(kind: Readiness) -> Entry? {
        get { kind == .readable ? readable : writable }
        set { if kind == .readable { readable = newValue } else { writable = newValue } }
    }

    var readiness: Readiness {
        var readiness: Readiness = []
        if readable != nil { readiness.insert(.readable) }
        if writable != nil { readiness.insert(.writable) }
        return readiness
    }
}
