/// What bypasses names in programs: clients of other libraries under any name, and the commands given to them.
///
/// Which libraries, commands and runners there are stands in the tables; this walks through the tokens once.
struct CodeRules {
    let bytes: [UInt8]
    let language: LintLanguage
    var facts: CodeFacts
    var sightings: [Sighting] = []
    /// Strings that belong to one before them.
    var joined: Set<Int> = []
    /// Brackets of options that have been read, or whose name speaks of Redis.
    var readOptions: Set<Int> = []
    var redisOptions: Set<Int> = []
    /// True if the file names Redis or its kin somewhere.
    private(set) lazy var speaksOfRedis = list.tokens.contains {
        ($0.kind == .word || $0.kind == .string) && SettingName.isRedis($0.text) || $0.text == "6379"
    }
    private var importsBulkhead = false

    let numbers: Set<String>
    private let senders: Set<String>
    private let takers: Set<String>

    var list: TokenList { facts.list }

    static func look(
        at bytes: [UInt8], _ range: Range<Int>? = nil, as language: LintLanguage
    ) -> (sightings: [Sighting], comments: [SourceComment]) {
        var rules = CodeRules(bytes, CodeTokens.read(bytes, range, as: language), language)
        var index = 0
        while index < rules.list.indices.endIndex { index = rules.read(at: index) }
        return (rules.sightings, rules.list.comments)
    }

    private init(_ bytes: [UInt8], _ list: TokenList, _ language: LintLanguage) {
        self.bytes = bytes
        self.language = language
        facts = CodeFacts(list, language)
        numbers = ClientLibrary.names(\.numbers, in: language)
        senders = ClientLibrary.names(\.senders, in: language)
        takers = ClientLibrary.names(\.takers, in: language)
    }

    /// Looks at what begins at `index`, and returns where to go on.
    private mutating func read(at index: Int) -> Int {
        guard let token = list[index] else { return index + 1 }
        switch (token.kind, token.text) {
        case (.string, _): readString(at: index)
        case (.word, "import") where isImport(at: index):
            let next = readImport(at: index)
            importsBulkhead = importsBulkhead || language == .swift && list.isWord(index + 1, "Bulkhead")
            return next
        case (.word, "import"), (.word, "require"): readRequire(at: index)
        case (.word, "class"): noteSubclass(at: index)
        case (.word, _) where list.beginsChain(index): readChain(at: index)
        case (.symbol, "."): readMethod(at: index)
        case (.symbol, "{"), (.symbol, "["), (.symbol, "("): readOptions(at: index)
        default: break
        }
        return index + 1
    }

    mutating func report(_ rule: LintRule, at index: Int, _ what: String) {
        sightings.append(Sighting(rule, at: list[index]?.range.lowerBound ?? 0, what))
    }

    /// `import("redis")` is a call.
    private func isImport(at index: Int) -> Bool {
        !list.isSymbol(index - 1, ".") && !(language == .script && list.opensCall(index + 1))
    }

    // MARK: Chains

    private mutating func readChain(at index: Int) {
        guard let (names, end) = list.chain(at: index) else { return }
        let next = behindTypeArguments(end)
        let full = facts.resolved(names)
        if list.opensCall(next) {
            readCall(names, full, at: index, open: next)
        } else if makesByBlock(full, next) || list.isWord(index - 1, "new") && facts.library(making: full) != nil {
            reportClient(names, at: index)
        }
        if list.isSymbol(next, "="),
            list[index]?.parent == nil || list[index]?.startsLine == true || isDeclared(at: index)
        {
            facts.noteAssignment(to: names, valueAt: next + 1)
        }
        noteAnnotation(full, at: index, next: next)
        readSetting(names[names.count - 1], at: index, next: next)
    }

    /// `let a = …`, and `def f(a=…)`.
    private func isDeclared(at index: Int) -> Bool {
        if let word = list.word(index - 1), ["let", "var", "const", "typealias"].contains(word) { return true }
        guard let open = list[index]?.parent, list.isSymbol(open, "("), let word = list.word(open - 2) else {
            return false
        }
        return word == "def" || word == "function"
    }

    /// `ValkeyConnection.withConnection { … }`
    private func makesByBlock(_ full: [String], _ next: Int) -> Bool {
        language == .swift && full.count > 2 && list.isSymbol(next, "{") && facts.library(making: full) != nil
    }

