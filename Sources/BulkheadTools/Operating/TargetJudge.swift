import BulkheadConsole

/// Judges from what a server says of itself whether keys that are brought to it are safe there.
///
/// | What it does by itself | Before the first key | While keys come |
/// |---|---|---|
/// | evicts when it is full | refused unless all fits, with room to spare | ends before the room is used up |
/// | has evicted a key | – | ends |
/// | refuses what it has no memory for | refused if all surely does not fit | the server's own error ends it |
/// | is a replica: its primary's next snapshot replaces all it holds | refused | ends |
/// | could not save | refused | ends |
/// | has started anew, perhaps without what was brought | – | ends |
///
/// Keys that expire are no loss: each tool takes an expiry along, and says how far the clocks are apart.
struct TargetJudge: Sendable {
    /// How the database is called in messages, with its server's address: `main at cache:6379`.
    let name: String
    /// What was said before the first key.
    let first: TargetReading

    enum Limits {
        /// Bytes that an evicting server has to have left in any case, for what others write in the meantime.
        static let leastRoom = 256 << 10
        /// The same as a part of its `maxmemory`.
        static let roomShare = 64
        /// Memory that a value takes on its way, as a multiple of itself: the value, the buffer it comes in, and the
        /// one its comparison leaves by.
        static let copiesUnderWay = 3
        /// An estimate from a sample may be wrong by so much, as a part of itself.
        static let estimateShare = 4
    }

    // MARK: Before the first key

    /// What is in the way; nil if nothing is known to be.
    ///
    /// - Parameters:
    ///   - coming: bytes that the keys will take, by an estimate; nil if not known.
    ///   - slice: bytes that are under way at once.
    func obstacle(coming: Int?, slice: Int) -> String? {
        if let sign = standing(first) { return sign }
        guard let left = first.left, let limit = first.limit, let coming = coming.map(Self.clamped) else { return nil }
        let margin = coming / Limits.estimateShare
        let room = first.evicts ? reserve(slice: slice, of: limit) : 0
        let needed = first.evicts ? coming + margin + room : coming - margin
        guard left < needed, coming > 0 else { return nil }
        let enough = Units.bytes(limit - left + coming + margin + max(room, Limits.leastRoom))
        let facts =
            "about \(Units.bytes(coming)) would come, and the server of \(name) has \(Units.bytes(max(0, left))) "
            + "left of its maxmemory of \(Units.bytes(limit))"
        if first.evicts {
            return "\(facts); then it evicts keys (maxmemory-policy \(first.policy ?? "unknown")), new ones "
                + "among them. Set maxmemory to at least \(enough) there, or maxmemory-policy "
                + "noeviction while keys come"
        }
        return "\(facts): it would refuse the rest half-way. Set maxmemory to at least \(enough) there"
    }

    /// Bytes that have to be left before a slice.
    private func reserve(slice: Int, of limit: Int) -> Int {
        max(Limits.leastRoom, limit / Limits.roomShare) + Limits.copiesUnderWay * Self.clamped(slice)
    }

    private static func clamped(_ bytes: Int) -> Int { min(max(bytes, 0), TargetReading.most) }

    // MARK: While keys come

    /// Why it has to end here; nil if it may go on.
    ///
    /// - Parameter coming: bytes that are to be brought next.
    func sign(in now: TargetReading, coming: Int) -> String? {
        if let before = first.runID, let runID = now.runID, before != runID {
            return "the server of \(name) was restarted meanwhile: of the keys that were brought before, only those "
                + "are there that were on its disk"
        }
        if let before = first.evicted, let evicted = now.evicted, evicted > before {
            let count = evicted - before
            return "the server of \(name) has evicted \(Units.counted(count, "key")) meanwhile (maxmemory-policy "
                + "\(now.policy ?? "unknown")), perhaps new ones among them. Set "
                + "maxmemory-policy noeviction there, or a larger maxmemory"
        }
        if let sign = standing(now) { return sign }
        guard now.evicts, let left = now.left, let limit = now.limit, left < reserve(slice: coming, of: limit) else {
            return nil
        }
        return "the server of \(name) has \(Units.bytes(max(0, left))) left of its maxmemory of \(Units.bytes(limit)), "
            + "and evicts keys when that is used up (maxmemory-policy \(now.policy ?? "unknown")). It has "
            + "evicted none yet. Set maxmemory-policy noeviction there, or a larger maxmemory"
    }

    /// True if keys that were brought may be gone.
    func mayHaveLost(in now: TargetReading) -> Bool {
        if let before = first.runID, let runID = now.runID, before != runID { return true }
        if let before = first.evicted, let evicted = now.evicted { return evicted > before }
        return false
    }

    /// What is bad at any time.
    private func standing(_ now: TargetReading) -> String? {
        if now.isReplica {
            let primary = now.primary.map { ", \($0)" } ?? ""
            return "\(name) is on a replica, which keeps nothing that its primary does not have: name its "
                + "primary\(primary)"
        }
        if now.appendFailed {
            return "the server of \(name) could not write its append-only file: free space in its dir (the reason is "
                + "in its log)"
        }
        if now.snapshotFailed {
            return "the last save failed on the server of \(name): what comes would be in its memory alone. Free space "
                + "in its dir (the reason is in its log), and run BGSAVE there until that succeeds"
        }
        return nil
    }
}
