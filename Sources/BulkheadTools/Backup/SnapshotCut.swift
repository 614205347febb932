import Bulkhead
import BulkheadRDB

/// Cuts databases out of one snapshot of their server while it comes, each into a file.
///
/// ```
/// socket ─256 KiB─▶ RDBFilter ─▶ writer of knowledge ─256 KiB─▶ file
///                        └─────▶ writer of prompts   ─256 KiB─▶ file
/// ```
/// What is held is a block, and of each database what has not been written yet: memory does not grow with the data.
struct SnapshotCut {
    /// One database, and where it goes.
    struct Target {
        let number: Int
        let numberInFile: Int
        let path: String
        let hasFunctions: Bool
        /// Which keys; nil for all.
        var pattern: KeyPattern?
    }

    struct Outcome {
        /// One for each target, in their order.
        let made: [MadeSnapshot]
        /// What the source says of itself.
        let source: RDBSummary
        let checksum: RDBChecksum
    }

    /// Bytes asked from the socket at once, and gathered before a write.
    static let blockBytes = 256 << 10

    /// How the program is called in failures.
    let program: String
    let targets: [Target]
    /// One for each target, in their order; they have no names yet.
    let files: [SnapshotFile]
    /// Is called with how many bytes have come, and how many keys of all databases.
    let progress: (_ bytes: Int, _ keys: Int) -> Void

    /// Reads the snapshot to its end, writes the files and has them on the disk; they have no names yet.
    ///
    /// Throws, and leaves no file, if the snapshot is cut, damaged or of an unknown kind, or does not end where its
    /// server said it would; and if a file cannot be written.
    func run(_ transfer: RedisSnapshotTransfer) throws(Failure) -> Outcome {
        var filter = RDBFilter(
            targets.map { target in
                RDBFilter.Cut(
                    target.number, as: target.numberInFile, hasFunctions: target.hasFunctions,
                    keeps: target.pattern.map { pattern in { pattern.matches($0) } },
                    leavingOut: HandoverNotes.prefix)
            })
        var ending = SnapshotEnding(transfer.framing)
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 16)
        defer { space.deallocate() }
        var block: [UInt8] = []
        var received = 0
        do {
            while !ending.isWhole {
                let count = try transfer.read(into: space) { !Interruption.isRequested }
                if count == 0 { break }
                guard !Interruption.isRequested else { throw stopped }
                received += count
                let behind = try filter.feed(UnsafeRawBufferPointer(rebasing: space[..<count]))
                ending.take(space[(count - behind)..<count])
                for (cut, file) in zip(files.indices, files) where filter.pendingBytes(of: cut) >= Self.blockBytes {
                    filter.take(cut, into: &block)
                    try file.write(block)
                }
                progress(received, filter.keys)
            }
            try filter.finish()
        } catch let violation as RDBViolation {
            throw failure("\(violation)")
        } catch let error as RedisError {
            if error.code == .cancelled { throw Failure(stopped) }
            throw Failure(ProgramFailure(error, of: program), ofServer: error.message)
        } catch let error as ProgramFailure {
            throw Failure(error)
        } catch {
            throw failure("\(error)")
        }
        if let contradiction = ending.contradiction { throw failure(contradiction) }
        guard let version = filter.version, let checksum = filter.checksum else { throw failure("it has no end") }
        for (cut, file) in zip(files.indices, files) {
            filter.take(cut, into: &block)
            do throws(ProgramFailure) {
                try file.write(block)
                try file.file.finish()
            } catch {
                throw Failure(error)
            }
        }
        let made = files.indices.map { cut in
            let result = filter.results[cut]
            return MadeSnapshot(
                file: files[cut], version: version, keys: result.tally.keys, expiring: result.tally.expires,
                types: result.tally.types, functions: result.functions,
                moduleDataLeftOut: filter.moduleDataLeftOut(of: cut), notesLeftOut: result.leftOut)
        }
        return Outcome(made: made, source: filter.source, checksum: checksum)
    }

    private var stopped: ProgramFailure { .backupStopped(program) }

    /// Why there is no file: for want of a whole snapshot, or of this side's own.
    struct Failure: Error {
        let failure: ProgramFailure
        /// What is wrong with the snapshot; empty if nothing is.
        let reason: String

        init(_ failure: ProgramFailure, ofServer reason: String = "") {
            self.failure = failure
            self.reason = reason
        }

        /// True if another way of asking the server may do.
        var isOfServer: Bool { !reason.isEmpty }
    }

    private func failure(_ reason: String) -> Failure {
        Failure(
            ProgramFailure(
                .failed,
                "\(program): the server's snapshot is not whole: \(reason). No file was made; the server's log may "
                    + "say why."),
            ofServer: "it is not whole: \(reason)")
    }
}

extension ProgramFailure {
    static func backupStopped(_ program: String) -> ProgramFailure {
        ProgramFailure(.failed, "\(program): stopped; no file was made. Run the same command again.")
    }
}

extension RDBFilter {
    /// Bytes written of a cut and not taken yet.
    fileprivate func pendingBytes(of cut: Int) -> Int { results.isEmpty ? 0 : results[cut].writer.pending }
}

/// Whether what stands behind the snapshot is what the server said would: a pure machine.
struct SnapshotEnding {
    private let framing: RedisSnapshotTransfer.Framing
    private var behind: [UInt8] = []

    init(_ framing: RedisSnapshotTransfer.Framing) { self.framing = framing }

    /// Takes the next bytes behind the end of the snapshot.
    mutating func take(_ bytes: Slice<UnsafeMutableRawBufferPointer>) {
        behind += bytes.prefix(wanted - behind.count)
    }

    /// One byte more than a mark has is enough to see that there are too many.
    private var wanted: Int {
        switch framing {
        case .length: 1
        case .mark(let mark): mark.count
        }
    }

    /// True when there is nothing more to wait for. Behind a length the connection itself ends.
    var isWhole: Bool {
        if case .mark(let mark) = framing { behind.count == mark.count } else { false }
    }

    /// What is wrong once all has come; nil if nothing is.
    var contradiction: String? {
        switch framing {
        case .length(let length):
            behind.isEmpty ? nil : "it ends before the \(length) bytes that were announced"
        case .mark(let mark):
            behind == mark ? nil : "the bytes behind it are not the end mark that was announced"
        }
    }
}
