import Bulkhead
import BulkheadConsole

extension ServerReport {
    /// What there is to say beyond the figures.
    ///
    /// - Parameter isWhole: all databases of the server are in the report.
    func findings(_ facts: ServerFacts?, _ entries: [DatabaseEntry], isWhole: Bool) -> [Finding] {
        var findings = databases.flatMap { $0.findings }
        if let count = facts?.databaseCount {
            for entry in entries where entry.number >= count {
                findings.append(
                    Finding(
                        .warning, "number-out-of-range",
                        "\(entry.name) is number \(entry.number), and the server has \(count), from 0 to \(count - 1)",
                        remedy: facts?.isCluster == true
                            ? "A cluster has no more: give it a server of its own."
                            : "Give it another number, or raise `databases` in the server's configuration."))
            }
        }
        findings += standing(facts, isWhole: isWhole)
        let empty = databases.filter { $0.isNamed && $0.keys == 0 && $0.isComplete }
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
        if let lack = facts.infoLack {
            let numbers = isWhole ? ", nor which numbers without a name have keys" : ""
            findings.append(
                Finding(
                    .warning, "info", "\(lack): nobody knows the server's memory and what it evicts\(numbers)",
                    remedy: "Allow INFO to this user."))
        }
        return findings
    }

    /// A sample may miss the few keys that most of the memory is in. The server's own count tells.
    private var unexplained: Finding? {
        guard let dataset = memory?.dataset, databases.allSatisfy(\.isComplete),
            databases.contains(where: { !$0.isBiggestCertain && $0.keys > 0 })
        else { return nil }
        let found = databases.compactMap(\.memory?.high).reduce(0, +)
        // What is no key takes memory too: buffers, tables, fragments of pages.
        guard dataset > 2 * found, dataset - found > 16 << 20 else { return nil }
        return Finding(
            .note, "memory-not-explained",
            "the server holds \(Units.bytes(dataset)) of data, and the sample speaks of \(Units.bytes(found)) at most: "
                + "a few giant keys may not be in it",
            remedy: "With --exact every key is looked at.")
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
            var message = "\(atLeast)\(Units.grouped(misplaced.keys)) \(isOne ? "key" : "keys") `\(misplaced.pattern)` "
                + "\(isOne ? "sits" : "sit") in \(name); "
                + "\(isOne ? "it belongs" : "they belong") to \(misplaced.belongsTo)"
            if misplaced.atHome > 0 {
                message += ". The command would also move \(Units.grouped(misplaced.atHome)) that belong here and fit "
                    + "the pattern: make it narrower"
            }
            return Finding(.warning, "misplaced", message, remedy: misplaced.command)
        }
        if !isNamed, keys > 0 {
            findings.append(
                Finding(
                    .warning, "unnamed-keys",
                    "number \(number) has \(Units.grouped(keys)) \(keys == 1 ? "key" : "keys") and no name in the "
                        + "catalogue",
                    remedy: "Give it a name in the catalogue, or move its keys to where they belong."))
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
