/// One call of redis-cli, by the words behind its name.
struct RedisCLICall {
    private(set) var sightings: [Sighting] = []
    /// True if the words hold no command, so that it reads some from its standard input.
    private(set) var readsCommands = false

    /// What is looked at of one call.
    static let mostWords = 64

    /// Flags that a value follows.
    private static let flagsWithValue: Set<String> = [
        "-h", "-p", "-t", "-s", "-a", "-u", "-r", "-i", "-n", "-d", "-D", "-X", "--user", "--pass", "--sni",
        "--cacert", "--cacertdir", "--cert", "--key", "--tls-ciphers", "--tls-ciphersuites", "--rdb",
        "--functions-rdb", "--pattern", "--quoted-pattern", "--eval", "--intrinsic-latency", "--memkeys-samples",
        "--lru-test", "--show-pushes", "--count", "--cursor", "--top",
    ]

    /// `offset` is the place of the name, for what has none of its own.
    init(_ words: some Sequence<ShellWord>, at offset: Int) {
        let words = Array(words.prefix(Self.mostWords))
        var number: ShellWord?
        var snapshot: ShellWord?
        var index = 0
        while index < words.count, words[index].text.hasPrefix("-") {
            let flag = words[index]
            if flag.text == "--rdb" { snapshot = flag }
            if flag.text == "-n" { number = flag }
            let takesValue = Self.flagsWithValue.contains(flag.text)
            if flag.text == "-n", index + 1 < words.count {
                let value = words[index + 1].text
                let shown = !value.isEmpty && value.utf8.allSatisfy(\.isDigit) ? value : "…"
                let what = "redis-cli -n \(shown) chooses a database by number"
                sightings.append(Sighting(.databaseNumber, at: flag.range.lowerBound, what))
            }
            index += takesValue ? 2 : 1
        }
        if number != nil, let snapshot {
            sightings.append(
                Sighting(
                    .snapshot, at: snapshot.range.lowerBound, "redis-cli --rdb ignores -n and takes all databases"))
        }
        guard index < words.count else {
            readsCommands = snapshot == nil
            return
        }
        read(words[index...])
    }

    private mutating func read(_ command: ArraySlice<ShellWord>) {
        guard let first = command.first else { return }
        if let verdict = RedisWords.verdict(on: command.prefix(6).map(\.text)) {
            sightings.append(Sighting(verdict.rule, at: first.range.lowerBound, "\(verdict.command) is sent"))
        }
        // A script, or COPY's DB behind options.
        for word in command {
            sightings += LuaCalls.find(in: word.text).map {
                Sighting($0.rule, at: word.range.lowerBound, "a script sends \($0.command)")
            }
        }
    }

    /// Commands given on standard input, one a line; `offset` is where the text begins.
    static func commands(in text: String, at offset: Int) -> [Sighting] {
        var found: [Sighting] = []
        var place = offset
        for line in text.utf8.split(separator: .newline, omittingEmptySubsequences: false) {
            let words = line.split { $0.isBlank }.prefix(6).map { String(decoding: $0, as: UTF8.self) }
            if let verdict = RedisWords.verdict(on: words.map { $0.filter { $0 != "\"" && $0 != "'" } }) {
                let indent = line.prefix { $0.isBlank }.count
                found.append(Sighting(verdict.rule, at: place + indent, "\(verdict.command) is sent"))
            }
            place += line.count + 1
        }
        return found
    }
}
