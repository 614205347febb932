#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a backup is of and how it was made: the JSON file beside it, `knowledge.rdb.json`.
///
/// It is published before its file: so a file that is there always has its manifest, and a crash between the two
/// leaves a manifest without a file, which misleads nobody. Where a file is replaced, a crash between leaves the new
/// manifest beside the old file; `replaces` says that this one too is of the tool's own.
package struct BackupManifest: Codable, Sendable, Hashable {
    package struct Server: Codable, Sendable, Hashable {
        package var address: String
        package var version: String
        /// `redis` or `valkey`.
        package var flavour: String
        package var runID: String?
        package var replicationID: String?
        /// The point of the replication stream that a point-in-time snapshot is of.
        package var replicationOffset: Int?
        /// Of a replica that had no link to its primary: `down`. The backup holds nothing of what was written since.
        package var linkToPrimary: String?
        /// For how long; nil where the server does not say, and of one that never had a link.
        package var linkDownSeconds: Int?

        enum CodingKeys: String, CodingKey {
            case address, version, flavour
            case runID = "run_id"
            case replicationID = "replication_id"
            case replicationOffset = "replication_offset"
            case linkToPrimary = "link_to_primary"
            case linkDownSeconds = "link_down_seconds"
        }
    }

    package struct Database: Codable, Sendable, Hashable {
        package var name: String
        package var number: Int
        /// Its number inside the file.
        package var numberInFile: Int

        enum CodingKeys: String, CodingKey {
            case name, number
            case numberInFile = "number_in_file"
        }
    }

    /// The last eight bytes of a file and its length: they identify it without reading it all.
    package struct Content: Codable, Sendable, Hashable {
        package var bytes: Int
        /// The checksum in the file, 16 hexadecimal digits.
        package var crc64: String
    }

    package enum Consistency: String, Codable, Sendable {
        /// One moment of all databases.
        case pointInTime = "point-in-time"
        /// Each key as it was when its turn came, between start and end.
        case fuzzy
    }

    /// Identifies this JSON.
    package var format = Self.formatName
    package var tool: String
    package var server: Server
    package var database: Database
    /// The name of the file, beside which this stands.
    package var file: String
    package var rdbVersion: Int
    package var content: Content
    /// The file that this one took the place of.
    package var replaces: Content?
    /// Which keys of the database, as SCAN's MATCH has it; nil for all.
    package var pattern: String?
    package var keys: Int
    package var expiring: Int
    package var types: [String: Int]
    /// Libraries of functions, which belong to no database.
    package var functions: Int
    /// Bytes of data that modules keep beside the keys and that are not in the file, by type; nil for none, and where
    /// it was copied key by key, which shows no such data.
    package var moduleDataLeftOut: [String: Int]?
    /// Keys that are notes of a migration, interrupted or running, and are not in the file; nil for none.
    package var migrationNotesLeftOut: Int?
    package var consistency: Consistency
    /// Whether the stream of the server had a checksum that fitted: `ok`, or `absent`; nil for fuzzy ones.
    package var sourceChecksum: String?
    /// In UTC, as ISO 8601.
    package var startedAt: String
    /// When the server began the snapshot, by its own clock; nil for fuzzy ones.
    package var snapshotAt: String?
    package var endedAt: String

    package static let formatName = "bulkhead-backup-1"
    package static let suffix = ".json"
    /// A manifest has less than 2 KiB; a longer file is not one.
    static let mostBytes = 64 << 10

    enum CodingKeys: String, CodingKey {
        case format, tool, server, database, file, content, replaces, pattern, keys, expiring, types, functions
        case consistency
        case rdbVersion = "rdb_version"
        case moduleDataLeftOut = "module_data_left_out"
        case migrationNotesLeftOut = "migration_notes_left_out"
        case sourceChecksum = "source_checksum"
        case startedAt = "started_at"
        case snapshotAt = "snapshot_at"
        case endedAt = "ended_at"
    }

    /// The manifest beside the file at `path`; nil if there is none, or if that file is not a manifest.
    package static func beside(_ path: String) throws(ProgramFailure) -> BackupManifest? {
        guard let bytes = try FilePath.read(path + suffix, limit: mostBytes) else { return nil }
        let manifest = try? JSONDecoder().decode(BackupManifest.self, from: Data(bytes))
        return manifest?.format == formatName && manifest?.file == FilePath.split(path).name ? manifest : nil
    }

    /// As it stands beside the file.
    func json(_ program: String) throws(ProgramFailure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + Array("\n".utf8)
        } catch {
            throw ProgramFailure(.failed, "\(program): the manifest cannot be written as JSON: \(error)")
        }
    }

    /// True if the file at `path` is this manifest's, or the one that was there before and is ours as well.
    package func isOf(_ path: String) throws(ProgramFailure) -> Bool {
        guard let content = try Content(of: path) else { return false }
        return content == self.content || content == replaces
    }

    /// Those in the file, and the notes of a migration that are not.
    var allKeys: Int { keys + (migrationNotesLeftOut ?? 0) }

    /// True if it is of these keys of this database of this server.
    package func isOf(_ address: String, _ name: String, _ number: Int, pattern: String?) -> Bool {
        server.address == address && database.name == name && database.number == number && self.pattern == pattern
    }
}

extension BackupManifest.Content {
    /// Nil if there is no regular file of that name.
    init?(of path: String) throws(ProgramFailure) {
        guard case .file(let bytes)? = try FilePath.kind(path) else { return nil }
        guard bytes >= 8, let end = try FilePath.read(path, from: bytes - 8, limit: 8), end.count == 8 else {
            self.init(bytes: bytes, crc64: "")
            return
        }
        self.init(bytes: bytes, checksum: end)
    }

    /// With the eight bytes at the end of the file, the lowest first.
    init(bytes: Int, checksum: some Collection<UInt8>) {
        var digits: [UInt8] = []
        digits.append(hex: checksum.reversed())
        self.init(bytes: bytes, crc64: String(decoding: digits, as: UTF8.self))
    }
}

/// Moments as backups write them, in UTC.
package enum BackupTime {
    /// `2026-11-24T03:15:00Z`
    static func text(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle()) }

    /// `20261124T031500Z`, as it stands in names of files: sorts as time goes.
    static func nameText(_ date: Date) -> String { text(date).filter { $0 != "-" && $0 != ":" } }

    static func text(secondsSince1970 seconds: Int) -> String { text(Date(timeIntervalSince1970: Double(seconds))) }

    static var now: Date { Date() }
}
