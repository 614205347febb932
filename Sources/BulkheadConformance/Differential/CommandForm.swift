/// One command of the differential mode, with the choices that each run of it makes.
package struct CommandForm: Sendable {
    /// A piece of a command.
    indirect enum Part: Sendable {
        /// A word as it goes over the wire.
        case word([UInt8])
        case placeholder(WordKind)
        /// A count, and so many words.
        case counted(WordKind)
        /// One of these.
        case choice([[Part]])
        /// One of these, or nothing.
        case option([[Part]])
        /// One to four times.
        case repeated(Part)
    }

    /// As it stands in its file, without how often and how its replies are compared.
    let text: String
    /// In upper case, both words of a subcommand that the table knows.
    let name: String
    var parts: [Part]
    let rule: ReplyRule
    /// How often it is taken, against 1.
    let weight: Double
    /// What else is true of it, worked out once.
    let isNoisy: Bool
    let isInTransactionsOnly: Bool
    let isOutsideOnly: Bool
    let role: Role

    /// What it does to the transaction of its connection.
    enum Role: UInt8, Sendable {
        case none, multi, exec, discard
    }

    init(text: String, name: String, parts: [Part], rule: ReplyRule, weight: Double, flags: Set<String>) {
        self.text = text
        self.name = name
        self.parts = parts
        self.rule = rule
        self.weight = weight
        isNoisy = !flags.contains("no-noise") && rule.isPlain
        isInTransactionsOnly = flags.contains("transaction")
        isOutsideOnly = flags.contains("outside")
        role = name == "MULTI" ? .multi : name == "EXEC" ? .exec : name == "DISCARD" ? .discard : .none
    }
}

/// The first version of each product that has something.
struct VersionGate: Sendable {
    private let ranges: [ServerRange]
    let text: String

    init(_ ranges: [ServerRange], text: String) {
        self.ranges = ranges
        self.text = text
    }

    /// `7.0`, `redis-7.4,valkey-9.0`; nil for anything else.
    init?(_ text: Substring) {
        var ranges: [ServerRange] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(words.count), let version = words.last, version.first?.isNumber == true else {
                return nil
            }
            let product = words.count == 2 ? String(words[0]) : nil
            ranges.append(ServerRange(product: product, from: ServerIdentity.numbers(version), through: nil))
        }
        self.init(ranges, text: String(text))
    }

    func isOpen(for server: ServerIdentity) -> Bool { ranges.contains { $0.contains(server) } }
}

/// The forms that two servers both know, and what was left out.
struct FormSelection {
    private(set) var forms: [CommandForm] = []
    /// Commands and options that one of the servers does not know, in the order of their files.
    private(set) var leftOut: [String] = []
    private let servers: [ServerIdentity]

    /// `has` says whether both servers say that they have a command.
    init(
        _ text: String, for servers: [ServerIdentity], has: (String) -> Bool
    ) throws(CaseSyntaxError) {
        self.servers = servers
        for (number, line) in LogicalLines.of(text) where !line.hasPrefix("group ") {
            do throws(LineScanner.Problem) {
                var reader = FormReader(line, isOpen: { gate in servers.allSatisfy(gate.isOpen) })
                let form = try reader.form()
                let gate = CommandVersions.gate(of: form.name)
                let isKnown = gate.map { gate in servers.allSatisfy(gate.isOpen) } ?? true
                let first = form.name.split(separator: " ").first.map(String.init) ?? form.name
                guard isKnown, gate == nil || has(first) else {
                    note(form.name)
                    continue
                }
                for text in reader.leftOut { note("\(form.name): \(text)") }
                if reader.isWhole { forms.append(form) }
            } catch {
                throw CaseSyntaxError(file: "Commands.forms", line: number, problem: error.words)
            }
        }
    }

    private mutating func note(_ text: String) {
        if !leftOut.contains(text) { leftOut.append(text) }
    }
}
