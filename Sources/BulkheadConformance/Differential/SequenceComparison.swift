/// A command whose replies differ.
struct FoundDifference: Hashable {
    /// Where its command stands in the sequence.
    let index: Int
    /// The command, or the one within a transaction whose result differs.
    let command: String
    /// The place of that one in the sequence.
    let cause: Int
    let leaves: [LeafDifference]

    /// What is the same of all differences of a kind.
    var kind: String {
        let words = leaves.map { "\($0.left) / \($0.right)" }
        return "\(command): " + (words.count > 3 ? words.prefix(3) + ["…"] : words[...]).joined(separator: "; ")
    }

    /// Nothing but other words in errors of the same code.
    var isWording: Bool { leaves.allSatisfy(\.isWording) }
}

/// How commands are called and compared, by the number of their form.
struct ComparisonRules {
    let names: [String]
    let rules: [ReplyRule]
    let roles: [CommandForm.Role]

    /// The forms, and behind them what looks at the state.
    init(_ forms: [CommandForm], looks: [(name: String, rule: ReplyRule)]) {
        names = forms.map(\.name) + looks.map(\.name)
        rules = forms.map(\.rule) + looks.map(\.rule)
        roles = forms.map(\.role) + looks.map { $0.name == "DISCARD" ? .discard : .none }
    }
}

/// Compares the replies of two servers to one sequence, command by command.
struct SequenceComparison {
    private let sequence: CommandSequence
    private let rules: ComparisonRules
    /// The commands that were queued, while both servers are in a transaction.
    private var queued: [Int]?
    private var next = 0
    /// Of one transaction, what is still to be told.
    private var waiting: [FoundDifference] = []

    init(_ sequence: CommandSequence, rules: ComparisonRules) {
        self.sequence = sequence
        self.rules = rules
    }

    /// The next difference; nil at the end.
    mutating func next(_ left: ReplyBatch, _ right: ReplyBatch) throws(WireViolation) -> FoundDifference? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        while next < sequence.count {
            let index = next
            let form = sequence.forms[index]
            next += 1
            let isSame = left.isSame(index, as: right)
            switch rules.roles[form] {
            case .none: break
            case .multi: if isSame, left.isExactly("+OK\r\n", index) { queued = [] }
            case .discard: queued = nil
            case .exec:
                let commands = queued
                queued = nil
                if !isSame { waiting = try compareExec(index, commands ?? [], left, right) }
                if !waiting.isEmpty { return waiting.removeFirst() }
                continue
            }
            if isSame {
                if queued != nil, left.isExactly("+QUEUED\r\n", index) { queued?.append(index) }
                continue
            }
            let rule = rules.rules[form]
            if rule.isSkipped { continue }
            let comparison = ReplyComparison(try left.value(index), try right.value(index), by: rule)
            if !comparison.differences.isEmpty {
                return FoundDifference(
                    index: index, command: rules.names[form], cause: index, leaves: comparison.differences)
            }
        }
        return nil
    }

    /// The results of a transaction, each by the rule of its command.
    private func compareExec(
        _ index: Int, _ commands: [Int], _ left: ReplyBatch, _ right: ReplyBatch
    ) throws(WireViolation) -> [FoundDifference] {
        let (one, other) = (try left.value(index), try right.value(index))
        if one.type == other.type, one.isNull == other.isNull, one.elements.count == commands.count,
            other.elements.count == commands.count, !commands.isEmpty
        {
            var found: [FoundDifference] = []
            for (place, command) in commands.enumerated() {
                let form = sequence.forms[command]
                let comparison = ReplyComparison(one.elements[place], other.elements[place], by: rules.rules[form])
                if !comparison.differences.isEmpty {
                    found.append(
                        FoundDifference(
                            index: index, command: rules.names[form], cause: command, leaves: comparison.differences))
                }
            }
            return found
        }
        let comparison = ReplyComparison(one, other, by: ReplyRule())
        guard !comparison.differences.isEmpty else { return [] }
        return [FoundDifference(index: index, command: "EXEC", cause: index, leaves: comparison.differences)]
    }
}
