import BulkheadConsole
import BulkheadRDB

/// What is in a snapshot file, read to its end: it is whole, and its checksum is right or absent.
struct SnapshotSurvey: Sendable {
    let path: String
    /// The file that was read, for further passes.
    let file: InputFile
    let summary: RDBSummary
    let version: RDBVersion
    /// Notes of migrations among the keys, by database.
    private let notes: [Int: Int]
    /// The libraries of functions, each as its record is in the file.
    let functions: [[UInt8]]
    /// Libraries that are too large to be held, and are not among those.
    let largeFunctions: Int

    /// Reads the whole file.
    ///
    /// Throws exit code 65 with the offset for a damaged file, 74 if reading fails or the file is written to meanwhile,
    /// 2 if it was interrupted.
    init(
        _ path: String, progress: (Int) -> Void = { _ in }, isInterrupted: () -> Bool = { Interruption.isRequested }
    ) throws(ProgramFailure) {
        self.path = path
        file = try InputFile.forSeveralPasses(path)
        var records = try SnapshotRecords(file, largestBody: 0)
        var count = 0
        var notes: [Int: Int] = [:]
        while let record = try records.next() {
            if HandoverNotes.isNote(record.key) { notes[record.database, default: 0] += 1 }
            count += 1
            guard count.isMultiple(of: 1_000) else { continue }
            progress(records.consumed)
            if isInterrupted() { throw ProgramFailure.unnamed(.failed, "stopped while reading \(path)") }
        }
        self.notes = notes
        summary = records.counts
        functions = records.functions
        largeFunctions = records.largeFunctions
        // A file without a header has ended before this.
        version = summary.version ?? RDBVersion(.redis, 0)
    }

    /// Keys of a database of the file, without notes of migrations.
    func keys(of number: Int) -> Int { (summary.databases[number]?.keys ?? 0) - (notes[number] ?? 0) }

    /// The number of the database to take from the file: the one asked for, or the only one there is.
    func database(_ number: Int?, of arguments: Arguments) throws(ProgramFailure) -> Int {
        let numbers = summary.databases.keys.sorted()
        let list = numbers.map { "\($0) (\(Units.counted(summary.databases[$0]?.keys ?? 0, "key")))" }
            .joined(separator: ", ")
        if let number {
            guard numbers.contains(number) else {
                throw arguments.refused("\(path) has no keys of database \(number); it has \(list)")
            }
            return number
        }
        guard numbers.count <= 1 else {
            throw arguments.refused("\(path) holds several databases: use --file-database N; it has \(list)")
        }
        return numbers.first ?? 0
    }
}
