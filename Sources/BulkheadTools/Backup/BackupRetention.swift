#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The backups of one database in a folder, as far as they are the tool's own: `knowledge-20261124T031500Z.rdb`, with
/// a manifest of the same server and database that fits the file. Everything else in the folder is somebody else's.
struct BackupRetention {
    let folder: String
    let address: String
    let name: String
    let number: Int
    /// Backups of some keys do not count among those of all.
    var pattern: String?

    /// The name of a backup that begins at `date`.
    static func fileName(_ name: String, _ date: Date) -> String { "\(name)-\(BackupTime.nameText(date)).rdb" }

    /// Those there are, oldest first. A file whose manifest does not fit it is not one.
    private func own() throws(ProgramFailure) -> [(path: String, worth: BackupWorth)] {
        var own: [(path: String, worth: BackupWorth)] = []
        for name in try FilePath.names(in: folder).sorted() where isOwnName(name, ending: ".rdb") {
            let path = folder + "/" + name
            guard let manifest = try ownManifest(path), try manifest.isOf(path) else { continue }
            own.append((path, BackupWorth(manifest)))
        }
        return own
    }

    /// The youngest there is; nil without any.
    func last() throws(ProgramFailure) -> BackupWorth? { try own().last?.worth }

    /// A backup that stays though it is old.
    struct Kept: Encodable {
        let path: String
        let keys: Int
        /// Keys that the backups which are kept anyway have at most.
        let mostOfYounger: Int

        private enum CodingKeys: String, CodingKey {
            case path, keys
            case mostOfYounger = "most_of_younger"
        }
    }

    /// What became of the backups of a folder.
    struct Outcome {
        /// The files that were deleted, oldest first.
        var gone: [String] = []
        var kept: Kept?
        /// Files whose names have a later time than the one just made. They stay, and do not count.
        var later: [String] = []
    }

    /// Deletes the oldest until `keep` are left, with their manifests, and says which files are gone. The youngest one
    /// that holds much more than each of those that are left stays too: somebody may have flushed by mistake.
    ///
    /// `made`, the name of the file just made, is always the youngest. A file with a later time is of another run, or
    /// of a clock that was wrong; if it counted, it would take the place of the one just made.
    ///
    /// The file goes first: what a crash leaves is then a manifest without a file, which the next run removes.
    func deleteAllBut(
        _ keep: Int, made: String, allowingSmaller: Bool = false
    ) throws(ProgramFailure) -> Outcome {
        let all = try own()
        let own = all.filter { FilePath.split($0.path).name <= made }
        var outcome = Outcome(later: all.dropFirst(own.count).map(\.path))
        var old = Array(own.dropLast(keep))
        let young = own.suffix(keep).map(\.worth)
        let most = BackupWorth(keys: young.map(\.keys).max() ?? 0, bytes: young.map(\.bytes).max() ?? 0)
        if !allowingSmaller, let last = old.lastIndex(where: { $0.worth.isMuchMore(than: most) }) {
            outcome.kept = Kept(path: old[last].path, keys: old[last].worth.keys, mostOfYounger: most.keys)
            old.remove(at: last)
        }
        outcome.gone = old.map(\.path)
        for path in outcome.gone {
            try FilePath.remove(path)
            try FilePath.remove(path + BackupManifest.suffix)
        }
        guard let oldestKept = own.suffix(keep).first?.path else { return outcome }
        let suffix = ".rdb" + BackupManifest.suffix
        for name in try FilePath.names(in: folder) where isOwnName(name, ending: suffix) {
            let path = folder + "/" + name.dropLast(BackupManifest.suffix.count)
            guard path < oldestKept, try FilePath.kind(path) == nil, let manifest = try ownManifest(path),
                manifest.endedAt < Self.lately
            else { continue }
            try FilePath.remove(path + BackupManifest.suffix)
        }
        try FilePath.synchronize(folder)
        return outcome
    }

    /// A manifest that was made since may be of a backup that is publishing its file just now.
    private static var lately: String { BackupTime.text(BackupTime.now - 3_600) }

    private func ownManifest(_ path: String) throws(ProgramFailure) -> BackupManifest? {
        guard let manifest = try BackupManifest.beside(path) else { return nil }
        return manifest.isOf(address, name, number, pattern: pattern) ? manifest : nil
    }

    private func isOwnName(_ file: String, ending suffix: String) -> Bool {
        Self.isName(file, of: name, ending: suffix)
    }

    /// Whether a file of a folder is called as the backups of a database are.
    static func isName(_ file: String, of name: String, ending suffix: String = ".rdb") -> Bool {
        guard file.hasPrefix(name + "-"), file.hasSuffix(suffix) else { return false }
        let time = file.dropFirst(name.count + 1).dropLast(suffix.count)
        // 20261124T031500Z
        return time.count == 16
            && time.enumerated().allSatisfy { index, character in
                switch index {
                case 8: character == "T"
                case 15: character == "Z"
                default: character.isASCII && character.isNumber
                }
            }
    }
}
