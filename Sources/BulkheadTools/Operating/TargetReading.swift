/// What a server says, at one moment, about what it does with keys by itself: some fields of INFO. What it does not say
/// is nil, and is not taken for good.
struct TargetReading: Sendable, Equatable {
    /// Another one after each start.
    var runID: String?
    /// Bytes that count against `maxmemory`.
    var used: Int?
    /// Bytes; nil without a limit.
    var limit: Int?
    var policy: String?
    /// Keys that were evicted since the server started.
    var evicted: Int?
    var isReplica = false
    /// Host and port of its primary, if it is a replica.
    var primary: String?
    /// The last snapshot, or the last write of the append-only file, has failed.
    var snapshotFailed = false
    var appendFailed = false

    /// What a number may say, so that sums of them are numbers too: 64 PiB.
    static let most = 1 << 56

    init(info: [String: String]) {
        func number(_ field: String) -> Int? {
            info[field].flatMap { Int($0) }.map { min(max($0, -Self.most), Self.most) }
        }
        runID = info["run_id"]
        // Buffers of replicas and of the append-only file are not what evicts.
        used = number("used_memory").map { $0 - (number("mem_not_counted_for_evict") ?? 0) }
        limit = number("maxmemory").flatMap { $0 > 0 ? $0 : nil }
        policy = info["maxmemory_policy"]
        evicted = number("evicted_keys")
        isReplica = info["role"] == "slave"
        if isReplica, let host = info["master_host"], let port = info["master_port"] { primary = "\(host):\(port)" }
        snapshotFailed = info["rdb_last_bgsave_status"] == "err"
        appendFailed = info["aof_last_write_status"] == "err"
    }

    /// True if it removes keys when its memory is full. A limit without a known policy counts as one that does.
    var evicts: Bool { limit != nil && policy != "noeviction" }

    /// Bytes until it is full, negative past that; nil without a limit, or if it does not say what it uses.
    var left: Int? {
        guard let limit, let used else { return nil }
        return limit - used
    }
}
