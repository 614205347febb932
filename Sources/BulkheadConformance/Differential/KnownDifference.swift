/// A difference between servers that is known, and why it is there.
package struct KnownDifference: Sendable {
    package let name: String
    /// Why it is there, in a sentence.
    package let reason: String
    package var source = ""
    /// Either side; empty for any server.
    var left: [ServerRange] = []
    var right: [ServerRange] = []
    /// The commands whose replies show it; `*` or none for any.
    var commands: [String] = []
    /// Words that the command must have, in upper case.
    var words: [String] = []
    /// A command that must be in the smallest sequence, with words of its own.
    var after: [String] = []
    /// What each side has, as the kinds say it, with `*` for anything; empty for all.
    var replies: [(left: String, right: String)] = []
    /// The databases may differ afterwards.
    var isDiverging = false

    /// Whether it is about these servers: true if left is left, false if they are the other way round, nil if not.
    func direction(_ one: ServerIdentity, _ other: ServerIdentity) -> Bool? {
        func isIn(_ ranges: [ServerRange], _ server: ServerIdentity) -> Bool {
            ranges.isEmpty || ranges.contains { $0.contains(server) }
        }
        if isIn(left, one), isIn(right, other) { return true }
        if isIn(left, other), isIn(right, one) { return false }
        return nil
    }

    /// Whether a reply's difference is this one. `direction` is that of the servers.
    func explains(_ leaf: LeafDifference, of command: String, words said: [String], direction: Bool) -> Bool {
        guard commands.isEmpty || commands == ["*"] || commands.contains(command), words.allSatisfy(said.contains)
        else { return false }
        if replies.isEmpty { return true }
        let (one, other) = direction ? (leaf.left, leaf.right) : (leaf.right, leaf.left)
        return replies.contains { pattern in
            Self.fits(one, pattern.left) && Self.fits(other, pattern.right)
                || Self.isSymmetric(pattern) && Self.fits(other, pattern.left) && Self.fits(one, pattern.right)
        }
    }

    /// `string / another string` says nothing of sides.
    private static func isSymmetric(_ pattern: (left: String, right: String)) -> Bool {
        pattern.right.contains("another ") || pattern.right == "the number in other digits"
    }

    static func fits(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == pattern }
        guard text.count >= first.count + last.count, text.hasPrefix(first), text.hasSuffix(last) else { return false }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = Self.range(of: part, in: rest) else { return false }
            rest = rest[found...].dropFirst(part.count)
        }
        return true
    }

    private static func range(of part: Substring, in text: Substring) -> Substring.Index? {
        text.indices.first { text[$0...].hasPrefix(part) }
    }
}

extension KnownDifference {
    /// The differences that the kit knows.
    package static func own() throws(CaseSyntaxError) -> [KnownDifference] {
        try all(in: ChapterTexts.differences, file: "Known.differences")
    }

    /// Reads a file of differences; its format is told in the article Conformance.
    package static func all(in text: String, file: String) throws(CaseSyntaxError) -> [KnownDifference] {
        var all: [KnownDifference] = []
        for (number, line) in LogicalLines.of(text) {
            do throws(LineScanner.Problem) {
                try read(line, into: &all)
            } catch {
                throw CaseSyntaxError(file: file, line: number, problem: error.words)
            }
        }
        return all
    }

    private static func read(_ line: Substring, into all: inout [KnownDifference]) throws(LineScanner.Problem) {
        let word = line.prefix { $0 != " " }
        let rest = line.dropFirst(word.count).drop { $0 == " " }
        if word == "difference" {
            guard let colon = rest.firstIndex(of: ":"), rest[rest.index(after: colon)...].contains(where: \.isLetter)
            else {
                throw LineScanner.Problem(words: "a difference is 'difference NAME: why it is there, in a sentence'")
            }
            let name = String(rest[..<colon])
            guard !all.contains(where: { $0.name == name }) else {
                throw LineScanner.Problem(words: "a second difference is named \(name)")
            }
            all.append(
                KnownDifference(name: name, reason: String(rest[rest.index(after: colon)...].drop { $0 == " " })))
            return
        }
        guard var last = all.popLast() else {
            throw LineScanner.Problem(words: "'\(word)' stands before the first difference")
        }
        switch word {
        case "source": last.source = String(rest)
        case "left": last.left = try ChapterReader.ranges(rest)
        case "right": last.right = try ChapterReader.ranges(rest)
        case "commands": last.commands = rest.split(separator: ",").map { $0.uppercased().trimmed }
        case "words": last.words = rest.uppercased().split(separator: " ").map(String.init)
        case "after": last.after = rest.uppercased().split(separator: " ").map(String.init)
        case "replies":
            let sides = rest.split(separator: " / ", maxSplits: 1).map(String.init)
            guard sides.count == 2 else { throw LineScanner.Problem(words: "'replies' is LEFT / RIGHT") }
            last.replies.append((sides[0], sides[1]))
        case "diverges": last.isDiverging = true
        default: throw LineScanner.Problem(words: "'\(word)' is nothing that a difference has")
        }
        all.append(last)
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
