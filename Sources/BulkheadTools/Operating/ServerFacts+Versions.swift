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
        if isValkey {
            return RDBVersion(.valkey, Self.numbers(version).lexicographicallyPrecedes([9]) ? 11 : 80)
        }
        if !isAtLeast(redis: 7, 0) { return RDBVersion(.redis, 9) }
        if !isAtLeast(redis: 7, 2) { return RDBVersion(.redis, 10) }
        return RDBVersion(.redis, isAtLeast(redis: 7, 4) ? 12 : 11)
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split(separator: ".").map { Int($0) ?? 0 }
    }
}
