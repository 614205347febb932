/// The bytes that begin a record that is not a key.
enum RDBOpcode {
    /// From here on there are no types.
    static let lowest: UInt8 = 242
    /// Redis 8.10: the names of fields that hashes have in common.
    static let hashTemplate: UInt8 = 242
    /// Redis 8.6: what modules have attached to the key that follows.
    static let keyMetadata: UInt8 = 243
    /// Valkey 9.0: a slot that is being imported; the number that Redis uses otherwise.
    static let slotImport: UInt8 = 243
    static let slotInfo: UInt8 = 244
    static let function: UInt8 = 245
    static let moduleAux: UInt8 = 247
    static let idle: UInt8 = 248
    static let frequency: UInt8 = 249
    static let aux: UInt8 = 250
    static let resizeDatabase: UInt8 = 251
    static let expiryMilliseconds: UInt8 = 252
    static let expirySeconds: UInt8 = 253
    static let selectDatabase: UInt8 = 254
    static let end: UInt8 = 255
}

/// Types and opcodes that are known and not read, by what they are; nil for those nobody has written.
///
/// How long such a record is, only its layout tells. What no source tells is not guessed.
func refusedRecord(_ code: UInt8, of flavour: RDBVersion.Flavour) -> String? {
    switch (code, flavour) {
    case (6, _): "a module value of a release candidate of Redis 4.0"
    case (23, .valkey): "a path hash of Valkey 9.2"
    case (33, .redis): "a rate limiter of Redis 8.10"
    case (242, .valkey): "an update of Valkey 9.2"
    case (246, _): "functions of a release candidate of Redis 7.0"
    default: nil
    }
}
