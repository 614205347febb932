import RESP

/// The keys that a scan has found and that may be found again, as fingerprints of 128 bits.
///
/// SCAN may return a key twice. Of a move only the keys under way and those that stay in the source can come again;
/// of a copy all can. Above ``limit`` keys nothing more is remembered, and a key found twice is counted twice.
struct SeenKeys {
    /// Keys remembered: about 0.7 GB at most, for copies of that many keys only.
    static let limit = 16 << 20

    private var fingerprints: Set<SIMD2<Int>> = []
    private let seeds = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    var count: Int { fingerprints.count }

    /// True if the key is new.
    mutating func insert(_ key: RESPBytes) -> Bool {
        guard fingerprints.count < Self.limit else { return !contains(key) }
        return fingerprints.insert(fingerprint(of: key)).inserted
    }

    /// Forgets a key that is gone from the source: if it is found again, somebody has written it anew.
    mutating func remove(_ key: RESPBytes) {
        fingerprints.remove(fingerprint(of: key))
    }

    func contains(_ key: RESPBytes) -> Bool {
        fingerprints.contains(fingerprint(of: key))
    }

    private func fingerprint(of key: RESPBytes) -> SIMD2<Int> {
        SIMD2(hash(of: key, seed: seeds.0), hash(of: key, seed: seeds.1))
    }

    private func hash(of key: RESPBytes, seed: UInt64) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(key)
        return hasher.finalize()
    }
}
