import BulkheadRDB
import BulkheadRESP

/// The payload of a DUMP, to be compared with others of the same key.
struct DumpedValue: Sendable {
    let payload: [UInt8]

    init(_ bytes: RESPBytes) { payload = Array(bytes) }
    init(_ payload: [UInt8]) { self.payload = payload }

    /// Payloads above this are compared by their bytes before they are decoded, and have a digest of bytes.
    private static let largestDecoded = 64 << 20

    /// Type and body, without the version and the checksum behind them.
    private var content: ArraySlice<UInt8> { payload.dropLast(DumpPayload.footerBytes) }

    /// What differs, in words that hold nothing of the value; nil if both hold the same to whoever reads them.
    func difference(from other: DumpedValue) -> String? {
        if content == other.content { return nil }
        guard let mine = decoded, let others = other.decoded else { return "the values differ" }
        return mine.difference(from: others)
    }

    /// The same for values that are the same, whichever server dumped them.
    var digest: UInt64 {
        if payload.count <= Self.largestDecoded, let decoded { return decoded.canonicalDigest }
        return content.withUnsafeBytes { CRC64(of: $0).value }
    }

    /// The payload as a server takes it that writes this version; throws where it does not know the type.
    func payload(for server: RDBVersion) throws(RDBViolation) -> [UInt8] {
        // What its own checksum does not fit is the server's to refuse.
        guard let parts = try? DumpPayload(payload), !parts.version.canBeRestored(on: server) else { return payload }
        return try parts.forServer(server).bytes
    }

    private var decoded: RDBValue? { try? DumpPayload(payload).value() }
}
