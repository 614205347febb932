import Bulkhead
import RDB

/// What INFO says of a server, as far as a migration depends on it.
struct ServerFacts: Sendable, Hashable {
    /// Another one after each start; the same for all databases of a server.
    let runID: String
    /// Valkey began as Redis 7.2, and says so here.
    let version: [Int]
    let valkeyVersion: [Int]?
    let isCluster: Bool
    let isReplica: Bool
    /// It counts uses (LFU) in place of the time since the last one.
    let countsUses: Bool

    /// Reads the lines of INFO; nil if it does not say which server it is.
    init?(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let runID = fields["run_id"], let version = fields["redis_version"] else { return nil }
        func numbers(_ text: Substring) -> [Int] { text.split(separator: ".").map { Int($0) ?? 0 } }
        self.runID = String(runID)
        self.version = numbers(version)
        valkeyVersion = fields["valkey_version"].map(numbers)
        isCluster = fields["cluster_enabled"] == "1" || fields["redis_mode"] == "cluster"
        isReplica = fields["role"] == "slave"
        countsUses = fields["maxmemory_policy"]?.hasSuffix("lfu") == true
    }

    func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        !version.lexicographicallyPrecedes([major, minor])
    }

    /// PEXPIRETIME came with Redis 7.0.
    var tellsExpiry: Bool { isAtLeast(7, 0) }
    /// CLIENT NO-TOUCH came with Redis 7.2.
    var canNotTouch: Bool { isAtLeast(7, 2) }

    /// What its DUMP writes, and the newest that its RESTORE reads.
    var dumpVersion: RDBVersion {
        if let valkeyVersion { return RDBVersion(.valkey, valkeyVersion.lexicographicallyPrecedes([9]) ? 11 : 80) }
        if !isAtLeast(7, 0) { return RDBVersion(.redis, 9) }
        if !isAtLeast(7, 2) { return RDBVersion(.redis, 10) }
        // Newer servers read what 12 says, and their own dumps are tried as they are.
        return RDBVersion(.redis, isAtLeast(7, 4) ? 12 : 11)
    }
}
