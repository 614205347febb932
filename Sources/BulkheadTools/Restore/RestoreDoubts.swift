import Bulkhead
import BulkheadConsole
import BulkheadRDB

/// What speaks against a restore: the file is not of the database that was named, or not all of what a server had.
struct RestoreDoubts {
    let all: [String]

    /// - Parameter manifest: what stands beside the file, if it is the file's.
    init(_ plan: RestorePlan, _ survey: SnapshotSurvey, _ ahead: Restoration.Foresight, _ manifest: BackupManifest?) {
        var all: [String] = []
        if survey.summary.isBaseOfAppendOnlyFile {
            all.append(
                "\(plan.path) is the base of an append-only file: what was written after it is in the other parts "
                    + "beside it, which are not restored. \(SnapshotBeginning.loadIt)")
        }
        if let origin = manifest?.database, origin.name != plan.into.name.text, origin.number != plan.into.number {
            all.append("\(plan.path) is a backup of \(origin.name) (number \(origin.number)), not of \(plan.into.name)")
        }
        // The first of several with as many is the first by name.
        let most = ahead.ofOthers.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }.first
        if let most, most.value > ahead.wanted / 2 {
            all.append(
                "\(Units.grouped(most.value)) of its \(Units.counted(ahead.wanted, "key")) match patterns of "
                    + "\(most.key), and none of \(plan.into.name)")
        }
        self.all = all
    }

    /// For people.
    func text(_ program: String, on screen: Screen) -> String {
        all.map { "\(program): \($0).".paragraphs(on: screen) }.joined()
    }
}
