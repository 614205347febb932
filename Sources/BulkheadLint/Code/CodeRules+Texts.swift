/// What strings hold: URLs, scripts, names of settings, calls of programs.
extension CodeRules {
    mutating func readString(at index: Int) {
        guard let token = list[index], let (text, next) = joinedText(at: index) else { return }
        // In Python, a string that is a statement of its own is documentation.
        if language == .python, token.startsLine, list[next]?.startsLine ?? true { return }
        if language == .python, list.isSymbol(index - 1, ":"),
            facts.isType(facts.resolved(text.split(separator: ".").map(String.init)))
        {
            noteHolder(before: index - 1)
        }
        readText(text, at: index)
        readProgram(text, at: index)
        readDefault(of: text, at: index, behind: next)
    }

    /// Strings that stand one behind the other are one text in Python; nil for all but the first of them.
    private mutating func joinedText(at index: Int) -> (text: String, next: Int)? {
        guard !joined.contains(index), var text = list[index]?.text else { return nil }
        var next = index + 1
        while language == .python {
            // The tokens of interpolations stand between the parts.
            while list.isSymbol(next, "("), let token = list[next], bytes[token.range.lowerBound] == UInt8(ascii: "{"),
                let close = token.partner
            {
                next = close + 1
            }
            guard let token = list[next], token.kind == .string, !token.startsLine else { break }
            text += token.text
            joined.insert(next)
            next += 1
        }
        return (text, next)
    }

    private mutating func readText(_ text: String, at index: Int) {
        guard let token = list[index] else { return }
        sightings += URLNumbers.sightings(of: text, spelledAt: token.range, in: bytes)
        for call in LuaCalls.find(in: text) {
            report(call.rule, at: index, "a script sends \(call.command)")
        }
    }

    // MARK: Programs

    /// Looks at a string that may be a call of redis-cli: the first of a list of words, or a line for a shell.
    private mutating func readProgram(_ text: String, at index: Int) {
        guard text.contains("-cli"), let token = list[index] else { return }
        let place = token.range.lowerBound
        if RedisWords.isShell(text), token.parent != nil {
            sightings += RedisCLICall(wordsInList(behind: index), at: place).sightings
        } else if isRun(at: index) {
            sightings += ShellRules.sightings(ofText: text).map { Sighting($0.rule, at: place, $0.what) }
        }
    }

    /// True for an argument of `system(…)`, and for what stands behind a lone `$`.
    private func isRun(at index: Int) -> Bool {
        if list.isSymbol(index - 1, "$") { return true }
        guard let open = list[index]?.parent, list.isSymbol(open, "("), let callee = list.word(open - 1) else {
            return false
        }
        return RunnerWords.runs(callee)
    }

    /// The words of a list behind one of them, with a hole for what is no literal; a list among them is looked into.
    private func wordsInList(behind index: Int) -> [ShellWord] {
        var words: [ShellWord] = []
        var index = index + 1
        var parent = list[index - 1]?.parent
        while words.count < RedisCLICall.mostWords, list.isSymbol(index, ","), let token = list[index + 1] {
            if token.text == "[", token.kind == .symbol, let first = list[index + 2], first.kind == .string {
                parent = index + 1
                words.append(ShellWord(text: first.text, range: first.range))
                index += 3
            } else {
                let isText = token.kind == .string || token.kind == .number
                words.append(ShellWord(text: isText ? token.text : String(Token.hole), range: token.range))
                index += 1
            }
            while let next = list[index], next.parent == parent, next.text != "," || next.kind != .symbol,
                !(next.partner.map { $0 < index } ?? false)
            {
                index = (next.partner ?? index) + 1
            }
        }
        return words
    }

    // MARK: Settings

    /// `getenv("REDIS_DB", 4)`, `config("REDIS_DB", default=4)`, `environment["REDIS_DB"] ?? 4`
    private mutating func readDefault(of key: String, at index: Int, behind next: Int) {
        guard SettingName.isName(key), let open = list[index]?.parent else { return }
        var value = next
        if list.isSymbol(next, ","), list.isSymbol(open, "(") {
            value += list.isWord(next + 1, "default") ? 3 : 1
        } else if list[open]?.partner == next, isAlternative(next + 1) {
            value += 2
        } else {
            return
        }
        if let what = number(at: value).flatMap({ SettingName.numberSetting(key, $0, isUnderRedis: false) }) {
            report(.databaseNumber, at: index, what)
        }
    }

    private func isAlternative(_ index: Int) -> Bool {
        list.isSymbol(index, "??") || list.isSymbol(index, "||") || list.isWord(index, "or")
    }

    /// The number that stands at an index, also in quotes, and that nothing is done with.
    private func number(at index: Int) -> String? {
        guard let token = list[index], token.kind == .number || token.kind == .string else { return nil }
        let next = list[index + 1]
        let goesOn = next.map { $0.kind == .symbol && "+-*/%.<[".contains($0.text) && !$0.startsLine } ?? false
        return goesOn ? nil : token.text
    }

