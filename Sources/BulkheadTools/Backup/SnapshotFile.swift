import BulkheadRDB

/// A snapshot on its way to the disk, and what the manifest says of it.
final class SnapshotFile {
    let file: NewFile
    /// The last bytes written, which in the end are the checksum.
    private var end: [UInt8] = []

    static let checksumBytes = 8

    init(at path: String) throws(ProgramFailure) {
        file = try NewFile(at: path)
    }

    func write(_ block: [UInt8]) throws(ProgramFailure) {
        end = Array((end.suffix(Self.checksumBytes) + block.suffix(Self.checksumBytes)).suffix(Self.checksumBytes))
        try block.span.withUnsafeBytes { bytes throws(ProgramFailure) in try file.write(bytes) }
    }

    var content: BackupManifest.Content { BackupManifest.Content(bytes: file.count, checksum: end) }
}

/// A whole snapshot of one database, written and on the disk, that has no name yet.
struct MadeSnapshot {
    let file: SnapshotFile
    let version: RDBVersion
    let keys: Int
    let expiring: Int
    let types: [String: Int]
    let functions: Int
    /// Bytes of data of modules beside the keys that are not in the file, by type.
    var moduleDataLeftOut: [String: Int] = [:]
    /// Notes of a migration that are not in the file.
    var notesLeftOut = 0
}
