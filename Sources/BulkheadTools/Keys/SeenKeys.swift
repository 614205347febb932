import BulkheadRESP

/// The keys that a scan has found and that may be found again, as fingerprints of 128 bits: SCAN may name a key twice.
///
/// Two keys are taken for one with a probability of 1 to 10²³ among 32 million; the hash is keyed anew in each
/// process, so nobody can choose keys that collide. Memory: 21 to 43 bytes a key, half as much again while it grows.
struct SeenKeys {
    enum Insertion { case new, known, full }

    /// Keys remembered at most: 1 GiB, and 1.5 GiB for the moment in which the table doubles to it.
    static let usualLimit = 32 << 20

    private let limit: Int
    private var fingerprints: Set<SIMD2<Int>> = []

    init(limit: Int = usualLimit) { self.limit = limit }

    var count: Int { fingerprints.count }
    /// Nothing more is remembered.
    var isFull: Bool { fingerprints.count >= limit }

    mutating func insert(_ key: RESPBytes) -> Insertion {
        let fingerprint = Self.fingerprint(of: key)
        if isFull { return fingerprints.contains(fingerprint) ? .known : .full }
        return fingerprints.insert(fingerprint).inserted ? .new : .known
    }

    /// Forgets a key that is gone: if it is found again, somebody has written it anew.
    mutating func remove(_ key: RESPBytes) {
        fingerprints.remove(Self.fingerprint(of: key))
    }

    func contains(_ key: RESPBytes) -> Bool {
        fingerprints.contains(Self.fingerprint(of: key))
    }

    /// Two runs of the standard library's keyed hash.
    private static func fingerprint(of key: RESPBytes) -> SIMD2<Int> {
        func half(_ salt: UInt8) -> Int {
            var hasher = Hasher()
            hasher.combine(salt)
            hasher.combine(key)
            return hasher.finalize()
        }
        return SIMD2(half(1), half(2))
    }
}
