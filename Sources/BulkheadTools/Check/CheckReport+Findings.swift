import Bulkhead
import BulkheadConsole

extension ServerReport {
    /// What there is to say beyond the figures.
    ///
    /// - Parameter isWhole: all databases of the server are in the report.
    func findings(_ facts: ServerFacts?, _ entries: [DatabaseEntry], isWhole: Bool) -> [Finding] {
        var findings = databases.flatMap { $0.findings }
        if let facts {
            let unnamed = databases.filter { report in !entries.contains { $0.number == report.number } }
            let all = entries.map { ($0.name.text, $0.number) } + unnamed.map { ($0.name, $0.number) }
            for (name, number) in all where facts.lacks(number) {
                let end = facts.databaseCount.map { "the server has \($0), from 0 to \($0 - 1)" }
                findings.append(
                    Finding(
                        .warning, "number-out-of-range",
                        "\(name) is number \(number), and \(end ?? "the server has no such database")",
                        remedy: facts.isCluster
                            ? "A cluster has no more: give it a server of its own."
                            : "Give it another number, or raise `databases` in the server's configuration."))
            }
        }
        findings += Finding.sharedNumbers(
            entries.filter { entry in databases.contains { $0.number == entry.number } })
        findings += standing(facts, isWhole: isWhole)
        let empty = databases.filter { report in
            report.isNamed && report.keys == 0 && report.isComplete && facts?.lacks(report.number) != true
        }
        if !empty.isEmpty {
            let names = empty.map(\.name).joined(separator: ", ")
            findings.append(Finding(.note, "no-keys", "no keys in \(names)"))
        }
        if isWhole, let unexplained { findings.append(unexplained) }
        if let policy = memory?.policy, policy.hasPrefix("allkeys-") {
            let kept = databases.filter { report in
                report.keys > 0 && entries.contains { $0.number == report.number && !$0.mayBeFlushed }
            }
            if !kept.isEmpty {
                findings.append(
                    Finding(
                        .note, "eviction",
                        "\(policy) may evict keys of \(kept.map(\.name).joined(separator: ", ")), which the catalogue "
                            + "says are to be kept",
                        remedy: "bulkhead doctor says what to do."))
            }
        }
        return findings.sorted { $0.severity.rank < $1.severity.rank }
    }

    /// What the server is, or does not say, that the figures leave out.
    private func standing(_ facts: ServerFacts?, isWhole: Bool) -> [Finding] {
        guard let facts else { return [] }
        var findings: [Finding] = []
        if facts.hasPartOfKeys {
            findings.append(
                Finding(
                    .warning, "cluster", "this is \(facts.partInWords): the figures are of this node's own keys",
                    remedy: "Check each of the others too, by its own --url."))
        }
        if let lag = facts.lag {
            findings.append(
                Finding(
                    .warning, "stale", "this server \(lag): the figures are of what it had then",
                    remedy: "Check the primary\(facts.primary.map { ", \($0)" } ?? ""), or mend the link."))
        }
        if let lack = facts.infoLack {
            let numbers = isWhole ? ", nor which numbers without a name have keys" : ""
            findings.append(
                Finding(
                    .warning, "info", "\(lack): the server's memory and what it evicts are unknown\(numbers)",
                    remedy: "Allow INFO to this user."))
        }
        return findings
    }

    /// Of a large collection the server measures a few elements and multiplies. Its own count of all memory tells when
    /// that went wrong.
    private var unexplained: Finding? {
        guard let dataset = memory?.dataset, databases.contains(where: { $0.keys > 0 }),
            databases.allSatisfy({ $0.isComplete && $0.memory?.isExact == true && $0.hidden == nil })
        else { return nil }
        let found = databases.compactMap(\.memory?.value).reduce(0, +)
        // What is no key takes memory too: buffers, tables, fragments of pages.
        guard dataset > 2 * found, dataset - found > 16 << 20 else { return nil }
        return Finding(
            .note, "memory-not-explained",
            "the server holds \(Units.bytes(dataset)) of data, and by its own MEMORY USAGE all keys take "
                + "\(Units.bytes(found)): of a large collection it measures five elements, so a few giant elements may "
                + "be missing, or the rest is in buffers, scripts and modules",
            remedy: "MEMORY USAGE key SAMPLES 0 measures a whole collection, and blocks the server meanwhile.")
    }
}

extension DatabaseReport {
    fileprivate var findings: [Finding] {
        var findings: [Finding] = []
        if let failure {
            findings.append(
                Finding(
                    .error, "not-walked",
                    "\(name) was walked for \(Units.grouped(walked)) of \(Units.grouped(keys)) keys: \(failure)"))
        }
        findings += misplaced.map { misplaced in
            let atLeast = isComplete ? "" : "at least "
            let isOne = misplaced.keys == 1
            var message =
                "\(atLeast)\(Units.grouped(misplaced.keys)) \(isOne ? "key" : "keys") `\(misplaced.pattern)` "
                + "\(isOne ? "is" : "are") in \(name); "
                + "\(isOne ? "it belongs" : "they belong") to \(misplaced.belongsTo)"
            if misplaced.atHome > 0 {
                message +=
                    ". The command would also move \(Units.grouped(misplaced.atHome)) that belong here and match "
                    + "the pattern: make it narrower"
            }
            return Finding(.warning, "misplaced", message, command: misplaced.command)
        }
        if !isNamed, keys > 0 {
            findings.append(
                Finding(
                    .warning, "unnamed-keys",
                    "number \(number) has \(Units.grouped(keys)) \(keys == 1 ? "key" : "keys") and no name in the "
                        + "catalogue",
                    remedy: "Give it a name in the catalogue, or move its keys to where they belong."))
        }
        if notes > 0 {
            findings.append(
                Finding(
                    .warning, "migration-notes",
                    "\(Units.counted(notes, "key")) in \(name) \(notes == 1 ? "is a note" : "are notes") of a "
                        + "migration that was interrupted or is running",
                    remedy: "If none is running, finish it by its own command with --resume."))
        }
        if let hidden {
            let others = sized + looked > 0 ? "those of the others alone" : "not known"
            findings.append(
                Finding(
                    .warning, "hidden-keys",
                    "this user may not look at \(hidden.text(Units.grouped)) of \(Units.grouped(max(keys, walked))) "
                        + "keys in \(name): types, times, memory and the biggest keys are \(others)",
                    remedy: "Run it as a user who may read all keys: `%R~*`, or `~*` before Redis 7."))
        }
        for (command, words) in refusals.sorted(by: { $0.key < $1.key }) {
            findings.append(Finding(.warning, "refused", "the server refused \(command) in \(name): \(words)"))
        }
        return findings
    }
}

extension Finding.Severity {
    /// The worst first.
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
