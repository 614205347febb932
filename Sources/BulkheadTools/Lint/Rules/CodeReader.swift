/// What the rules for programming languages share: strings, commands given as strings, numbers given as arguments.
struct CodeReader {
    let bytes: [UInt8]
    var facts: CodeFacts
    private(set) var sightings: [Sighting] = []
    /// Strings that belong to one before them.
    private var joined: Set<Int> = []

    var list: TokenList { facts.list }

    init(_ bytes: [UInt8], _ list: TokenList) {
        self.bytes = bytes
        facts = CodeFacts(list)
    }

    mutating func report(_ rule: LintRule, at index: Int, _ what: String) {
        sightings.append(Sighting(rule, at: list[index]?.range.lowerBound ?? 0, what))
    }

    // MARK: Strings

    /// Strings that stand one behind the other are one text in Python; nil for all but the first of them.
    mutating func joinedText(at index: Int) -> (text: String, next: Int)? {
        guard !joined.contains(index) else { return nil }
        var text = list[index]?.text ?? ""
        var next = index + 1
        while true {
            // The tokens of interpolations stand between the parts.
            while list.isSymbol(next, "("), let token = list[next], bytes[token.range.lowerBound] == UInt8(ascii: "{"),
                let close = token.partner
            {
                next = close + 1
            }
            guard let token = list[next], token.kind == .string, !token.startsLine else { return (text, next) }
            text += token.text
            joined.insert(next)
            next += 1
        }
    }

    /// Looks into the text of the strings at `index`, which nobody has looked into yet.
    mutating func readText(_ text: String, at index: Int) {
        guard let token = list[index] else { return }
        let numbers = text.utf8.count < 6 ? [] : URLNumbers.find(in: text.utf8)
        if !numbers.isEmpty {
            // Where they stand in the file, unless escapes or other strings are in between.
            let spelled = token.range.prefix(4 * text.utf8.count + 64)
            var places = URLNumbers.find(in: bytes[spelled])[...]
            for number in numbers {
                places = places.drop { $0.what != number.what }
                let offset = token.range.lowerBound + (places.popFirst()?.offset ?? 0)
                sightings.append(Sighting(.databaseNumber, at: offset, number.what))
            }
        }
        for call in LuaCalls.find(in: text) {
            report(call.rule, at: index, "a script sends \(call.command)")
        }
    }

    // MARK: Commands

    /// The texts of a call's arguments, with a hole for what is no literal; of a list of them, all in one.
    func words(ofCallAt open: Int, isNested: Bool = false) -> [String] {
        list.arguments(ofBracketAt: open).map { argument in
            guard let token = list[argument.value.lowerBound] else { return "" }
            switch token.kind {
            case .string: return token.text
            case .number: return token.text
            default:
                // `["SELECT", 3]`
                guard token.text == "[", token.partner != nil, !isNested else { return String(Token.hole) }
                return words(ofCallAt: argument.value.lowerBound, isNested: true).joined(separator: " ")
            }
        }
    }

    /// Looks at a call that sends a command given as text.
    mutating func readCommand(at index: Int, open: Int) {
        guard let verdict = RedisWords.verdict(on: words(ofCallAt: open)) else { return }
        report(verdict.rule, at: index, "\(verdict.command) is sent")
    }

    /// Looks at `client.flushall(…)`: a method that is a command.
    mutating func readMethod(_ name: String, at index: Int) {
        guard let verdict = RedisWords.verdict(onMethod: name) else { return }
        report(verdict.rule, at: index, "\(verdict.command) is sent by .\(name)(…)")
    }

    // MARK: Programs

    /// Calls whose text a shell gets to see.
    private static let runners: Set<String> = [
        "system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput",
        "create_subprocess_shell", "create_subprocess_exec", "shell", "sh", "execute", "spawn", "exec", "sudo",
    ]

    /// Looks at a string that may be a call of redis-cli: the first of a list of words, or a line for a shell.
    mutating func readProgram(_ text: String, at index: Int) {
        guard text.contains("-cli") else { return }
        if RedisWords.isShell(text), list[index]?.parent != nil {
            sightings += RedisCLICall(wordsInList(behind: index), at: list[index]?.range.lowerBound ?? 0).sightings
        } else if let open = list[index]?.parent, list.isSymbol(open, "("), let callee = list.word(open - 1),
            Self.runners.contains(callee)
        {
            let place = list[index]?.range.lowerBound ?? 0
            for sighting in ShellRules.sightings(ofText: text) {
                sightings.append(Sighting(sighting.rule, at: place, sighting.what))
            }
        }
    }
}

extension CodeReader {
    /// The words of a list behind one of them, with a hole for what is no literal.
    private func wordsInList(behind index: Int) -> [ShellWord] {
        var words: [ShellWord] = []
        var index = index + 1
        while words.count < RedisCLICall.mostWords, list.isSymbol(index, ","), let token = list[index + 1] {
            let isText = token.kind == .string || token.kind == .number
            words.append(ShellWord(text: isText ? token.text : String(Token.hole), range: token.range))
            index += 1
            while let next = list[index], next.parent == token.parent, next.text != "," || next.kind != .symbol,
                !(next.partner.map { $0 < index } ?? false)
            {
                index = (next.partner ?? index) + 1
            }
        }
        return words
    }
}

/// Commands that a Lua script sends: `redis.call('SELECT', 3)`.
enum LuaCalls {
    static func find(in text: String) -> [(rule: LintRule, command: String)] {
        guard text.utf8.count > 12, text.contains("call(") else { return [] }
        var found: [(rule: LintRule, command: String)] = []
        var cursor = ByteCursor(Array(text.utf8))
        while !cursor.isAtEnd {
            let length = lengthOfCall(at: cursor)
            guard length > 0 else {
                cursor.advance()
                continue
            }
            cursor.advance(length)
            cursor.advance { $0.isBlank || $0 == .newline }
            guard cursor.peek() == .quote || cursor.peek() == .apostrophe else { continue }
            cursor.advance()
            let start = cursor.offset
            cursor.advance { $0.isLetter }
            if let verdict = RedisWords.verdict(on: [cursor.text(from: start)]) { found.append(verdict) }
        }
        return found
    }

    private static func lengthOfCall(at cursor: ByteCursor) -> Int {
        if cursor.isAt("redis.call(") { return 11 }
        if cursor.isAt("redis.pcall(") { return 12 }
        if cursor.isAt("server.call(") { return 12 }
        return cursor.isAt("server.pcall(") ? 13 : 0
    }
}
