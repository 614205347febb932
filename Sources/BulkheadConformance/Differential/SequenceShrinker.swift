/// Makes a sequence as small as it can be and still show its difference: leaves out commands, then words.
struct SequenceShrinker {
    private let pair: ServerPair
    private let rules: ComparisonRules
    /// Whether words of a command may go.
    private let mayLoseWords: (Int) -> Bool
    private let version: Int
    private let kind: String

    init(
        _ pair: ServerPair, version: Int, kind: String, rules: ComparisonRules,
        mayLoseWords: @escaping (Int) -> Bool
    ) {
        self.pair = pair
        self.rules = rules
        self.mayLoseWords = mayLoseWords
        self.version = version
        self.kind = kind
    }

    /// What was found, smallest.
    struct Smallest {
        let sequence: CommandSequence
        let found: FoundDifference
        /// The replies at the difference.
        let left: WireValue
        let right: WireValue
    }

    /// Nil if the difference does not come again.
    func smallest(of sequence: CommandSequence) throws(ConformanceError) -> Smallest? {
        guard var best = try attempt(sequence) else { return nil }
        var chunk = max(1, best.sequence.count / 2)
        while true {
            var start = 0
            var isSmaller = false
            while start < best.sequence.count {
                let end = min(start + chunk, best.sequence.count)
                let rest = (0..<best.sequence.count).filter { $0 < start || $0 >= end }
                if !rest.isEmpty, let smaller = try attempt(best.sequence.choosing(rest)) {
                    best = smaller
                    isSmaller = true
                } else {
                    start += chunk
                }
            }
            if chunk > 1 {
                chunk /= 2
            } else if !isSmaller {
                break
            }
        }
        var index = 0
        while index < best.sequence.count {
            if mayLoseWords(best.sequence.forms[index]) { best = try withoutWords(best, index) }
            index += 1
        }
        return best
    }

    private func withoutWords(_ smallest: Smallest, _ index: Int) throws(ConformanceError) -> Smallest {
        var best = smallest
        var place = best.sequence.words(index).count - 1
        while place > 0, index < best.sequence.count {
            var words = best.sequence.words(index)
            if place < words.count {
                words.remove(at: place)
                var candidate = CommandSequence()
                for each in 0..<best.sequence.count {
                    let command = each == index ? RunContext.command(words)[...] : best.sequence.command(each)
                    candidate.append(command, form: best.sequence.forms[each])
                }
                if let smaller = try attempt(candidate) { best = smaller }
            }
            place -= 1
        }
        return best
    }

    /// The sequence up to where the difference shows; nil if it does not.
    private func attempt(_ sequence: CommandSequence) throws(ConformanceError) -> Smallest? {
        let (left, right) = try pair.run(sequence, from: version)
        var comparison = SequenceComparison(sequence, rules: rules)
        do {
            while let found = try comparison.next(left, right) {
                guard found.kind == kind else { continue }
                return Smallest(
                    sequence: sequence.choosing(0...found.index), found: found,
                    left: try left.value(found.index), right: try right.value(found.index))
            }
        } catch {
            throw ConformanceError(description: "a reply is no RESP: \(error)")
        }
        return nil
    }
}
