/// What bypasses names in shells: redis-cli with numbers and with commands that leave or empty databases.
struct ShellRules {
    private let bytes: [UInt8]
    private let depth: Int
    private let linesEndQuotes: Bool
    private(set) var sightings: [Sighting] = []
    private(set) var comments: [SourceComment] = []
    /// Variables that hold a call of redis-cli, with its words so far.
    private var calls: [String: [ShellWord]] = [:]

    /// Of a part of a file. A text in quotes that a shell would run is read to a depth of `ShellTokens.deepest`.
    init(_ bytes: [UInt8], _ range: Range<Int>? = nil, depth: Int = 0, linesEndQuotes: Bool = false) {
        self.bytes = bytes
        self.depth = depth
        self.linesEndQuotes = linesEndQuotes
        let tokens = ShellTokens(bytes, range, depth: depth, linesEndQuotes: linesEndQuotes)
        comments = tokens.comments
        for (index, command) in tokens.commands.enumerated() {
            read(command, before: command.isFed && index > 0 ? tokens.commands[index - 1] : nil)
        }
    }

    /// Of a text that stands in no file as it is; the offsets are those in the text.
    static func sightings(ofText text: String) -> [Sighting] {
        ShellRules(Array(text.utf8), depth: ShellTokens.deepest / 2).sightings
    }

    private mutating func read(_ command: ShellCommand, before: ShellCommand?) {
        for word in command.words where word.range.count > 6 {
            sightings += URLNumbers.sightings(of: word.text, spelledAt: word.range, in: bytes)
            readSetting(word)
        }
        for input in command.inputs where depth == 0 { sightings += URLNumbers.sightings(in: input, of: bytes) }
        readWrittenFiles(of: command)
        let words = withCallsOfVariables(command.words)
        let name = nameOfCommand(words)
        if let assigned = assignedCall(in: words) { return note(assigned) }
        if RunnerWords.speakers.contains(name) { return }
        if let place = words.firstIndex(where: { RedisWords.isShell(programName($0)) }) {
            var arguments = Array(words[(place + 1)...])
            // `"-n",` in a Dockerfile.
            if words[place].text.hasSuffix(",") {
                for index in arguments.indices { arguments[index].text.removeAll { $0 == "," || $0 == "]" } }
            }
            let call = RedisCLICall(arguments, at: words[place].range.lowerBound)
            sightings += call.sightings
            if call.readsCommands { readInput(of: command, before: before) }
        } else if depth < ShellTokens.deepest {
            readTextsToRun(words, of: command, name)
        }
    }

    // MARK: Names

    /// The first word that is no assignment and belongs to the command, without the signs of make and its path.
    private func nameOfCommand(_ words: [ShellWord]) -> String {
        var isFlag = false
        let first = words.first { word in
            // `sudo -u redis`
            defer { isFlag = word.text.hasPrefix("-") && word.text != "-" }
            return !isFlag && !isAssignment(word) && !word.text.hasPrefix("-")
                && !RunnerWords.beforeCommands.contains(programName(word))
        }
        return first.map(baseName) ?? ""
    }

    private func baseName(_ word: ShellWord) -> String {
        String(programName(word).split(separator: "/").last ?? "")
    }

    private func programName(_ word: ShellWord) -> String {
        // `@redis-cli` in a Makefile, `["redis-cli",` in a Dockerfile.
        String(word.text.drop { "@-+[".contains($0) && word.text.utf8.count > 2 }.filter { $0 != "," && $0 != "]" })
    }

    private func isAssignment(_ word: ShellWord) -> Bool {
        guard let end = word.text.firstIndex(of: "="), end != word.text.startIndex else { return false }
        return word.text[..<end].utf8.allSatisfy { $0.continuesName || $0 == UInt8(ascii: "+") }
    }

    /// `$REDIS flushall` with what `REDIS` holds in place of it.
    private func withCallsOfVariables(_ words: [ShellWord]) -> [ShellWord] {
        guard !calls.isEmpty else { return words }
        return words.flatMap { word -> [ShellWord] in
            guard let name = word.variable, let call = calls[name] else { return [word] }
            return call.map { ShellWord(text: $0.text, range: word.range) }
        }
    }

    /// `REDIS="redis-cli -n 3"`, which is a call for later.
    private func assignedCall(in words: [ShellWord]) -> (name: String, value: ShellWord)? {
        let isDeclared = ["export", "local", "readonly", "declare", "alias"].contains(words.first?.text)
        guard words.count <= (isDeclared ? 3 : 1), let last = words.last, isAssignment(last),
            let end = last.text.firstIndex(of: "=")
        else { return nil }
        let value = last.text[last.text.index(after: end)...]
        guard RedisWords.isShell(String(value.prefix { !$0.isWhitespace })) else { return nil }
        return (String(last.text[..<end]), last)
    }

