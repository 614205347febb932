#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

import Bulkhead
import BulkheadConsole

/// The room there is for backups, looked at before the server is asked to fork.
struct BackupRoom {
    let folder: String
    /// Bytes that this user may still write there.
    let free: Int
    /// Bytes of the last backups of the same databases, together; nil if one of them has none.
    let last: Int?

    /// With less there is no use in beginning.
    private static let least = 1 << 20

    init(folder: String, free: Int, last: Int?) {
        self.folder = folder
        self.free = free
        self.last = last
    }

    /// Of the files of one server, which go into one folder. Throws if that is missing.
    init(of items: [BackupPlan.Item], pattern: String?) throws(ProgramFailure) {
        folder = FilePath.split(items[0].path).folder
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw FilePath.failure("looking at \(folder)", errno) }
        let (bytes, isOver) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize))
        free = isOver ? .max : bytes
        var last: Int? = 0
        for item in items {
            let retention = BackupRetention(
                folder: folder, address: item.address, name: item.entry.name.text, number: item.entry.number,
                pattern: pattern)
            var before = item.former?.content.bytes
            if before == nil { before = try retention.last()?.bytes }
            guard let bytes = before else {
                last = nil
                break
            }
            last = last.map { $0 + bytes }
        }
        self.last = last
    }

    /// Why it is no use to begin; nil if it may be. A backup of less than half of the last one would not be taken for
    /// its successor anyway.
    ///
    /// - Parameter dataset: as in ``doubt(dataset:)``.
    func obstacle(dataset: Int?) -> String? {
        guard free < max(Self.least, (last ?? 0) / 2) else { return nil }
        let known = last ?? dataset ?? 0
        let needed =
            known <= Self.least
            ? "at least \(Units.bytes(Self.least))"
            : "about \(Units.bytes(known)), \(last == nil ? "going by the server's data" : "as the last one had")"
        return "\(folder) has \(Units.bytes(free)) of room, and a backup needs \(needed)"
    }

    /// What may turn out to be too little; nil if nothing speaks for that.
    ///
    /// - Parameter dataset: bytes that the server's data takes in its memory, nil if it does not say: a file is
    ///   smaller, by how much nobody knows.
    func doubt(dataset: Int?) -> String? {
        if let last, free < last {
            return "\(folder) has \(Units.bytes(free)) of room, and the last backup has \(Units.bytes(last))."
        }
        guard last == nil, let dataset, free < dataset else { return nil }
        return "\(folder) has \(Units.bytes(free)) of room, and the server's data takes \(Units.bytes(dataset)) of "
            + "memory; a file is smaller, by an unknown amount."
    }

    func look(
        at facts: ServerFacts, _ say: (String) -> Void, _ program: String
    ) throws(ProgramFailure) {
        let dataset = facts.number("used_memory_dataset")
        if let obstacle = obstacle(dataset: dataset) {
            throw ProgramFailure(
                .ioFailed,
                "\(program): \(obstacle): make room or name another folder. The server was not asked for a snapshot.")
        }
        if let doubt = doubt(dataset: dataset) { say(doubt) }
    }
}
