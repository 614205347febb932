import Bulkhead

/// What `bulkhead migrate --json` prints.
struct MigrationDocument: Encodable {
    struct Side: Encodable {
        let name: String
        let number: Int
    }

    let from: Side
    let to: Side?
    let arrivals: [String: Int]?
    let pattern: String?
    let patterns: [String]?
    let mode: String
    let isDryRun: Bool
    let isOneServer: Bool
    let found: Int
    let moved: Int
    let replaced: Int
    let skipped: Int
    let changed: Int
    let expired: Int
    let failed: Int
    let verified: Int
    let differing: Int
    let writtenMeanwhile: Int
    let stopped: String?
    let seconds: Double
    let remarks: KeyRemarks
    let goOn: String?

    private enum CodingKeys: String, CodingKey {
        case from, to, arrivals, pattern, patterns, mode
        case found, moved, replaced, skipped, changed, expired, failed, verified, differing
        case stopped, seconds, remarks
        case isDryRun = "dry_run"
        case isOneServer = "one_server"
        case writtenMeanwhile = "written_meanwhile"
        case goOn = "go_on"
    }

    init(
        _ report: MigrationReport, _ plan: MigrationPlan, isOneServer: Bool, seconds: Double, goOn: String?,
        arrivals: [(name: DatabaseName, count: Int)]? = nil
    ) {
        from = Side(name: plan.from.name.text, number: plan.from.number)
        to = arrivals == nil ? Side(name: plan.to.name.text, number: plan.to.number) : nil
        self.arrivals = arrivals.map { Dictionary($0.map { ($0.name.text, $0.count) }) { $0 + $1 } }
        if case .patterns(let all) = plan.keys { patterns = all.map(\.text) } else { patterns = nil }
        pattern = plan.keys.match ?? (plan.keys.isAll ? "*" : nil)
        mode = plan.copies ? "copy" : "move"
        isDryRun = plan.isDryRun
        self.isOneServer = isOneServer
        found = report.found
        moved = report.moved
        replaced = report.replaced
        skipped = report.skipped
        changed = report.changed
        expired = report.expired
        failed = report.failed
        verified = report.verified
        differing = report.differing
        writtenMeanwhile = report.writtenMeanwhile
        stopped =
            switch report.stop {
            case .conflict: "conflict"
            case .interrupted: "interrupted"
            case .failed(let reason): "failed: " + reason
            case nil: nil
            }
        self.seconds = seconds
        remarks = report.remarks
        self.goOn = goOn
    }

    static let schema: [(String, String)] = [
        ("from, to", #"{"name": "main", "number": 0}; of --misplaced there is no to, but"#),
        ("arrivals", #"{"knowledge": 12, …}, how many came where"#),
        ("pattern, patterns", #""llama_index/*", "*" for all, and ["llama_index/*"]; pattern is absent"#),
        ("", "where there are several"),
        ("mode", #""move" or "copy""#),
        ("dry_run, one_server", "what kind of run it was"),
        ("found", "keys that the scan found, each counted once"),
        ("moved", "of them, in the target now (with copy: copied)"),
        ("skipped", "left, because the target has such a key: skip"),
        ("changed", "left, because they kept being written to"),
        ("expired", "expired or deleted before their turn"),
        ("failed", "left for a reason that stands in remarks"),
        ("", "found = moved + skipped + changed + expired + failed"),
        ("replaced", "how many of the moved keys replaced one of the target"),
        ("verified, differing", "how many moved keys were compared; how many of these differ"),
        ("written_meanwhile", "in the source at the end, written during the move"),
        ("stopped", #"absent, or "conflict", "interrupted", "failed: …""#),
        ("seconds", "how long it took"),
        ("remarks", #"[{"text": "…", "count": 3, "keys": ["a", …]}]"#),
        ("", #"ten keys at most; {"hex": "…"} if not UTF-8"#),
        ("go_on", "the command that continues; absent if there is none"),
    ]
}