    private mutating func note(_ assigned: (name: String, value: ShellWord)) {
        let inside = assigned.value.quoted ?? assigned.value.range
        let words = ShellTokens(bytes, inside, depth: ShellTokens.deepest).commands.first?.words ?? []
        // The number is found where it is written, not where the variable is used.
        let call = RedisCLICall(words.dropFirst(), at: inside.lowerBound)
        sightings += call.sightings
        calls[assigned.name] = withoutNumber(Array(words.prefix(RedisCLICall.mostWords / 2)))
    }

    private func withoutNumber(_ words: [ShellWord]) -> [ShellWord] {
        guard let flag = words.firstIndex(where: { $0.text == "-n" }) else { return words }
        return Array(words[..<flag] + words[flag...].dropFirst(2))
    }

    // MARK: Texts

    /// `REDIS_DB=3`, `${REDIS_DB:-3}`
    private mutating func readSetting(_ word: ShellWord) {
        sightings += SettingName.defaults(in: word.range, of: bytes)
        guard isAssignment(word), let setting = SettingName.numberSetting(in: word.text) else { return }
        sightings.append(Sighting(.databaseNumber, at: word.range.lowerBound, setting))
    }

    /// What redis-cli reads from its standard input.
    private mutating func readInput(of command: ShellCommand, before: ShellCommand?) {
        for input in command.inputs { readCommands(in: input) }
        guard let before else { return }
        for input in before.inputs { readCommands(in: input) }
        let name = nameOfCommand(before.words)
        guard ["echo", "printf", "print"].contains(name) else { return }
        let words = before.words.drop { String($0.text.split(separator: "/").last ?? "") != name }.dropFirst()
            .drop { $0.text.hasPrefix("-") }
        guard let first = words.first else { return }
        // printf's `\n` has lost its backslash outside of quotes only; in them it reads `n` behind a sign.
        let text = words.map { word in
            word.quoted.map { String(decoding: bytes[$0], as: UTF8.self) } ?? word.text
        }.joined(separator: " ")
        for line in text.replacing("\\n", with: "\n").split(separator: "\n") {
            for sighting in RedisCLICall.commands(in: String(line), at: 0) {
                sightings.append(Sighting(sighting.rule, at: first.range.lowerBound, sighting.what))
            }
        }
    }

    private mutating func readCommands(in range: Range<Int>) {
        var range = range
        // Here-strings are words with their quotes.
        if let first = bytes[range].first, first == .quote || first == .apostrophe, range.count > 1 {
            range = range.lowerBound + 1..<range.upperBound - 1
        }
        sightings += RedisCLICall.commands(in: String(decoding: bytes[range], as: UTF8.self), at: range.lowerBound)
    }

    /// `cat > .env <<EOF`: what is written is read as what it becomes.
    private mutating func readWrittenFiles(of command: ShellCommand) {
        guard depth < ShellTokens.deepest, !command.inputs.isEmpty else { return }
        var files = command.outputs
        if command.words.contains(where: { baseName($0) == "tee" }) { files += command.words.map(\.text) }
        guard let language = files.lazy.compactMap({ LintLanguage(path: Array($0.utf8)) }).first else { return }
        for input in command.inputs { read(input, as: language) }
    }

    private mutating func read(_ range: Range<Int>, as language: LintLanguage) {
        // URLs have been found where they stand.
        sightings += Linter.look(at: bytes, range, as: language, depth: depth + 1).sightings.filter { !$0.isURL }
    }

    /// `sh -c 'redis-cli …'`, `if python3 - <<EOF`, `bash <<EOF`, `run_command "redis-cli …"`
    private mutating func readTextsToRun(_ words: [ShellWord], of command: ShellCommand, _ name: String) {
        for (place, word) in words.enumerated() {
            guard let (flags, language) = RunnerWords.interpreter(baseName(word)) else { continue }
            let arguments = words[(place + 1)...]
            if let flag = arguments.firstIndex(where: { flags.contains($0.text) }) {
                if flag + 1 < words.count, let code = words[flag + 1].quoted { read(code, as: language) }
            } else if arguments.allSatisfy({ $0.text.hasPrefix("-") }) {
                for input in command.inputs { read(input, as: language) }
            }
            return
        }
        let runsPrograms = words.contains { RunnerWords.shells.contains(programName($0)) }
        guard runsPrograms || RunnerWords.runs(name) else { return }
        for quoted in words.compactMap(\.quoted) + command.inputs where mentionsProgram(bytes, quoted) {
            // A function's text may only speak of the program.
            guard runsPrograms || beginsWithProgram(quoted) else { continue }
            let inner = ShellRules(bytes, quoted, depth: depth + 1, linesEndQuotes: linesEndQuotes)
            sightings += inner.sightings.filter { !$0.isURL }
        }
    }

    private func beginsWithProgram(_ range: Range<Int>) -> Bool {
        let first = bytes[range].prefix(256).split(maxSplits: 1) { $0.isBlank }.first
        return RedisWords.isShell(String(decoding: first ?? [], as: UTF8.self))
    }
}

/// Whether a text is worth reading as commands.
func mentionsProgram(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    bytes[range].indices.contains { start in
        RunnerWords.programs.contains { $0[0] == bytes[start] && bytes[start..<range.upperBound].starts(with: $0) }
    }
}
