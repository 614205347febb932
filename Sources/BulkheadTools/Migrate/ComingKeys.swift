import Bulkhead
import BulkheadRESP

/// How many keys a migration will find, and what they take in memory: an estimate from a sample, because a pattern is
/// known to fit only when every key has been looked at.
struct ComingKeys: Sendable {
    let count: Int
    /// Nil where the source does not say.
    let bytes: Int?
    /// All keys were looked at.
    var isExact = false
    /// Bytes of what is under way at once: a transaction of usual keys, or the largest one that was seen.
    var slice = 0

    /// Keys that are looked at for the sample: twenty pages of SCAN.
    private static let pages = 20
    private static let keysOfPage = 100
    /// Keys that are asked for their memory, at most.
    private static let asked = 500

    /// - Parameter keys: of the whole source.
    static func estimated(
        _ plan: MigrationPlan, in source: RedisDatabase, keys: Int
    ) async throws(RedisError) -> ComingKeys {
        var cursor: RedisScanCursor? = .start
        var found: Set<RESPBytes> = []
        var looked = 0
        while let next = cursor, looked < pages * keysOfPage {
            let page = try await source.run(
                .scanPage(next, match: plan.keys.match, count: keysOfPage, as: RESPBytes.self))
            looked += keysOfPage
            for key in page.elements where !key.starts(with: HandoverNotes.prefix) && plan.keys.takes(key) {
                found.insert(key)
            }
            cursor = page.cursor
        }
        // The scan is over, or SCAN has looked at about as many as it was asked to.
        let share = cursor == nil ? 1 : max(1, Double(keys) / Double(looked))
        let count = Double(found.count) * share
        let sample = Array(found.prefix(asked))
        let sizes = try await source.memoryUsage(of: sample).compactMap(\.self)
        guard !sizes.isEmpty else {
            return ComingKeys(count: Int(clamping: count), bytes: found.isEmpty ? 0 : nil, isExact: cursor == nil)
        }
        let mean = sizes.reduce(0) { $0 + Double($1) } / Double(sizes.count)
        let bytes = min(count * (mean + Double(MigrationPlan.Limits.bytesOfPlace)), Double(TargetReading.most))
        let slice = max(mean * Double(MigrationPlan.Limits.keysOfTransaction), Double(sizes.max() ?? 0))
        return ComingKeys(
            count: Int(clamping: count), bytes: Int(clamping: bytes), isExact: cursor == nil,
            slice: Int(clamping: min(slice, bytes)))
    }
}
