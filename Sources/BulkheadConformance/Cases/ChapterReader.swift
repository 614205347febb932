/// What is wrong in a file of cases, and where.
public struct CaseSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the chapter's file.
    public let file: String
    /// Its line, from 1.
    public let line: Int
    /// What is wrong there.
    public let problem: String

    package init(file: String, line: Int, problem: String) {
        self.file = file
        self.line = line
        self.problem = problem
    }

    /// The file, the line and the problem.
    public var description: String { "\(file):\(line): \(problem)" }
}

/// Reads a file of cases. The format is told in the article Conformance; nothing that is not in it is accepted.
struct ChapterReader {
    private let file: String
    private var chapter: ConformanceChapter
    private var current: ConformanceCase?
    /// Where the open case began.
    private var currentLine = 0
    private var number = 0
    /// What cases have that say nothing else.
    private var source = ""
    private var servers: [ServerRange] = []

    private init(_ name: String) {
        file = name + ".cases"
        chapter = ConformanceChapter(name: name.lowercased())
    }

    static func chapter(named name: String, _ text: String) throws(CaseSyntaxError) -> ConformanceChapter {
        var reader = ChapterReader(name)
        for (number, line) in LogicalLines.of(text) {
            reader.number = number
            do throws(LineScanner.Problem) {
                try reader.read(line)
            } catch {
                throw CaseSyntaxError(file: reader.file, line: reader.number, problem: error.words)
            }
        }
        do throws(LineScanner.Problem) {
            try reader.finishCase()
            if reader.chapter.title.isEmpty { throw LineScanner.Problem(words: "the chapter has no title") }
        } catch {
            throw CaseSyntaxError(file: reader.file, line: reader.number, problem: error.words)
        }
        return reader.chapter
    }

    private mutating func read(_ line: Substring) throws(LineScanner.Problem) {
        let word = line.prefix { $0 != " " }
        let rest = line.dropFirst(word.count).drop { $0 == " " }
        let isStep = word.contains(">") || word.hasSuffix("<") || word.count == 1 || word.hasPrefix("@")
        if !isStep {
            try readDirective(String(word), rest)
        } else if current != nil {
            try readStep(line)
        } else {
            throw LineScanner.Problem(words: "a step stands before the first case")
        }
    }

    private mutating func readDirective(_ word: String, _ rest: Substring) throws(LineScanner.Problem) {
        if word == "case" {
            try finishCase()
            guard let colon = rest.firstIndex(of: ":") else {
                throw LineScanner.Problem(words: "a case is 'case NAME: what is checked, in a sentence'")
            }
            let name = rest[..<colon]
            let sentence = rest[rest.index(after: colon)...].drop { $0 == " " }
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            guard isName else { throw LineScanner.Problem(words: "a name has lower-case letters, digits and dashes") }
            guard !sentence.isEmpty else { throw LineScanner.Problem(words: "a case needs a sentence") }
            let id = "\(chapter.name)/\(name)"
            guard !chapter.cases.contains(where: { $0.id == id }) else {
                throw LineScanner.Problem(words: "a second case is named \(name)")
            }
            var new = ConformanceCase(id: id, sentence: String(sentence))
            new.source = source
            new.servers = servers
            current = new
            currentLine = number
            return
        }
        guard var open = current else {
            switch word {
            case "title": chapter.title = String(rest)
            case "source": source = String(rest)
            case "on": servers = try Self.ranges(rest)
            default: throw LineScanner.Problem(words: "'\(word)' is nothing that stands before the first case")
            }
            return
        }
        guard open.steps.isEmpty else {
            throw LineScanner.Problem(words: "'\(word)' is no step, and all else stands before the first step")
        }
        switch word {
        case "source": open.source = String(rest)
        case "on": open.servers = try Self.ranges(rest)
        case "needs": open.needs += rest.split(separator: " ").map { $0.uppercased() }
        case "resp":
            open.versions = rest.split(separator: " ").compactMap { Int($0) }
            guard [[2], [3], [2, 3]].contains(open.versions) else {
                throw LineScanner.Problem(words: "'resp' takes 2, 3 or both")
            }
        case "bare":
            open.isBare = true
            open.versions = [2]
        case "alone": open.isAlone = true
        case "destructive": open.isDestructive = true
        case "last": open.isLast = true
        case "cluster": open.isCluster = true
        default: throw LineScanner.Problem(words: "'\(word)' is nothing that a case has")
        }
        current = open
    }

    private mutating func finishCase() throws(LineScanner.Problem) {
        guard let open = current else { return }
        guard open.steps.contains(where: { $0.isExpectation }) else {
            number = currentLine
            throw LineScanner.Problem(words: "the case expects nothing")
        }
        guard !open.source.isEmpty else {
            number = currentLine
            throw LineScanner.Problem(words: "neither the case nor its chapter has a source")
        }
        chapter.cases.append(open)
        current = nil
    }

