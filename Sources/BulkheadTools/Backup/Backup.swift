#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import Bulkhead
import BulkheadConsole
import BulkheadRDB

/// Makes the files of a plan: fetches, cuts, writes, publishes, and deletes what is old.
struct Backup {
    enum Method: String, CaseIterable {
        /// SYNC, and where the server does not permit it, key by key.
        case auto
        case sync
        case scan
    }

    struct Options {
        var method = Method.auto
        /// The number in the files; nil for that of the database.
        var numberInFile: Int?
        var hasFunctions = false
        var isReplacing = false
        /// A backup that holds much more may go for one that holds less.
        var allowsSmaller = false
        /// Which keys; nil for all.
        var pattern: KeyPattern?
        /// Files that are kept of each database, the new one among them; nil for all.
        var keep: Int?
        var pace = RedisPace.considerate
        /// How long the server may take until its snapshot begins.
        var wait = Self.usualWait
        var silence = RedisSnapshotTransfer.silenceLimit

        /// Longer than a server needs to end another snapshot or rewrite of some 100 GB.
        static let usualWait = Duration.seconds(600)
    }

    struct Report: Encodable {
        struct File: Encodable {
            let path: String
            let manifest: BackupManifest
            /// Where the plan had it.
            fileprivate let item: String

            private enum CodingKeys: String, CodingKey { case path, manifest }
        }

        var files: [File] = []
        var deleted: [String] = []
        /// Backups that are kept beyond what was asked for, because none of the younger ones holds as much.
        var kept: [BackupRetention.Kept] = []
        /// Backups with a later time in their names than the one just made.
        var later: [String] = []
        /// Databases without a key that fits the pattern: no file was made of them.
        var unmatched: [String] = []
        /// What went wrong with the other servers.
        var failed: [String] = []
        /// Of the first of those.
        var exitCode = ExitCode.done

        private enum CodingKeys: String, CodingKey { case files, deleted, kept, later, unmatched, failed }
    }

    let program: String
    let databases: RedisDatabases
    let plan: BackupPlan
    let options: Options
    /// Words that are said whether there is progress or not.
    let say: (String) -> Void
    /// Makes a bar for a number of things, or for an unknown one.
    let bar: (_ total: Int?, _ unit: String) -> WorkProgress
    let isQuiet: Bool

    /// A server that fails does not keep the others from being backed up: what went wrong there stands in the report.
    /// Throws if all fail, or it was asked to stop; what was published before that stays, and is said.
    func run() async throws(ProgramFailure) -> Report {
        var report = Report()
        for items in plan.byServer {
            do throws(ProgramFailure) {
                try await back(items, &report)
            } catch {
                let error = error.named(program)
                report.failed.append(error.message ?? program)
                if report.exitCode == .done { report.exitCode = error.exitCode }
                guard report.failed.count == plan.byServer.count || Interruption.isRequested else { continue }
                if !report.files.isEmpty {
                    say("Made before it failed: \(report.files.map(\.path).joined(separator: ", ")).")
                }
                throw ProgramFailure(report.exitCode, report.failed.joined(separator: "\n"))
            }
        }
        guard let folder = plan.folder, let keep = options.keep else { return report }
        for item in plan.items {
            guard let made = report.files.first(where: { $0.item == item.path }) else { continue }
            let retention = BackupRetention(
                folder: folder, address: item.address, name: item.entry.name.text, number: item.entry.number,
                pattern: options.pattern?.text)
            let outcome = try retention.deleteAllBut(
                keep, made: FilePath.split(made.path).name, allowingSmaller: options.allowsSmaller)
            report.deleted += outcome.gone
            report.later += outcome.later
            if let kept = outcome.kept { report.kept.append(kept) }
        }
        return report
    }

    private func back(_ items: [BackupPlan.Item], _ report: inout Report) async throws(ProgramFailure) {
        for item in items {
            NewFile.removeLeftOver(in: FilePath.split(item.path).folder) { plan.isName($0, ofFileOf: item) }
            // Where no file can be made the server need not fork for its snapshot. It goes with this line.
            _ = try NewFile(at: item.path)
        }
        let facts = try await facts(of: items[0])
        if let lag = facts.lag {
            say("\(items[0].address) \(lag): the backup holds nothing that was written there since.")
        }
        try BackupRoom(of: items, pattern: options.pattern?.text).look(at: facts, say, program)
        let startedAt = BackupTime.now
        var made: [MadeSnapshot] = []
        var outcome: SnapshotCut.Outcome?
        if facts.isWholeCluster {
            guard options.method != .sync else {
                throw ProgramFailure(
                    .failed,
                    "\(program): \(items[0].entry.name) lives in a cluster, whose servers have no snapshot in common: "
                        + "leave out --method sync")
            }
            if !isQuiet { sayFuzzy("\(items[0].entry.name) lives in a cluster.") }
        } else if options.method != .scan {
            outcome = try fetch(items, facts)
        }
        if let outcome {
            made = outcome.made
        } else {
            for item in items { made.append(try await copy(item, facts)) }
        }
        let endedAt = BackupTime.now
        for (item, snapshot) in zip(items, made) {
            // Most likely it is not the pattern that was meant.
            if options.pattern != nil, snapshot.keys == 0, snapshot.functions == 0 {
                report.unmatched.append(item.entry.name.text)
                continue
            }
            let manifest = manifest(item, snapshot, facts, outcome, startedAt, endedAt)
            report.files.append(try publish(snapshot, manifest, item))
        }
    }

