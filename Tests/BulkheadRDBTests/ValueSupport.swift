import BulkheadRDB
import BulkheadRDBBodies

/// Bytes by their hex digits; blanks do not count.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A length of one byte and so many bytes.
func short(_ body: [UInt8]) -> [UInt8] { [UInt8(body.count)] + body }

func decode(
    _ type: RDBType, _ body: [UInt8], _ flavour: RDBVersion.Flavour = .redis,
    limits: RDBValueLimits = RDBValueLimits()
) throws(RDBViolation) -> RDBValue {
    try RDBValue(
        type: type, body: body[...], version: RDBVersion(flavour, flavour == .redis ? 12 : 80), limits: limits)
}

/// What is thrown, or nil if nothing is.
func violation(
    _ type: RDBType, _ body: [UInt8], _ flavour: RDBVersion.Flavour = .redis,
    limits: RDBValueLimits = RDBValueLimits()
) -> RDBViolation? {
    do {
        _ = try decode(type, body, flavour, limits: limits)
        return nil
    } catch {
        return error
    }
}
