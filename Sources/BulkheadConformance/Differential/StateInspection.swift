/// Compares what two servers hold: the keys of each database, their types, contents and times.
struct StateInspection {
    /// The commands that look, and how their replies are compared.
    static let looks: [(name: String, rule: ReplyRule)] = {
        var list: [(String, ReplyRule)] = []
        func add(_ name: String, _ change: (inout ReplyRule) -> Void = { _ in }) {
            var rule = ReplyRule()
            change(&rule)
            list.append((name, rule))
        }
        add("SELECT")
        add("KEYS") { $0.order = .any }
        add("TYPE")
        add("PTTL") { $0.tolerance = 100_000 }
        add("GET")
        add("LRANGE")
        add("SMEMBERS") { $0.order = .any }
        add("HGETALL") { $0.order = .pairs }
        add("ZRANGE") { $0.comparesNumbers = true }
        add("XRANGE")
        add("XINFO GROUPS") { $0.order = .rows }
        add("XPENDING") { $0.isOfPending = true }
        add("HPTTL") { $0.tolerance = 100_000 }
        add("DISCARD") { $0.isSkipped = true }
        return list
    }()

    private let databases: [Int]
    /// The number of the first look among the forms.
    private let first: Int
    private let looksAtFieldTimes: Bool
    private let fields: [String]

    init(databases: [Int], first: Int, looksAtFieldTimes: Bool, fields: [String]) {
        self.databases = databases
        self.first = first
        self.looksAtFieldTimes = looksAtFieldTimes
        self.fields = fields
    }

    private func append(_ words: [[UInt8]], _ name: String, to sequence: inout CommandSequence) {
        guard let index = Self.looks.firstIndex(where: { $0.name == name }) else { return }
        sequence.append(RunContext.command(words), form: first + index)
    }

    private func append(_ words: String, to sequence: inout CommandSequence) {
        let words = words.split(separator: " ").map { Array($0.utf8) }
        append(words, String(decoding: words[0], as: UTF8.self), to: &sequence)
    }

    /// The end of an open transaction, and the names of all keys.
    func names() -> CommandSequence {
        var sequence = CommandSequence()
        append("DISCARD", to: &sequence)
        for number in databases {
            append("SELECT \(number)", to: &sequence)
            append("KEYS *", to: &sequence)
        }
        return sequence
    }

    /// The keys of each database, out of the replies to `names`.
    func keys(_ replies: ReplyBatch) throws(WireViolation) -> [[[UInt8]]] {
        var keys: [[[UInt8]]] = []
        for index in databases.indices { keys.append(try replies.value(2 * index + 2).elements.map(\.text)) }
        return keys
    }

    /// Types and times.
    func types(of keys: [[[UInt8]]]) -> CommandSequence {
        var sequence = CommandSequence()
        for (number, keys) in zip(databases, keys) {
            append("SELECT \(number)", to: &sequence)
            for key in keys {
                append([Array("TYPE".utf8), key], "TYPE", to: &sequence)
                append([Array("PTTL".utf8), key], "PTTL", to: &sequence)
            }
        }
        return sequence
    }

    func contents(of keys: [[[UInt8]]], types: ReplyBatch) throws(WireViolation) -> CommandSequence {
        var sequence = CommandSequence()
        var place = 0
        for (number, keys) in zip(databases, keys) {
            append("SELECT \(number)", to: &sequence)
            place += 1
            for key in keys {
                look(at: key, String(decoding: try types.value(place).text, as: UTF8.self), &sequence)
                place += 2
            }
        }
        return sequence
    }

    private func look(at key: [UInt8], _ type: String, _ sequence: inout CommandSequence) {
        func add(_ name: String, _ rest: String...) {
            let words = name.split(separator: " ").map { Array($0.utf8) } + [key] + rest.map { Array($0.utf8) }
            append(words, name, to: &sequence)
        }
        switch type {
        case "string": add("GET")
        case "list": add("LRANGE", "0", "-1")
        case "set": add("SMEMBERS")
        case "zset": add("ZRANGE", "0", "-1", "WITHSCORES")
        case "hash":
            add("HGETALL")
            guard looksAtFieldTimes else { return }
            let words = ["FIELDS", String(fields.count)] + fields
            append([Array("HPTTL".utf8), key] + words.map { Array($0.utf8) }, "HPTTL", to: &sequence)
        case "stream":
            add("XRANGE", "-", "+")
            add("XINFO GROUPS")
            for group in ["g1", "g2", "g3"] { add("XPENDING", group, "-", "+", "1000") }
        default: break
        }
    }

    /// What is sent to see one look again: the end of a transaction, the database, the look.
    func lookAgain(_ index: Int, in sequence: CommandSequence) -> CommandSequence {
        var again = CommandSequence()
        append("DISCARD", to: &again)
        let selects = (0...index).last { sequence.forms[$0] == first }
        if let selects, selects != index { again.append(sequence.command(selects), form: first) }
        again.append(sequence.command(index), form: sequence.forms[index])
        return again
    }
}
