import BulkheadCommands
import BulkheadNetworking

/// Whether pages of a scan may come from different processes: by whether connections were made between them.
struct ScanMark: Sendable, Hashable {
    private let places: Int
    private let attempts: Int
    /// How many of the nodes had no connection, so that a page makes the first; no part of what is compared.
    private let missing: Int

    /// Pages of an asynchronous scan come by the bulk lane, those of a blocking one by any connection of the pool.
    enum Form {
        case asynchronous, blocking
    }

    /// Of pages that come from these nodes; `places` tells other ones apart.
    init(of nodes: [Node], _ form: Form, at places: Int = 0) {
        let made = nodes.map { form == .blocking ? $0.connectionAttempts : $0.bulkConnectionsMade }
        let missing = nodes.count { form == .blocking ? !$0.blocking.hasConnections : !$0.hasBulkConnection }
        self.init(places: places, attempts: made.reduce(0, &+), missing: missing)
    }

    init(places: Int = 0, attempts: Int, missing: Int = 0) {
        self.places = places
        self.attempts = attempts
        self.missing = missing
    }

    static func == (left: ScanMark, right: ScanMark) -> Bool {
        left.places == right.places && left.attempts == right.attempts
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(places)
        hasher.combine(attempts)
    }

    /// True if a page that came between `start` and this moment came by the connections that there are now.
    func isOfPage(since start: ScanMark) -> Bool {
        places == start.places && attempts <= start.attempts + start.missing
    }
}

/// How far a scan has come, and in which process of a server.
///
/// A cursor means something to the process that made it, and to no other: a server that was restarted, or another
/// primary, takes it and leaves keys out, without an error. So where connections were made since the last page, the
/// server is asked for its `run_id`. If that is another one, or the server does not say, the scan begins again. What
/// was found stays found, and comes a second time.
package struct ScanPlace: Sendable {
    /// Of the next page; nil after the last.
    package private(set) var cursor: RedisScanCursor? = .start
    /// The process of the cursor, by its `run_id`; nil if the server does not say, or before the second page.
    private var process: String?
    /// When that was known to be the process that is asked.
    private var mark: ScanMark?
    /// Before the first page, where its process is asked for behind it.
    private var start: ScanMark?
    private var beginnings = 1

    /// A server that is replaced so often will not come to rest soon.
    static let mostBeginnings = 10

    package init() {}

    /// Takes a page's cursor; false if the process must be known for that.
    mutating func take(_ next: RedisScanCursor?, at mark: ScanMark?) -> Bool {
        // A scan of one page needs no cursor.
        guard mark == nil || mark == self.mark || cursor == .start && next == nil else { return false }
        cursor = next
        return true
    }

    /// Takes a page's cursor if it is of the same process as those before, and begins again if not.
    ///
    /// - Parameters:
    ///   - process: Which one has answered now, that is between `mark` and `last`.
    ///   - mark: When the page was there.
    mutating func take(
        _ next: RedisScanCursor?, at mark: ScanMark?, of process: String?, until last: ScanMark?, in name: DatabaseName
    ) throws(RedisError) {
        let isSame =
            if self.mark != nil {
                process != nil && process == self.process
            } else {
                // The page itself may have come by a connection before those, of another process.
                mark == last && (start.map { start in mark.map { $0.isOfPage(since: start) } ?? true } ?? true)
            }
        start = nil
        if isSame {
            (cursor, self.process, self.mark) = (next, process, mark)
            return
        }
        try beginAgain(in: name)
    }

    /// Takes the cursor of a page that came from this process.
    mutating func take(_ next: RedisScanCursor?, of process: String, in name: DatabaseName) throws(RedisError) {
        if cursor != .start, process != self.process { return try beginAgain(in: name) }
        (cursor, self.process) = (next, process)
    }

    private mutating func beginAgain(in name: DatabaseName) throws(RedisError) {
        beginnings += 1
        guard beginnings <= Self.mostBeginnings else {
            throw RedisError(
                .scanInterrupted,
                "the scan began \(Self.mostBeginnings) times: its server was restarted or replaced each time, or "
                    + "connections were lost and the server does not say its run_id (INFO server). Scan again when it "
                    + "is at rest",
                database: name, stage: .answered)
        }
        (cursor, self.process, self.mark) = (.start, nil, nil)
    }

    /// There is nothing more to find.
    package mutating func end() { cursor = nil }
}

