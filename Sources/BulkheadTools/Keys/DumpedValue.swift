import BulkheadRDB
import BulkheadRESP

/// The payload of a DUMP, to be compared with others of the same key.
struct DumpedValue: Sendable {
    let payload: [UInt8]

    init(_ bytes: RESPBytes) { payload = Array(bytes) }
    init(_ payload: [UInt8]) { self.payload = payload }

    /// Payloads up to this are decoded to say how they differ: more takes too much memory.
    private static let largestExplained = 1 << 20
    /// Payloads above this that have no outline are compared by their bytes.
    private static let largestDecoded = 64 << 20

    /// Type and body, without the version and the checksum behind them.
    private var content: ArraySlice<UInt8> { payload.dropLast(DumpPayload.footerBytes) }

    /// What differs, in words that hold nothing of the value; nil if both hold the same to whoever reads them.
    ///
    /// - Parameter now: fields of a hash that end until then are no difference, in milliseconds since 1970: one side
    ///   may have removed them already.
    func difference(from other: DumpedValue, at now: Int64) -> String? {
        if content == other.content { return nil }
        guard let mine = outline(at: now), let others = other.outline(at: now) else {
            guard let mine = decoded, let others = other.decoded else { return "the values differ" }
            return mine.difference(from: others)
        }
        if mine == others { return nil }
        guard max(payload.count, other.payload.count) <= Self.largestExplained, let left = decoded,
            let right = other.decoded
        else { return mine.difference(from: others) }
        return left.live(at: now).difference(from: right.live(at: now)) ?? mine.difference(from: others)
    }

    /// True of a hash all of whose fields have ended by then: a server removes it with the last of them.
    func isOver(at now: Int64) -> Bool { outline(at: now)?.isOver == true }

    /// The same for values that are the same, whichever server dumped them.
    var digest: UInt64 {
        if let outline = outline(at: nil) { return outline.digest }
        return decoded?.canonicalDigest ?? content.withUnsafeBytes { CRC64(of: $0).value }
    }

    /// The payload as a server takes it that writes this version; throws where it does not know the type.
    func payload(for server: RDBVersion) throws(RDBViolation) -> [UInt8] {
        // What its own checksum does not fit is the server's to refuse.
        guard let parts = try? DumpPayload(payload), !parts.version.canBeRestored(on: server) else { return payload }
        return try parts.forServer(server).bytes
    }

    private var decoded: RDBValue? {
        payload.count <= Self.largestDecoded ? try? DumpPayload(payload).value() : nil
    }

    private func outline(at now: Int64?) -> RDBValueOutline? {
        guard let parts = try? DumpPayload(payload) else { return nil }
        return try? RDBValueOutline(type: parts.type, body: parts.body, version: parts.version, at: now)
    }
}