    /// `7.0, redis 8.0, valkey 9.0-9.1`
    static func ranges(_ text: Substring) throws(LineScanner.Problem) -> [ServerRange] {
        var ranges: [ServerRange] = []
        for part in text.split(separator: ",") {
            let words = part.split(separator: " ")
            let bounds = words.last?.split(separator: "-", omittingEmptySubsequences: false) ?? []
            guard (1...2).contains(words.count), (1...2).contains(bounds.count),
                bounds.allSatisfy({ bound in
                    !bound.isEmpty && bound.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
                })
            else { throw LineScanner.Problem(words: "'\(part)' is no version such as '7.0' or 'valkey 9.0-9.1'") }
            ranges.append(
                ServerRange(
                    product: words.count == 2 ? String(words[0]) : nil, from: ServerIdentity.numbers(bounds[0]),
                    through: bounds.count == 2 ? ServerIdentity.numbers(bounds[1]) : nil))
        }
        guard !ranges.isEmpty else { throw LineScanner.Problem(words: "'on' needs versions") }
        return ranges
    }

    // MARK: Steps

    /// `[@2|@3] [connection][>|>>|~>|cut>|xN>|<] …`, or `connection blocked|close`, or `end> …`
    private mutating func readStep(_ line: Substring) throws(LineScanner.Problem) {
        var scanner = LineScanner(line)
        var version: Int?
        if scanner.take("@") {
            version = Int(scanner.word())
            guard version == 2 || version == 3 else { throw LineScanner.Problem(words: "@2 or @3 is a protocol") }
            scanner.skipSpaces()
        }
        var sign = scanner.word()
        var connection: Character = "a"
        if let first = sign.first, "abcdef".contains(first), sign != "cut>", sign != "end>" {
            connection = first
            sign.removeFirst()
        }
        let action = try Self.action(sign, &scanner)
        scanner.skipSpaces()
        guard scanner.isAtEnd else {
            let rest = String(decoding: scanner.bytes[scanner.position...], as: UTF8.self)
            throw LineScanner.Problem(words: "'\(rest)' stands behind the end of the step")
        }
        current?.steps.append(
            ConformanceStep(
                line: number, text: String(line), connection: connection, version: version,
                action: action))
    }

    private static func action(
        _ sign: String, _ scanner: inout LineScanner
    ) throws(LineScanner.Problem) -> ConformanceStep.Action {
        scanner.skipSpaces()
        switch sign {
        case "":
            switch scanner.word() {
            case "blocked": return .blocked
            case "close": return .close
            default: throw LineScanner.Problem(words: "a connection alone takes 'blocked' or 'close'")
            }
        case "<":
            let start = scanner.position
            switch scanner.word() {
            case "closed": return .closed
            case "nothing": return .nothing
            default:
                scanner.position = start
                return .expect(try scanner.pattern())
            }
        case "end>": return .finally(.command(try command(&scanner)))
        case ">>":
            var bytes = Template()
            for word in try scanner.words() { bytes.parts += word.parts }
            guard !bytes.parts.isEmpty else { throw LineScanner.Problem(words: "no bytes to send") }
            return .send(.raw(bytes), .once, expected: try expected(&scanner))
        default:
            let repetition: ConformanceStep.Repetition
            switch sign {
            case ">": repetition = .once
            case "~>": repetition = .untilExpected
            case "cut>": repetition = .cutEverywhere
            default:
                guard sign.first == "x", sign.last == ">", let count = Int(sign.dropFirst().dropLast()), count > 1
                else {
                    throw LineScanner.Problem(words: "'\(sign)' is no step: > >> ~> cut> xN> < are")
                }
                repetition = .times(count)
            }
            let words = try command(&scanner)
            let expected = try expected(&scanner)
            guard repetition == .once || expected != nil else {
                throw LineScanner.Problem(words: "'\(sign)' needs an expected reply")
            }
            return .send(.command(words), repetition, expected: expected)
        }
    }

    private static func command(_ scanner: inout LineScanner) throws(LineScanner.Problem) -> [Template] {
        let words = try scanner.words()
        guard !words.isEmpty else { throw LineScanner.Problem(words: "no command to send") }
        return words
    }

    private static func expected(_ scanner: inout LineScanner) throws(LineScanner.Problem) -> ReplyPattern? {
        guard scanner.take("=>") else { return nil }
        return try scanner.pattern()
    }
}

extension ConformanceStep {
    /// Whether the server can fail it.
    var isExpectation: Bool {
        switch action {
        case .send(_, _, let expected): expected != nil
        case .expect, .closed, .nothing: true
        case .blocked, .close, .finally: false
        }
    }
}

extension ConformanceChapter {
    /// Reads a chapter in the format of the article Conformance; throws the first line that is not of it.
    public init(named name: String, _ text: String) throws(CaseSyntaxError) {
        self = try ChapterReader.chapter(named: name, text)
    }

    /// The kit's own chapters. Reading them takes some milliseconds, and throws for no release of this package.
    public static func own() throws(CaseSyntaxError) -> [ConformanceChapter] {
        var chapters: [ConformanceChapter] = []
        for (name, text) in ChapterTexts.all { chapters.append(try ConformanceChapter(named: name, text)) }
        return chapters
    }
}
