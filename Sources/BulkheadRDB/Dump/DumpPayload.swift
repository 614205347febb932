/// What `DUMP` gives and `RESTORE` takes: one value, without its key, time to live or database.
///
/// ```
/// ┌──────┬──────┬─────────────┬───────────┐
/// │ type │ body │ version u16 │ CRC64 u64 │   little-endian; the checksum is of all before it
/// └──────┴──────┴─────────────┴───────────┘
/// ```
///
/// The type and body are those of the value's record in a snapshot, byte for byte. Source: `createDumpPayload` and
/// `verifyDumpPayload` in `src/cluster.c` of Redis.
package struct DumpPayload: Sendable, Hashable {
    package let type: RDBType
    package let body: ArraySlice<UInt8>
    package let version: RDBVersion

    /// Bytes behind the body.
    package static let footerBytes = 10

    package init(type: RDBType, body: ArraySlice<UInt8>, version: RDBVersion) {
        self.type = type
        self.body = body
        self.version = version
    }

    /// Takes a payload apart and checks its checksum.
    ///
    /// Does not look into the body. Throws ``RDBViolation`` for a payload that is too short or has another checksum,
    /// and for one that begins with the metadata of a key, which Redis 8.6 and newer may write.
    package init(_ payload: [UInt8]) throws(RDBViolation) {
        guard let first = payload.first, payload.count > Self.footerBytes else {
            throw RDBViolation(
                .truncated, at: payload.count, "a DUMP payload has more than \(Self.footerBytes) bytes")
        }
        let end = payload.count - Self.footerBytes
        var footer = ByteReader(payload[end...], start: end)
        let number = try footer.littleEndian(UInt16.self)
        let unread = footer
        let checksum = try footer.littleEndian(UInt64.self)
        let covered = payload[..<(end + 2)].withUnsafeBytes { CRC64(of: $0).value }
        guard checksum == covered else {
            throw RDBViolation(
                .wrongChecksum, at: unread.offset, "the checksum of the DUMP payload does not match its bytes")
        }
        guard first != Self.keyMetadata else {
            throw RDBViolation(
                .unknownType, at: 0,
                "the payload begins with the metadata of a key (KEY_META, 243, of Redis 8.6), which is not read")
        }
        self.init(type: RDBType(rawValue: first), body: payload[1..<end], version: RDBVersion(ofDump: Int(number)))
    }

    /// Before the type where a module attached something to the key.
    private static let keyMetadata: UInt8 = 243

    /// The payload as `RESTORE` takes it.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + body.count + Self.footerBytes)
        bytes.append(type.rawValue)
        bytes.append(contentsOf: body)
        withUnsafeBytes(of: UInt16(truncatingIfNeeded: version.number).littleEndian) { bytes.append(contentsOf: $0) }
        let checksum = bytes.withUnsafeBytes { CRC64(of: $0).value }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// What the payload holds.
    package func value(limits: RDBValueLimits = RDBValueLimits()) throws(RDBViolation) -> RDBValue {
        do {
            return try RDBValue(type: type, body: body, version: version, limits: limits)
        } catch {
            // Counted from the type byte on.
            throw RDBViolation(error.kind, at: error.offset + 1, error.message)
        }
    }
}