    /// Behind the `<…>` of `createClient<Modules>()`, if one stands here.
    func behindTypeArguments(_ index: Int) -> Int {
        guard language == .script, list.isSymbol(index, "<") else { return index }
        var depth = 0
        for next in index..<index + 24 {
            if list.isSymbol(next, "<") { depth += 1 }
            if list.isSymbol(next, ">") { depth -= 1 }
            if depth == 0 { return list.isSymbol(next + 1, "(") ? next + 1 : index }
        }
        return index
    }

    private mutating func reportClient(_ names: [String], at index: Int) {
        report(.rawClient, at: index, "\(names.joined(separator: "."))(…) makes a client of its own")
        facts.noteClient(valueAt: index)
    }

    mutating func readCall(_ names: [String], _ full: [String], at index: Int, open: Int) {
        let last = full[full.count - 1]
        if let before = list.word(index - 1), ["class", "def", "func", "function"].contains(before) { return }
        if let library = facts.library(making: full) {
            reportClient(names, at: index)
            noteWith(behind: open)
            let place = library.types.contains(last) && !last.contains("Pool") ? library.numberPlace : nil
            readNumber(ofCallAt: open, library.numbers, place: place, isKnown: true)
        } else if let library = full.first.flatMap({ ClientLibrary.library($0, in: language) }), full.count > 1 {
            if library.settings.contains(last) { readNumber(ofCallAt: open, library.numbers, isKnown: true) }
            if library.senders.contains(last), names.count == 1 {
                // `redisCommand(context, "SELECT 3")`
                readCommand(Array(words(ofCallAt: open).dropFirst()), at: index)
            }
        } else if RunnerWords.defers(last) {
            readDeferredMaker(at: open)
        } else if language != .swift, RedisWords.isClientName(last) {
            readNumber(ofCallAt: open, Array(numbers) + ["database"])
        } else if names[0] == "__import__" || last == "import_module" {
            // `x = importlib.import_module("redis")`
            guard let module = list[open + 1], module.kind == .string, list.isSymbol(index - 1, "="),
                let name = list.word(index - 2)
            else { return }
            facts.bind(name, to: [module.text])
        }
        if language == .swift, facts.importsLibrary { readSwiftCall(names, at: index, open: open) }
    }

    /// `partial(redis.Redis)`, `to_thread(redis.from_url, url)`
    private mutating func readDeferredMaker(at open: Int) {
        guard let argument = list.arguments(ofBracketAt: open).first,
            let (names, next) = list.chain(at: argument.value.lowerBound), next == argument.value.upperBound,
            facts.library(making: facts.resolved(names)) != nil
        else { return }
        report(.rawClient, at: argument.value.lowerBound, "\(names.joined(separator: ".")) is called to make a client")
        readNumber(ofCallAt: open, Array(numbers))
    }

    private mutating func readSwiftCall(_ names: [String], at index: Int, open: Int) {
        let isRedis = names.contains { SettingName.isRedis($0) }
        readNumber(ofCallAt: open, Array(numbers))
        if isRedis { readNumber(ofCallAt: open, ["database", "db"], literalsOnly: true) }
        // `SELECT(index: 3)`, a command as a value.
        if names.count == 1, names[0] == names[0].uppercased(), let verdict = RedisWords.verdict(on: names) {
            report(verdict.rule, at: index, "\(verdict.command)(…) is a command to send")
        }
    }

    /// `cache: redis.Redis`, of a variable or of a parameter, and `let client: ValkeyClient = .init(…)`.
    private mutating func noteAnnotation(_ full: [String], at index: Int, next: Int) {
        guard facts.isType(full) else { return }
        var before = index - 1
        while list.isSymbol(before, "[")
            || list.word(before).map({ ["Optional", "inout", "any", "some", "readonly"].contains($0) }) == true
        { before -= 1 }
        guard list.isSymbol(before, ":") else { return }
        noteHolder(before: before)
        var value = next
        while list.isSymbol(value, "?") || list.isSymbol(value, "!") { value += 1 }
        guard language == .swift, list.isSymbol(value, "=") else { return }
        value += 1
        while ["try", "await", "?", "!"].contains(list[value]?.text) { value += 1 }
        if list.isSymbol(value, "."), let maker = list.word(value + 1), list.isSymbol(value + 2, "("),
            facts.library(making: full + [maker]) != nil
        {
            report(.rawClient, at: value, "\(full[full.count - 1]).\(maker)(…) makes a client of its own")
        }
    }

