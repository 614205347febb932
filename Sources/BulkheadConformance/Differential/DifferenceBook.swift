/// What was found so far: the known, the new, and other words of errors.
struct DifferenceBook {
    enum Verdict {
        case known(isDiverging: Bool)
        case wording
        /// New, and there are examples enough.
        case counted
        /// New, or known by what comes before it.
        case toShrink
    }

    private let known: [(difference: KnownDifference, direction: Bool)]
    private var seen: [String: DifferentialReport.Known] = [:]
    private var new: [String: DifferentialReport.Kind] = [:]
    private var wordings: [String: DifferentialReport.Kind] = [:]
    /// How many of a kind were shrunk, and of all.
    private var shrunk: [String: Int] = [:]
    private var shrunkInAll = 0
    /// The name under which a kind is counted when it is not shrunk any more.
    private var names: [String: String] = [:]

    init(_ known: [KnownDifference], _ left: ServerIdentity, _ right: ServerIdentity) {
        self.known = known.compactMap { difference in
            difference.direction(left, right).map { (difference, $0) }
        }
    }

    mutating func judge(_ found: FoundDifference, words: [[UInt8]]) -> Verdict {
        let said = words.map { String(decoding: $0, as: UTF8.self).uppercased() }
        if let (names, isDiverging) = explanation(of: found, said, smallest: nil) {
            for name in names { count(name, found) }
            return .known(isDiverging: isDiverging)
        }
        if found.isWording { return .wording }
        let isMaybeKnown = known.contains { entry in
            !entry.difference.after.isEmpty
                && found.leaves.contains {
                    entry.difference.explains($0, of: found.command, words: said, direction: entry.direction)
                }
        }
        let most = isMaybeKnown ? 40 : DifferentialOptions.shrunkOfAKind
        if shrunk[found.kind, default: 0] >= most || shrunkInAll >= DifferentialOptions.shrunkAtMost,
            let name = names[found.kind]
        {
            if new[name] != nil { new[name]?.count += 1 } else { count(name, found) }
            return .counted
        }
        return .toShrink
    }

    mutating func countWording(_ found: FoundDifference, _ number: Int) {
        wordings[found.kind, default: DifferentialReport.Kind(kind: found.kind, sequence: number)].count += 1
    }

    /// Writes down what was shrunk; nil if it did not come again.
    mutating func note(
        _ found: FoundDifference, _ number: Int, smallest: [[[UInt8]]]?, names commands: [String], script: [String]
    ) {
        shrunk[found.kind, default: 0] += 1
        shrunkInAll += 1
        guard let smallest, let last = smallest.last else {
            let kind = found.kind + " (did not come again)"
            var entry = new[kind] ?? DifferentialReport.Kind(kind: kind, sequence: number)
            entry.count += 1
            entry.isRepeatable = false
            new[kind] = entry
            if names[found.kind] == nil { names[found.kind] = kind }
            return
        }
        let said = last.map { String(decoding: $0, as: UTF8.self).uppercased() }
        if let (names, _) = explanation(of: found, said, smallest: smallest) {
            for name in names { count(name, found) }
            if let name = names.first { self.names[found.kind] = name }
            return
        }
        // What changed something before it was seen.
        let looks: Set = ["SELECT", "DISCARD", "MULTI", "EXEC", "HELLO"]
        let cause = commands.dropLast().last { !looks.contains($0) }
        let kind = found.kind + (cause.map { " after \($0)" } ?? "")
        var entry = new[kind] ?? DifferentialReport.Kind(kind: kind, sequence: number)
        entry.count += 1
        if entry.script.isEmpty || script.count < entry.script.count { entry.script = script }
        new[kind] = entry
        names[found.kind] = kind
    }

    mutating func finish(_ report: inout DifferentialReport) {
        report.known = known.compactMap { seen[$0.difference.name] }
        report.new = new.values.sorted { ($0.count, $1.kind) > ($1.count, $0.kind) }
        report.wordings = wordings.values.sorted { ($0.count, $1.kind) > ($1.count, $0.kind) }
    }

    private mutating func count(_ name: String, _ found: FoundDifference) {
        guard let difference = known.first(where: { $0.difference.name == name })?.difference else { return }
        var entry = seen[name] ?? DifferentialReport.Known(name: name, reason: difference.reason)
        entry.count += 1
        if !entry.kinds.contains(found.kind), entry.kinds.count < 10 { entry.kinds.append(found.kind) }
        seen[name] = entry
    }

    /// The known differences that explain all of this one; nil if something is left over.
    private func explanation(
        of found: FoundDifference, _ said: [String], smallest: [[[UInt8]]]?
    ) -> (names: [String], isDiverging: Bool)? {
        var names: [String] = []
        var isDiverging = false
        for leaf in found.leaves where !leaf.isWording || found.leaves.count == 1 {
            let entry = known.first { entry in
                guard entry.difference.explains(leaf, of: found.command, words: said, direction: entry.direction) else {
                    return false
                }
                guard !entry.difference.after.isEmpty else { return true }
                return smallest?.contains { command in
                    let words = command.map { String(decoding: $0, as: UTF8.self).uppercased() }
                    return entry.difference.after.allSatisfy {
                        $0.split(separator: "|").map(String.init).contains(where: words.contains)
                    }
                } ?? false
            }
            guard let entry else { return nil }
            if !names.contains(entry.difference.name) { names.append(entry.difference.name) }
            if entry.difference.isDiverging || !entry.difference.after.isEmpty { isDiverging = true }
        }
        return names.isEmpty ? nil : (names, isDiverging)
    }
}
