#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import Bulkhead
import BulkheadRDB

/// Which databases go into which files, checked before a server is asked for anything.
struct BackupPlan {
    /// One database and its file.
    struct Item {
        let entry: DatabaseEntry
        /// Where its server listens.
        let address: String
        let path: String
        /// The backup that is there and may be replaced; nil if nothing is there.
        let former: BackupManifest?
        /// True if what is there under both names is replaced.
        let replaces: Bool
    }

    let items: [Item]
    /// Set where files are named by name and time.
    let folder: String?
    let startedAt: Date

    /// Items by server: each server gives one snapshot for all of its own.
    var byServer: [[Item]] {
        var order: [String] = []
        for item in items where !order.contains(item.address) { order.append(item.address) }
        return order.map { address in items.filter { $0.address == address } }
    }

    /// Whether a file is called so by this plan, or was by an earlier one for the same database; or its manifest is.
    func isName(_ name: String, ofFileOf item: Item) -> Bool {
        let file = name.hasSuffix(BackupManifest.suffix) ? String(name.dropLast(BackupManifest.suffix.count)) : name
        return file == FilePath.split(item.path).name
            || folder != nil && BackupRetention.isName(file, of: item.entry.name.text)
    }

    /// Throws a wrong call, a missing folder, or a refusal to overwrite what is not the tool's own.
    init(
        _ entries: [DatabaseEntry], to destination: String, in databases: RedisDatabases, replacing: Bool,
        pattern: String? = nil, _ arguments: Arguments
    ) throws(ProgramFailure) {
        let program = arguments.program
        startedAt = BackupTime.now
        let isFolder: Bool
        switch try FilePath.kind(destination) {
        case .folder: isFolder = true
        case .other: throw arguments.refused("\(destination) is neither a file nor a folder")
        case .file, nil: isFolder = false
        }
        if !isFolder { try FilePath.refuseLink(destination, arguments) }
        guard isFolder || !destination.hasSuffix("/") else {
            throw ProgramFailure(.ioFailed, "\(program): there is no folder \(destination): make it first")
        }
        guard isFolder || entries.count == 1 else {
            throw arguments.refused("several databases go into a folder that is there, and \(destination) is none")
        }
        folder = isFolder ? destination : nil
        var items: [Item] = []
        for entry in entries {
            let address: String
            do throws(RedisError) {
                address = try databases[entry.name].address
            } catch {
                throw arguments.refused(error.message)
            }
            if let other = items.first(where: { $0.address == address && $0.entry.number == entry.number }) {
                throw arguments.refused(
                    "\(other.entry.name) and \(entry.name) are both number \(entry.number): name one")
            }
            if isFolder {
                let path = try Self.newPath(in: destination, entry.name.text, startedAt)
                items.append(Item(entry: entry, address: address, path: path, former: nil, replaces: false))
                continue
            }
            let path = destination
            let former = try Self.former(at: path, entry, address, replacing, pattern, program)
            // A manifest without a file is what a crash leaves; nothing is lost with it.
            let hasManifest = try BackupManifest.beside(path) != nil
            items.append(
                Item(entry: entry, address: address, path: path, former: former, replaces: replacing || hasManifest))
        }
        self.items = items
        for items in byServer where items.count > RDBFilter.mostCuts {
            throw arguments.refused(
                "\(items.count) databases of \(items[0].address), and \(RDBFilter.mostCuts) are cut out of one "
                    + "snapshot at most: back up the others in a separate call")
        }
    }

    /// A name in a folder that nothing has, and no manifest is of: that of the time, or of the next free second where
    /// other backups were made in the same one.
    static func newPath(in folder: String, _ name: String, _ date: Date) throws(ProgramFailure) -> String {
        let folder = folder + (folder.hasSuffix("/") ? "" : "/")
        var date = date
        while true {
            let path = folder + BackupRetention.fileName(name, date)
            if try !FilePath.isTaken(path), try !FilePath.isTaken(path + BackupManifest.suffix) { return path }
            date += 1
        }
    }

    /// The path itself where it is a folder or nothing is there; else one beside the file, with the time in its name.
    static func unusedPath(_ path: String) throws(ProgramFailure) -> String {
        guard case .file? = try FilePath.kind(path) else { return path }
        let (folder, name) = FilePath.split(path)
        let stem = name.hasSuffix(".rdb") ? String(name.dropLast(4)) : name
        let beside = (path.contains("/") ? folder + "/" : "") + BackupRetention.fileName(stem, BackupTime.now)
        guard try FilePath.kind(beside) == nil else {
            throw ProgramFailure(
                .found, "bulkhead flush: nothing was removed: \(path) and \(beside) are there; name another file")
        }
        return beside
    }

    /// The manifest of what is there and may be replaced.
    private static func former(
        at path: String, _ entry: DatabaseEntry, _ address: String, _ replacing: Bool, _ pattern: String?,
        _ program: String
    ) throws(ProgramFailure) -> BackupManifest? {
        let manifest = try BackupManifest.beside(path)
        func refusal(_ reason: String) -> ProgramFailure {
            ProgramFailure(
                .found, "\(program): nothing was done: \(reason); name another file, or use --replace")
        }
        switch try FilePath.kind(path) {
        case nil:
            let beside = path + BackupManifest.suffix
            if manifest == nil, !replacing, try FilePath.kind(beside) != nil || FilePath.linkTarget(beside) != nil {
                throw refusal("\(beside) is there and is no manifest of this tool")
            }
            return nil
        case .file where replacing: return try manifest?.isOf(path) == true ? manifest : nil
        case .file:
            guard let manifest, try manifest.isOf(path) else {
                throw refusal("\(path) is there, and no manifest says that it is a backup of this tool")
            }
            guard manifest.isOf(address, entry.name.text, entry.number, pattern: pattern) else {
                let keys = manifest.pattern.map { "keys like \($0) of " } ?? ""
                throw refusal(
                    "\(path) is a backup of \(keys)\(manifest.database.name) (number \(manifest.database.number)) of "
                        + "\(manifest.server.address)")
            }
            return manifest
        case .folder, .other: throw refusal("\(path) is there and is no file")
        }
    }
}
