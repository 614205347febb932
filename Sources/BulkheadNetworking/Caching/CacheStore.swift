import BulkheadRESP

/// The bytes of a command, by which its reply is found: hashed and compared in one piece, and not copied.
struct CachedCommand: Sendable, Hashable {
    let bytes: [UInt8]

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

/// Replies by the commands that brought them, within a bound of bytes: a pure struct, which knows no clock.
///
/// A look-up takes constant time. Where a new reply needs room, those that were not used for the longest time go. All
/// replies about one key are found by it, whatever their commands: that is how a server names what has changed.
struct CacheStore: Sendable {
    private struct Entry: Sendable {
        let command: CachedCommand
        let key: RESPBytes
        var value: RESPValue
        let bytes: Int
        let end: Moment
        /// Neighbours in the order of their use.
        var older = CacheStore.none
        var newer = CacheStore.none
        /// Neighbours among those of the same key.
        var previousOfKey = CacheStore.none
        var nextOfKey = CacheStore.none
    }

    private static let none = -1
    /// What an entry costs beside its key, its command and its value: its place here, and in two dictionaries.
    static let bytesOfEntry = 300

    private(set) var mostBytes: Int
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var places: [CachedCommand: Int] = [:]
    private var firstOfKey: [RESPBytes: Int] = [:]
    private var oldest = none
    private var newest = none
    /// Bytes of memory that the entries take, estimated.
    private(set) var bytes = 0
    /// Entries that made room for others so far.
    private(set) var evictions = 0

    init(mostBytes: Int) { self.mostBytes = mostBytes }

    var count: Int { places.count }

    /// The reply to a command; nil where there is none, or it is too old.
    mutating func value(of command: CachedCommand, at now: Moment) -> RESPValue? {
        guard let place = places[command] else { return nil }
        if entries[place].end <= now {
            remove(at: place)
            return nil
        }
        if place != newest {
            unlinkUse(place)
            linkNewest(place)
        }
        return entries[place].value
    }

    /// Keeps a reply until `end`, in place of one to the same command. One that is larger than the bound is not kept.
    mutating func insert(_ value: RESPValue, to command: CachedCommand, about key: RESPBytes, until end: Moment) {
        if let place = places[command] { remove(at: place) }
        let value = value.detached()
        let size = value.bytesInMemory + command.bytes.count + key.count + Self.bytesOfEntry
        guard size <= mostBytes else { return }
        evict(to: mostBytes - size)
        let key = key.detached()
        var entry = Entry(command: command, key: key, value: value, bytes: size, end: end)
        let place = free.popLast() ?? entries.count
        if let first = firstOfKey[key] {
            entry.nextOfKey = first
            entries[first].previousOfKey = place
        }
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        firstOfKey[key] = place
        places[command] = place
        bytes += size
        linkNewest(place)
    }

    /// Keeps so many bytes at most from now on.
    mutating func resize(to most: Int) {
        mostBytes = most
        evict(to: most)
    }

    private mutating func evict(to most: Int) {
        while bytes > most {
            evictions += 1
            remove(at: oldest)
        }
    }

    /// Drops all replies about a key; how many there were.
    mutating func remove(about key: RESPBytes) -> Int {
        var count = 0
        while let place = firstOfKey[key] {
            remove(at: place)
            count += 1
        }
        return count
    }

    /// Drops everything. What was kept is returned, as releasing it takes time, which a lock should not be held for.
    mutating func removeAll() -> CacheStore {
        var empty = CacheStore(mostBytes: mostBytes)
        empty.evictions = evictions
        swap(&self, &empty)
        return empty
    }

    private mutating func remove(at place: Int) {
        unlinkUse(place)
        let entry = entries[place]
        if entry.previousOfKey != Self.none {
            entries[entry.previousOfKey].nextOfKey = entry.nextOfKey
        } else {
            firstOfKey[entry.key] = entry.nextOfKey == Self.none ? nil : entry.nextOfKey
        }
        if entry.nextOfKey != Self.none { entries[entry.nextOfKey].previousOfKey = entry.previousOfKey }
        places[entry.command] = nil
        bytes -= entry.bytes
        // Its place stays, and what it held goes.
        entries[place] = Entry(
            command: CachedCommand(bytes: []), key: RESPBytes(), value: .null, bytes: 0, end: .past)
        free.append(place)
    }

    // MARK: The order of use

    private mutating func linkNewest(_ place: Int) {
        entries[place].older = newest
        entries[place].newer = Self.none
        if newest != Self.none { entries[newest].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlinkUse(_ place: Int) {
        let (older, newer) = (entries[place].older, entries[place].newer)
        if older != Self.none { entries[older].newer = newer } else { oldest = newer }
        if newer != Self.none { entries[newer].older = older } else { newest = older }
    }
}
