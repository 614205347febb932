/// Counts the prefixes of keys in bounded memory: those that many keys have are surely found.
///
/// It holds at most ``most`` prefixes. When a new one finds no room, the half that is rarest goes: the count at their
/// border is taken off all counts, and what comes to nothing is forgotten. So a count may be short, never too high,
/// and by no more than ``shortBy``; a prefix that more keys have is always there.
/// Source: Misra and Gries 1982; the halving as in Anderson and others, "A High-Performance Algorithm for Identifying
/// Frequent Items in Data Streams", 2017.
struct PrefixSketch {
    struct Entry {
        let prefix: [UInt8]
        fileprivate let hash: UInt64
        /// Keys that have it, perhaps less by `shortBy`.
        fileprivate(set) var count: Int
        /// Those of them that were looked at, and the bytes of memory these take.
        fileprivate(set) var looks = 0
        fileprivate(set) var bytes = 0
    }

    /// Prefixes held at once. A prefix of 30 bytes takes about 120 with its place: 1 MiB in all.
    static let most = 8_192
    /// Slots at first; they double before more than half are taken.
    private static let firstSlots = 64

    /// What counts may lack.
    private(set) var shortBy = 0
    private(set) var entries: [Entry] = []
    /// Places in `entries`, -1 for none; open addressing, linear probing.
    private var slots = [Int32](repeating: -1, count: firstSlots)

    /// One more key has the prefix, whose `hash` is `PrefixReader`'s.
    mutating func count(_ prefix: UnsafeRawBufferPointer, hash: UInt64) {
        let slot = slot(of: prefix, hash)
        if slots[slot] >= 0 {
            entries[Int(slots[slot])].count += 1
            return
        }
        guard entries.count < Self.most else {
            forgetRareHalf()
            count(prefix, hash: hash)
            return
        }
        slots[slot] = Int32(entries.count)
        entries.append(Entry(prefix: Array(prefix), hash: hash, count: 1))
        if entries.count * 2 > slots.count { fillSlots(slots.count * 2) }
    }

    /// A key with the prefix was looked at and takes so much memory. Forgotten with the prefix.
    mutating func add(bytes: Int, to prefix: UnsafeRawBufferPointer, hash: UInt64) {
        let slot = slot(of: prefix, hash)
        guard slots[slot] >= 0 else { return }
        let (sum, isTooLarge) = entries[Int(slots[slot])].bytes.addingReportingOverflow(bytes)
        entries[Int(slots[slot])].bytes = isTooLarge ? .max : sum
        entries[Int(slots[slot])].looks += 1
    }

    /// The slot of the prefix, or the empty one where it belongs.
    private func slot(of prefix: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let entry = entries[Int(slots[slot])]
            if entry.hash == hash, entry.prefix.count == prefix.count, entry.prefix.elementsEqual(prefix) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func forgetRareHalf() {
        let border = entries.map(\.count).sorted()[Self.most / 2]
        shortBy += border
        entries = entries.compactMap { entry in
            var entry = entry
            entry.count -= border
            return entry.count > 0 ? entry : nil
        }
        fillSlots(slots.count)
    }

    /// Makes so many slots, a power of two, and gives each entry its own.
    private mutating func fillSlots(_ count: Int) {
        slots = [Int32](repeating: -1, count: count)
        for (place, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = Int32(place)
        }
    }
}

/// Finds the prefixes of a key: up to and with its first delimiter, and up to its second.
///
/// `chat:session:42` has `chat:` and `chat:session:`. Delimiters are `:` and `/`; what begins with one has that as its
/// first prefix. A prefix ends within the first ``longest`` bytes, or the key has none.
struct PrefixReader {
    static let depths = 2
    /// Bytes of a prefix: longer ones are no names but data.
    static let longest = 128

    /// So that nobody can prepare keys that collide.
    let seed: UInt64

    init(seed: UInt64 = .random(in: .min ... .max)) {
        self.seed = seed
    }

    /// Calls `body` with the depth, from 0, the prefix and its hash (FNV-1a, seeded and mixed), for each it has.
    func forEach(in key: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer, UInt64) -> Void) {
        var hash = 0xcbf2_9ce4_8422_2325 ^ seed
        var depth = 0
        for place in 0..<min(key.count, Self.longest) {
            let byte = key[place]
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/") else { continue }
            body(depth, UnsafeRawBufferPointer(rebasing: key[...place]), hash ^ hash >> 32)
            depth += 1
            if depth == Self.depths { return }
        }
    }
}
