/// What is known of commands by their names: the facts of `Sources/CommandTable`, from which the generator writes the
/// text that is read here.
///
/// It is asked for commands that are written by hand, and where one failed. A typed command brings its route along, so
/// that none pays for it.
package enum CommandTable {
    /// What is known of one command.
    package struct Entry: Sendable {
        /// Nil if its arguments decide.
        let effect: RedisSideEffect?
        let route: Substring
        /// Where its timeout stands; empty if it does not wait.
        let wait: Substring
        /// Where its keys stand.
        let keys: Substring
        /// Whether the word behind the name decides more.
        let isFamily: Bool
        /// Whether its reply depends on its keys alone, so that it may be kept until one of them changes.
        package let isCacheable: Bool
        /// Whether it runs a script or a function, which makes replies of its own.
        let isScript: Bool
        /// What becomes of the replies of all servers of a cluster; empty if one server answers.
        package let everywhere: Substring
        /// What becomes of the replies of its pieces, each with keys of one slot; empty if it cannot be taken apart.
        package let apart: Substring
        /// Where the shard channels stand that decide about its server in a cluster, as its keys do elsewhere.
        fileprivate let shardChannels: Substring
    }

    private static let entries: [Substring: Entry] = {
        let effects: [Substring: RedisSideEffect] = [
            "read": .read, "idempotent": .idempotentWrite, "accumulating": .accumulatingWrite, "admin": .admin,
            "never": .never,
        ]
        var entries: [Substring: Entry] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let facts = line.split(separator: ";" as Character, omittingEmptySubsequences: false)
            let flags = facts[5].split(separator: " " as Character)
            entries[facts[0]] = Entry(
                effect: effects[facts[1]], route: facts[2], wait: facts[3], keys: facts[4],
                isFamily: flags.contains("family"), isCacheable: flags.contains("cacheable"),
                isScript: flags.contains("script"), everywhere: facts[6], apart: facts[7],
                shardChannels: facts[8])
        }
        return entries
    }()

    /// Those of which the word behind the name decides about the server in a cluster, and nothing else.
    static let oneKeyCommands = OneKeyCommands(
        entries.filter { name, entry in
            let places = entry.keys.isEmpty ? entry.shardChannels : entry.keys
            return places == "1" && !entry.isFamily && !name.contains(" " as Character)
        }.map { String($0.key) })

    /// What is known of a command by its first word and, where that has members, the second, both in upper case; nil
    /// for one that the table does not have. A member that it does not have is taken for its family.
    static func entry(_ name: some StringProtocol, _ second: @autoclosure () -> String?) -> Entry? {
        guard let entry = entries[Substring(name)], entry.isFamily else { return entries[Substring(name)] }
        guard let second = second() else { return entry }
        return entries["\(name) \(second)"] ?? entry
    }

    /// Whether it is one of the servers' own.
    static func knows(_ name: String) -> Bool { entries[name[...]] != nil }

    /// The names of all commands, those of subcommands as both words.
    package static var names: [String] { entries.keys.map(String.init).sorted() }
}

extension EncodedCommand {
    /// The words of this command, its name the first.
    package var words: [ArraySlice<UInt8>] { Array(EncodedArguments(bytes)) }

    /// What the table knows of this command.
    package var entry: CommandTable.Entry? {
        var words = CommandRoute.words(of: bytes).makeIterator()
        guard let name = words.next() else { return nil }
        return CommandTable.entry(name, words.next())
    }

    /// The keys among this command's words, in their order.
    ///
    /// | Places | mean |
    /// |---|---|
    /// | `1`, `1..2` | this word behind the name, or these |
    /// | `1..-1`, `1..-2` | from this word to the last, or to the one before it |
    /// | `1..-1/2` | every second of them |
    /// | `#2` | the word says how many keys follow it; `#2/2` with a value behind each |
    /// | `STREAMS:half` | behind this word keys come first, and as many other words after them |
    /// | `STORE:one`, `KEYS:all` | behind this word there is one key, or there are only keys |
    package var keys: [ArraySlice<UInt8>] {
        guard let entry else { return [] }
        return entry.keys.split(separator: "+").flatMap { Self.keys($0, in: words) }
    }

    /// The shard channels among this command's words.
    var shardChannels: [ArraySlice<UInt8>] {
        guard let places = entry?.shardChannels, !places.isEmpty else { return [] }
        return Self.keys(places, in: words)
    }

    private static func keys(_ places: Substring, in words: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
        let parts = places.split(separator: "/")
        let step = parts.count > 1 ? Int(parts[1]) ?? 1 : 1
        if let colon = places.firstIndex(of: ":") {
            guard let found = place(ofOption: places[..<colon], in: words) else { return [] }
            let rest = words[(found + 1)...]
            switch places[colon...] {
            case ":half": return Array(rest.prefix(rest.count / 2))
            case ":one": return Array(rest.prefix(1))
            default: return Array(rest)
            }
        }
        if parts[0].hasPrefix("#") {
            guard let index = Int(parts[0].dropFirst()), index < words.count,
                let count = Int(String(decoding: words[index], as: UTF8.self)), count > 0
            else { return [] }
            let rest = words[(index + 1)...]
            return stride(from: rest.startIndex, to: rest.endIndex, by: step).prefix(count).map { words[$0] }
        }
        let ends = parts[0].split(separator: ".").compactMap { Int($0) }
        guard let first = ends.first, first < words.count, let last = ends.last else { return [] }
        let end = last < 0 ? words.count + last : min(last, words.count - 1)
        return stride(from: first, through: end, by: step).map { words[$0] }
    }

    /// Where an option's word stands. A key in front of it, and what belongs to another option, may be called as it is.
    private static func place(ofOption name: Substring, in words: [ArraySlice<UInt8>]) -> Int? {
        func isWord(_ index: Int, _ text: some StringProtocol) -> Bool {
            let text = text.utf8
            return words[index].count == text.count && words[index].elementsEqual(text, by: { $0 & 0xdf == $1 })
        }
        // All but XREAD and XREADGROUP begin with a key.
        var index = name == "STREAMS" ? 1 : 2
        while index < words.count {
            if isWord(index, name) { return index }
            index += 1 + (valuesOfOptions.first { isWord(index, $0.name) }?.values ?? 0)
        }
        return nil
    }

    /// Options before the last one whose values are text: of XREADGROUP, and of SORT.
    private static let valuesOfOptions = [
        (name: "GROUP", values: 2), (name: "BY", values: 1), (name: "GET", values: 1),
    ]
}