    /// The name before a colon holds a client.
    func holder(before colon: Int) -> String? {
        var last = colon - 1
        while list.isSymbol(last, "?") || list.isSymbol(last, "!") { last -= 1 }
        return list.word(last).map { _ in facts.chain(endingAt: last).names.joined(separator: ".") }
    }

    mutating func noteHolder(before colon: Int) {
        if let name = holder(before: colon) { facts.clients.insert(name) }
    }

    /// `with redis.Redis(…) as cache`
    private mutating func noteWith(behind open: Int) {
        guard let close = list[open]?.partner, list.isWord(close + 1, "as"), let name = list.word(close + 2) else {
            return
        }
        facts.clients.insert(name)
    }

    // MARK: Methods

    /// `.flushall(`, `.execute_command("SELECT", 3)`, `.master_for(…, db=3)`
    private mutating func readMethod(at dot: Int) {
        guard let name = list.word(dot + 1), language != .swift || facts.importsLibrary || importsBulkhead else {
            return
        }
        if name == "withConnection" { noteConnection(at: dot) }
        let open = behindTypeArguments(dot + 2)
        let isCall = list.isSymbol(open, "(")
        guard isCall || isDeferred(dot) else { return }
        if let command = RedisWords.command(ofMethod: name) {
            guard facts.importsLibrary || language != .swift else { return }
            guard
                command.ownedIn.contains(language) || facts.isClient(endingAt: dot - 1)
                    || command.name == "KEYS" && isCall && takesPattern(open, receiver: dot - 1)
            else { return }
            report(command.rule, at: dot + 1, "\(command.shown) is sent by .\(name)\(isCall ? "(…)" : "")")
        } else if senders.contains(name), isCall {
            let isShared = language != .swift && ClientLibrary.sharedSenders.contains(name)
            if isShared, !facts.isClient(endingAt: dot - 1) { return }
            readCommand(words(ofCallAt: open), at: dot + 1)
        } else if isCall, takers.contains(name) || name == "init" && list.word(dot - 1) == nil {
            readNumber(ofCallAt: open, Array(numbers))
        }
    }

    /// `to_thread(client.flushdb)`: what is called later.
    private func isDeferred(_ dot: Int) -> Bool {
        guard list.isSymbol(dot + 2, ",") || list.isSymbol(dot + 2, ")"), let open = list[dot]?.parent,
            list.isSymbol(open, "("), let callee = list.word(open - 1)
        else { return false }
        return RunnerWords.defers(callee)
    }

    /// `x[db].keys("*")`: a dictionary's keys take no pattern.
    private func takesPattern(_ open: Int, receiver: Int) -> Bool {
        guard facts.importsLibrary || list.isSymbol(receiver, "]"), let argument = list[open + 1],
            argument.kind == .string, argument.text.contains(where: { "*?[".contains($0) })
        else { return false }
        return list[open]?.partner != nil
    }

    /// `client.withConnection { connection in`
    private mutating func noteConnection(at dot: Int) {
        var open = dot + 2
        if list.isSymbol(open, "("), let close = list[open]?.partner { open = close + 1 }
        guard facts.importsLibrary, list.isSymbol(open, "{") else { return }
        let first = list.isSymbol(open + 1, "(") ? open + 2 : open + 1
        if let name = list.word(first) { facts.clients.insert(name) }
    }

    // MARK: Commands

    private mutating func readCommand(_ words: [String], at index: Int) {
        guard let verdict = RedisWords.verdict(on: words) else { return }
        report(verdict.rule, at: index, "\(verdict.command) is sent")
    }

    /// The texts of a call's arguments, with a hole for what is no literal; of a list of them, all in one.
    private func words(ofCallAt open: Int, isNested: Bool = false) -> [String] {
        list.arguments(ofBracketAt: open).map { argument in
            guard let token = list[argument.value.lowerBound] else { return "" }
            if token.kind == .string || token.kind == .number { return token.text }
            // `["SELECT", 3]`
            guard token.text == "[", token.partner != nil, !isNested else { return String(Token.hole) }
            return words(ofCallAt: argument.value.lowerBound, isNested: true).joined(separator: " ")
        }
    }
}
