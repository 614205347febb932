import BulkheadRDB

/// What reading, moving and copying keys depends on.
extension ServerFacts {
    /// Another one after each start; the same for all databases of a server. Empty if INFO does not say.
    var runID: String { info["run_id"] ?? "" }
    package var isCluster: Bool { mode == "cluster" || info["cluster_enabled"] == "1" }
    /// It counts uses (LFU) in place of the time since the last one.
    var countsUses: Bool { evictionPolicy?.hasSuffix("lfu") == true }

    /// True for a Redis of this version or newer. Valkey began as Redis 7.2, and says so here.
    func isAtLeast(redis major: Int, _ minor: Int) -> Bool {
        let version = info["redis_version"] ?? (isValkey ? "7.2" : greeting["version"] ?? "")
        return !Self.numbers(version).lexicographicallyPrecedes([major, minor])
    }

    /// PEXPIRETIME came with Redis 7.0.
    var tellsExpiry: Bool { isAtLeast(redis: 7, 0) }
    /// CLIENT NO-TOUCH came with Redis 7.2.
    var canNotTouch: Bool { isAtLeast(redis: 7, 2) }

    /// The version that its DUMP writes, and the newest that its RESTORE reads.
    var dumpVersion: RDBVersion {
        let numbers = Self.numbers(version)
        let formats: [(since: [Int], number: Int)] =
            isValkey
            ? [([9, 2], 81), ([9, 0], 80), ([], 11)]
            : [([8, 10], 15), ([8, 8], 14), ([8, 6], 13), ([7, 4], 12), ([7, 2], 11), ([7, 0], 10), ([], 9)]
        let format = formats.first { !numbers.lexicographicallyPrecedes($0.since) }
        return RDBVersion(isValkey ? .valkey : .redis, format?.number ?? 9)
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split(separator: ".").map { Int($0) ?? 0 }
    }
}