    /// `REDIS_DB = 3`, also as an argument; `REDIS_DB: int = Field(3)`; `process.env.REDIS_DB || 3`.
    mutating func readSetting(_ name: String, at index: Int, next: Int) {
        guard SettingName.isRedis(name) else { return }
        var value = next
        if list.isSymbol(next, ":") || list.isSymbol(next, "?") {
            // A type stands before the value.
            let isEnd = { (token: Token) in token.text == "=" || token.text == "," || token.startsLine }
            value = (next..<next + 8).first { list[$0].map(isEnd) ?? true } ?? next
        }
        guard list.isSymbol(value, "=") || isAlternative(value) else { return }
        value += 1
        if let callee = list.word(value), ["Field", "field", "int", "Int", "Number", "parseInt"].contains(callee),
            list.opensCall(value + 1)
        {
            value += list.isWord(value + 2, "default") ? 4 : 2
        }
        if let what = number(at: value).flatMap({ SettingName.numberSetting(name, $0, isUnderRedis: false) }) {
            report(.databaseNumber, at: index, what)
        }
    }

    // MARK: Options

    /// Numbers among a call's arguments, or in the options that are one of them. `isKnown` tells that it is a library's
    /// call, so that a variable chooses a database too.
    mutating func readNumber(
        ofCallAt open: Int, _ labels: [String], place: Int? = nil, isKnown: Bool = false, literalsOnly: Bool = false
    ) {
        for (argument, position) in zip(list.arguments(ofBracketAt: open), 0...) {
            guard let value = list[argument.value.lowerBound] else { continue }
            if value.text == "{", value.kind == .symbol, language == .script {
                if readOptions.insert(argument.value.lowerBound).inserted {
                    readNumber(ofCallAt: argument.value.lowerBound, labels, isKnown: isKnown)
                }
                continue
            }
            // `{ host, db }`
            let isShort =
                language == .script && argument.value.count == 1 && labels.contains(value.text)
                && list.isSymbol(open, "{")
            guard argument.label.map({ labels.contains($0) }) ?? (position == place || isShort) else { continue }
            let isNumber = value.kind == .number || value.kind == .string && SettingName.isNumber(value.text)
            if !isNumber {
                let isNone = ["None", "nil", "null", "undefined", "*"].contains(value.text)
                let isNamed = argument.label == "database" && !isKnown
                if value.kind == .string || isNone || isNamed || literalsOnly { continue }
            }
            let sign = language == .python ? "=" : ": "
            let name = argument.label.map { $0 + sign } ?? (isShort ? "" : "an argument by place, ")
            let what = "\(name)\(isNumber || isShort ? value.text : "…") chooses a database by number"
            report(.databaseNumber, at: argument.start, what)
        }
    }

    /// `{"host": …, "db": 3}`, `REDIS = {"DB": 3}`, `{"BACKEND": "…redis…", "OPTIONS": {"DB": 3}}`
    mutating func readOptions(at open: Int) {
        guard let token = list[open], let close = token.partner, close > open, close - open > 3 else { return }
        let isCall = token.text == "("
        if isCall ? !list.isWord(open - 1, "dict") : token.text == "[" && language != .swift { return }
        guard readOptions.insert(open).inserted else { return }
        let options = list.arguments(ofBracketAt: open)
        // The key of `{ host }` stands alone.
        let keys = Dictionary(
            options.map { (($0.label ?? list.word($0.start) ?? "").lowercased(), $0.value.lowerBound) },
            uniquingKeysWith: { $1 })
        let isRedis =
            token.parent.map { redisOptions.contains($0) } == true
            || nameBefore(isCall ? open - 1 : open).map(SettingName.isRedisOptions) == true
            || OptionWords.sentinels.contains { keys[$0] != nil }
            || OptionWords.kinds.contains { keys[$0].flatMap { list[$0]?.text }.map(SettingName.isRedis) == true }
        if isRedis { redisOptions.insert(open) }
        // Servers of other kinds are named by text, and their options have these names.
        let isServer =
            OptionWords.places.contains { keys[$0] != nil } && speaksOfRedis
            && !OptionWords.others.contains { keys[$0] != nil }
        for option in options where option.value.count == 1 {
            guard let key = option.label, let value = number(at: option.value.lowerBound),
                let what = SettingName.numberSetting(key, value, isUnderRedis: isRedis || isServer)
            else { continue }
            report(.databaseNumber, at: option.start, what)
        }
    }

    /// The name that options are given: `REDIS = {`, `"redis": {`, `redis: Options = {`.
    private func nameBefore(_ open: Int) -> String? {
        guard list.isSymbol(open - 1, "=") || list.isSymbol(open - 1, ":"), let name = list[open - 2] else {
            return nil
        }
        if list.isSymbol(open - 1, "="), list.isSymbol(open - 3, ":"), let holder = holder(before: open - 3) {
            return holder
        }
        return name.kind == .word || name.kind == .string ? name.text : nil
    }
}