    private func facts(of item: BackupPlan.Item) async throws(ProgramFailure) -> ServerFacts {
        do throws(RedisError) {
            let facts = try await ServerFacts(of: try databases[item.entry.name])
            if let obstacle = facts.clusterObstacle(
                item.entry.name, at: item.address, "a backup of it",
                remedy: "Save what each node has: redis-cli --cluster backup ADDRESS FOLDER")
            {
                throw obstacle
            }
            return facts
        } catch {
            throw error.isOfInterruption ? ProgramFailure.backupStopped(program) : ProgramFailure(error, of: program)
        }
    }

    private func target(_ item: BackupPlan.Item) -> SnapshotCut.Target {
        SnapshotCut.Target(
            number: item.entry.number, numberInFile: options.numberInFile ?? item.entry.number, path: item.path,
            hasFunctions: options.hasFunctions, pattern: options.pattern)
    }

    // MARK: The two ways

    /// Cuts the files out of one snapshot; nil if the server's own fails and there is another way.
    private func fetch(
        _ items: [BackupPlan.Item], _ facts: ServerFacts
    ) throws(ProgramFailure) -> SnapshotCut.Outcome? {
        let transfer: RedisSnapshotTransfer
        let name = items[0].entry.name
        // A folder that takes no file is found out before the server forks.
        var files: [SnapshotFile] = []
        for item in items { files.append(try SnapshotFile(at: item.path)) }
        var isWaiting = false
        let begin = ContinuousClock.now
        do throws(RedisError) {
            transfer = try databases.snapshotTransfer(
                of: name, announcing: facts.isValkey ? facts.version : nil, wait: options.wait, silence: options.silence
            ) {
                if !isWaiting, ContinuousClock.now - begin > .seconds(1) {
                    isWaiting = true
                    if !isQuiet { say("Waiting for the server's snapshot.") }
                }
                return !Interruption.isRequested
            } isOver: {
                Interruption.isRequested
            }
        } catch {
            if error.code == .cancelled || Interruption.isRequested { throw ProgramFailure.backupStopped(program) }
            guard options.method == .auto else { throw ProgramFailure(error, of: program) }
            sayFuzzy("The server does not give a snapshot (\(error.message)).")
            return nil
        }
        var length: Int?
        if case .length(let bytes) = transfer.framing { length = bytes }
        // A snapshot that goes straight to the socket has no length; then its keys are counted.
        let keys = length == nil && facts.knowsKeyspace ? facts.allKeys : nil
        let bar = keys == nil ? bar(length, "B") : bar(keys, "keys")
        defer { bar.end() }
        let cut = SnapshotCut(program: program, targets: items.map(target), files: files) {
            bar.update(done: keys == nil ? $0 : $1)
        }
        do throws(SnapshotCut.Failure) {
            return try cut.run(transfer)
        } catch {
            guard error.isOfServer, options.method == .auto else { throw error.failure }
            bar.end()
            sayFuzzy("The server's snapshot failed: \(error.reason).")
            return nil
        }
    }

    private func sayFuzzy(_ reason: String) {
        say(
            "\(reason) Copying key by key: the backup is fuzzy, because its keys are "
                + "read at different moments.")
    }

    private func copy(_ item: BackupPlan.Item, _ facts: ServerFacts) async throws(ProgramFailure) -> MadeSnapshot {
        let bar = bar(facts.keyspace[item.entry.number]?.keys, "keys")
        defer { bar.end() }
        let database: RedisDatabase
        do throws(RedisError) {
            database = try databases[item.entry.name]
        } catch {
            throw ProgramFailure(error, of: program)
        }
        let copy = KeyByKeyCopy(
            program: program, database: database, facts: facts, target: target(item),
            pace: options.pace
        ) { bar.update(done: $0) }
        return try await copy.run()
    }

    // MARK: Publishing

