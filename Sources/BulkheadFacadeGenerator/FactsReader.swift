/// Reads one file of the table.
///
/// ```
/// LPOS  since=6.0.6 keys=1 effect=read
///     Finds the first element that is equal to a value.
///     cost  O(N) for N elements looked at
///     swift lpos(_ key, _ element, rank: Int?) -> Int?
///     sends key element [RANK rank]
///     gives Its index from the head; nil if there is none.
/// ```
struct FactsReader {
    private let path: String
    private var line = 0
    private var blocks: [CommandFacts] = []
    /// What is said of all commands of the file, as a comment.
    private(set) var documentation: [String] = []

    init(path: String) { self.path = path }

    private var place: String { "\(path):\(line)" }

    private func error(_ problem: String) -> GeneratorError { GeneratorError(place: place, problem: problem) }

    mutating func read(_ text: String) throws(GeneratorError) -> [CommandFacts] {
        for text in text.split(separator: "\n", omittingEmptySubsequences: false) {
            line += 1
            if text.isEmpty { continue }
            if text.hasPrefix("#") {
                guard blocks.isEmpty else { throw error("what is said of all commands stands above the first") }
                documentation.append(text == "# " || text == "#" ? "///" : "/// " + text.dropFirst(2))
                continue
            }
            if text.hasPrefix("    ") {
                try readMember(String(text.dropFirst(4)))
            } else {
                try readHead(String(text))
            }
        }
        for block in blocks { try Self.check(block) }
        return blocks
    }

    private mutating func readHead(_ text: String) throws(GeneratorError) {
        guard let gap = text.firstRange(of: "  ") else {
            throw error("expected NAME, two spaces, and facts: GET  since=1.0.0 effect=read")
        }
        let name = String(text[..<gap.lowerBound])
        if blocks.contains(where: { $0.name == name }) { throw error("\(name) stands in the table twice") }
        guard name == name.uppercased() else { throw error("a command's name is in upper case") }
        var values: [String: String] = [:]
        var flags: Set<String> = []
        for word in text[gap.upperBound...].split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let isKnown = (parts.count == 2 ? CommandFacts.knownValues : CommandFacts.knownFlags).contains(parts[0])
            guard isKnown else { throw error("\(word) is no fact that the generator knows") }
            if parts.count == 2 { values[parts[0]] = parts[1] } else { flags.insert(parts[0]) }
        }
        blocks.append(CommandFacts(name: name, place: place, values: values, flags: flags))
    }

    private mutating func readMember(_ text: String) throws(GeneratorError) {
        guard !blocks.isEmpty else { throw error("a line without a command above it") }
        let last = blocks.count - 1
        if text.first?.isUppercase == true {
            guard blocks[last].sentence.isEmpty else { throw error("a second sentence: say it by `note`") }
            blocks[last].sentence = text
            return
        }
        let key = String(text.prefix { $0 != " " })
        let rest = String(text.dropFirst(key.count).drop { $0 == " " })
        guard !rest.isEmpty else { throw error("\(key) says nothing") }
        switch key {
        case "not": blocks[last].reason = rest
        case "instead": blocks[last].instead = rest
        case "refused": blocks[last].refusal = rest
        case "later": blocks[last].later = rest
        case "lint":
            guard let facts = LintFacts(rest) else {
                throw error("lint RULE, with WORD, also METHOD, owned LANGUAGE LANGUAGE, no method")
            }
            blocks[last].lint = facts
        case "without":
            guard let colon = rest.firstRange(of: ": ") else { throw error("without WORD, WORD: the reason") }
            for word in rest[..<colon.lowerBound].split(separator: ", ") {
                blocks[last].without[String(word)] = String(rest[colon.upperBound...])
            }
        case "swift", "swift+":
            blocks[last].functions.append(TableFunction(place: place, signature: rest, hasTwin: key == "swift+"))
        case "cost" where blocks[last].functions.isEmpty: blocks[last].complexity = rest
        case "note" where blocks[last].functions.isEmpty: blocks[last].note = rest
        default: try readFunctionMember(key, rest)
        }
    }

    private mutating func readFunctionMember(_ key: String, _ rest: String) throws(GeneratorError) {
        let last = blocks.count - 1
        guard let function = blocks[last].functions.indices.last else {
            throw error("\(key) without a `swift` above it")
        }
        switch key {
        case "says": blocks[last].functions[function].sentence = rest
        case "note": blocks[last].functions[function].note = rest
        case "cost": blocks[last].functions[function].complexity = rest
        case "since": blocks[last].functions[function].since = rest
        case "named": blocks[last].functions[function].name = rest
        case "sends": blocks[last].functions[function].words = rest
        case "gives": blocks[last].functions[function].returns = rest
        case "reads": blocks[last].functions[function].reading = rest
        case "none": blocks[last].functions[function].none = rest
        case "route": blocks[last].functions[function].route = rest
        case "effect": blocks[last].functions[function].effect = rest
        default: throw error("\(key) is no line that the generator knows")
        }
    }

    /// Every command is typed, or says why it is not; what it does and costs is said once.
    private static func check(_ block: CommandFacts) throws(GeneratorError) {
        func error(_ problem: String) -> GeneratorError { GeneratorError(place: block.place, problem: problem) }
        guard !block.since.isEmpty else {
            throw error("\(block.name) has no version: since=…, redis=…, valkey=… or module=…")
        }
        guard CommandFacts.effects.contains(block.effect) else {
            throw error("\(block.name) has no effect of \(CommandFacts.effects.sorted())")
        }
        guard CommandFacts.routes.contains(block.route) else {
            throw error("\(block.name) has no route of \(CommandFacts.routes.sorted())")
        }
        if let wait = block.values["blocks"], !CommandFacts.waits.contains(wait) {
            throw error("\(block.name) has no timeout of \(CommandFacts.waits.sorted())")
        }
        for fact in ["everywhere", "apart"] {
            if let merge = block.values[fact], !CommandFacts.merges.contains(merge) {
                throw error("\(block.name) has no merging of \(CommandFacts.merges.sorted())")
            }
        }
        let isTyped = !block.functions.isEmpty
        let isExcused = !block.reason.isEmpty || !block.instead.isEmpty || !block.refusal.isEmpty
        guard isTyped || isExcused || block.route == "connection" else {
            throw error("\(block.name) has no function and no reason for none: swift, instead, not, refused")
        }
        guard isTyped || !block.isUnrun else {
            throw error("\(block.name) has no function that could be run: without `unrun`")
        }
        guard (block.route == "refused") == !block.refusal.isEmpty else {
            throw error("\(block.name): a route that is refused has its reason by `refused`, and no other has one")
        }
        for function in block.functions where block.sentence.isEmpty && function.sentence == nil {
            throw GeneratorError(place: function.place, problem: "\(block.name) does not say what it does")
        }
    }
}