extension ScanPlace {
    /// Before a page: in a cluster all primaries are asked before the first one. To ask them behind it may need new
    /// connections, which would look like another process.
    ///
    /// - Parameter slot: Of the key whose elements are scanned; nil where the keys themselves are.
    package mutating func begin(in database: RedisDatabase?, _ slot: HashSlot?) async throws(RedisError) {
        guard let database else { return }
        guard asksFirst(in: database.binding, slot) else {
            return noteStart(in: database.binding, slot, .asynchronous)
        }
        process = try await Self.process(of: database, slot)
        mark = database.binding.topology.scanMark(of: slot, .asynchronous)
    }

    /// The same for a thread.
    mutating func begin(in database: BlockingRedisDatabase?, _ slot: HashSlot?) throws(RedisError) {
        guard let database else { return }
        guard asksFirst(in: database.binding, slot) else { return noteStart(in: database.binding, slot, .blocking) }
        process = try Self.process(of: database, slot)
        mark = database.binding.topology.scanMark(of: slot, .blocking)
    }

    private mutating func noteStart(in binding: DatabaseBinding, _ slot: HashSlot?, _ form: ScanMark.Form) {
        guard cursor == .start, mark == nil else { return }
        // Without a map it is not known where the page will come from.
        if let cluster = binding.topology.cluster, cluster.map == nil { return }
        begin(at: binding.topology.scanMark(of: slot, form))
    }

    /// The first page is about to be asked for.
    mutating func begin(at start: ScanMark) { self.start = start }

    private func asksFirst(in binding: DatabaseBinding, _ slot: HashSlot?) -> Bool {
        cursor == .start && mark == nil && slot == nil && binding.topology.cluster?.map != nil
    }

    /// Takes the cursor of a page that `database` has answered. Nil is a lease, which ends with its process.
    package mutating func take(
        _ next: RedisScanCursor?, from database: RedisDatabase?, _ slot: HashSlot?
    ) async throws(RedisError) {
        let mark = database?.binding.topology.scanMark(of: slot, .asynchronous)
        guard !take(next, at: mark), let database else { return }
        let process = try await Self.process(of: database, slot)
        let last = database.binding.topology.scanMark(of: slot, .asynchronous)
        try take(next, at: mark, of: process, until: last, in: database.name)
    }

    /// The same for a thread.
    mutating func take(
        _ next: RedisScanCursor?, from database: BlockingRedisDatabase?, _ slot: HashSlot?
    ) throws(RedisError) {
        let mark = database?.binding.topology.scanMark(of: slot, .blocking)
        guard !take(next, at: mark), let database else { return }
        let process = try Self.process(of: database, slot)
        let last = database.binding.topology.scanMark(of: slot, .blocking)
        try take(next, at: mark, of: process, until: last, in: database.name)
    }

    /// The `run_id` of each server that pages come from; nil if one does not say it, or may not.
    private static func process(of database: RedisDatabase, _ slot: HashSlot?) async throws(RedisError) -> String? {
        do throws(RedisError) {
            return joined(try await database.everyPrimary(.scannedProcess, of: slot))
        } catch {
            guard error.stage == .answered else { throw error }
            return nil
        }
    }

    private static func process(of database: BlockingRedisDatabase, _ slot: HashSlot?) throws(RedisError) -> String? {
        do throws(RedisError) {
            return joined(try database.everyPrimary(.scannedProcess, of: slot))
        } catch {
            guard error.stage == .answered else { throw error }
            return nil
        }
    }

    private static func joined(_ processes: [String?]) -> String? {
        let known = processes.compactMap(\.self)
        return known.count == processes.count ? known.joined(separator: " ") : nil
    }
}

extension RedisCommand<String?> {
    /// The process, on the lane of scans: it answers on the connection that the page came by.
    fileprivate static var scannedProcess: RedisCommand<String?> {
        RedisCommand<String?>(
            "INFO", route: .bulk,
            decode: { reply throws(RedisConversionError) in try RedisInfo(redis: reply)["run_id"] }
        ) { $0.append("server") }
    }
}
