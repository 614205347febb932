/// The keys that were seen, as an exact set of their 128-bit hashes: SCAN may name a key twice, and a server refuses
/// to load a snapshot that has one twice.
///
/// Two keys are taken for one with a probability of 1 to 10²³ among 32 million; the hash is keyed anew in each
/// process, so nobody can choose keys that collide. Memory: 32 to 64 bytes a key, and half as much again while it
/// grows.
package struct KeyHashes {
    private struct Slot: Hashable {
        var high: UInt64 = 0
        var low: UInt64 = 0

        var isEmpty: Bool { high | low == 0 }
    }

    /// Keys that are told apart at most: 1 GiB, and 1.5 GiB for the moment in which the table doubles to it.
    package static let mostKeys = 32 << 20

    private let limit: Int
    /// Open addressing; a power of two, at most half full.
    private var slots = [Slot](repeating: Slot(), count: 1_024)
    package private(set) var count = 0

    package init(limit: Int = mostKeys) { self.limit = limit }

    package enum Insertion { case new, known, full }

    package mutating func insert(_ key: UnsafeRawBufferPointer) -> Insertion {
        let hash = Self.hash(key)
        var place = index(of: hash)
        if slots[place] == hash { return .known }
        guard count < limit else { return .full }
        if 2 * (count + 1) > slots.count {
            grow()
            place = index(of: hash)
        }
        slots[place] = hash
        count += 1
        return .new
    }

    package func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        let hash = Self.hash(key)
        return slots[index(of: hash)] == hash
    }

    /// Where the hash is, or would be.
    private func index(of hash: Slot) -> Int {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash.low) & mask
        while !slots[place].isEmpty, slots[place] != hash { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: 2 * old.count)
        for hash in old where !hash.isEmpty { slots[index(of: hash)] = hash }
    }

    /// Two runs of the standard library's keyed hash; never the empty slot.
    private static func hash(_ key: UnsafeRawBufferPointer) -> Slot {
        func half(_ salt: UInt8) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(salt)
            hasher.combine(bytes: key)
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }
        return Slot(high: half(1) | 1, low: half(2))
    }
}