    private func publish(
        _ snapshot: MadeSnapshot, _ manifest: BackupManifest, _ item: BackupPlan.Item
    ) throws(ProgramFailure) -> Report.File {
        if let folder = plan.folder { return try publish(snapshot, manifest, item, inFolder: folder) }
        if let former = item.former, !options.allowsSmaller,
            BackupWorth(former).isMuchMore(than: BackupWorth(manifest))
        {
            throw ProgramFailure(
                .found,
                "\(program): \(item.entry.name) has \(Units.counted(snapshot.keys, "key")) "
                    + "(\(Units.bytes(manifest.content.bytes)) in a file), and the backup at \(item.path) has "
                    + "\(Units.grouped(former.keys)) (\(Units.bytes(former.content.bytes))): it was left as it is; "
                    + "use --allow-smaller to replace it, or name another file")
        }
        // Its manifest first: a file that is there always has one.
        try file(manifest, of: item.path).publish(replacing: item.replaces)
        do throws(ProgramFailure) {
            try snapshot.file.file.publish(replacing: item.replaces)
        } catch {
            // Of a file that is not there it would say that it may be replaced.
            if !item.replaces { try? FilePath.remove(item.path + BackupManifest.suffix) }
            throw error
        }
        return Report.File(path: item.path, manifest: manifest, item: item.path)
    }

    /// Another run may have taken the name since it was chosen. The manifest is what decides whose it is.
    private func publish(
        _ snapshot: MadeSnapshot, _ manifest: BackupManifest, _ item: BackupPlan.Item, inFolder folder: String
    ) throws(ProgramFailure) -> Report.File {
        var (path, manifest) = (item.path, manifest)
        while true {
            manifest.file = FilePath.split(path).name
            let suffixed = path + BackupManifest.suffix
            if try file(manifest, of: path).publish(asNew: suffixed) {
                do throws(ProgramFailure) {
                    if try snapshot.file.file.publish(asNew: path) {
                        return Report.File(path: path, manifest: manifest, item: item.path)
                    }
                } catch {
                    try? FilePath.remove(suffixed)
                    throw error
                }
                try FilePath.remove(suffixed)
            }
            path = try BackupPlan.newPath(in: folder, item.entry.name.text, plan.startedAt)
        }
    }

    /// The manifest of a file at `path`, written and on the disk, without its name.
    private func file(_ manifest: BackupManifest, of path: String) throws(ProgramFailure) -> NewFile {
        let file = try NewFile(at: path + BackupManifest.suffix)
        let json = try manifest.json(program)
        try json.span.withUnsafeBytes { bytes throws(ProgramFailure) in try file.write(bytes) }
        try file.finish()
        return file
    }

    private func manifest(
        _ item: BackupPlan.Item, _ snapshot: MadeSnapshot, _ facts: ServerFacts, _ outcome: SnapshotCut.Outcome?,
        _ startedAt: Date, _ endedAt: Date
    ) -> BackupManifest {
        let aux = outcome?.source.aux ?? [:]
        let isValkey = aux["valkey-ver"] != nil || facts.isValkey
        return BackupManifest(
            tool: "bulkhead \(BulkheadProgram.version)",
            server: BackupManifest.Server(
                address: item.address, version: aux["valkey-ver"] ?? aux["redis-ver"] ?? facts.version,
                flavour: isValkey ? "valkey" : "redis", runID: facts.info["run_id"], replicationID: aux["repl-id"],
                replicationOffset: aux["repl-offset"].flatMap { Int($0) },
                linkToPrimary: facts.hasNoLink ? "down" : nil, linkDownSeconds: facts.secondsWithoutLink),
            database: BackupManifest.Database(
                name: item.entry.name.text, number: item.entry.number,
                numberInFile: options.numberInFile ?? item.entry.number),
            file: FilePath.split(item.path).name, rdbVersion: snapshot.version.number,
            content: snapshot.file.content, replaces: item.former?.content,
            pattern: options.pattern?.text,
            keys: snapshot.keys, expiring: snapshot.expiring, types: snapshot.types, functions: snapshot.functions,
            moduleDataLeftOut: snapshot.moduleDataLeftOut.isEmpty ? nil : snapshot.moduleDataLeftOut,
            migrationNotesLeftOut: snapshot.notesLeftOut > 0 ? snapshot.notesLeftOut : nil,
            consistency: outcome == nil ? .fuzzy : .pointInTime, sourceChecksum: outcome?.checksum.rawValue,
            startedAt: BackupTime.text(startedAt),
            snapshotAt: aux["ctime"].flatMap { Int($0) }.map { BackupTime.text(secondsSince1970: $0) },
            endedAt: BackupTime.text(endedAt))
    }
}
