/// Reads a file of types. Two spaces or more divide the parts of a line.
///
/// ```
/// record RedisGroupInfo
///     What is known of a group of consumers.
///     name: String  "name"  The group.
///     lag: Int?     "lag"   How many entries it has not been given yet; nil if the server cannot say.
///
/// row RedisRank: Hashable  a place and a score
///     The place of a member in a sorted set, with its score.
///     place: Int     Counted from 0.
///     score: Double  The score.
///
/// row RedisLogEntry  an entry of one part or more
///     An entry of a log.
///     id: Int       Its number in the log.
///     client: Int?  Who sent it; nil where the row ends before it.
///     details: ...  What else the server says, as it came.
///
/// words RedisFlushMode
///     How what is flushed is freed.
///     asynchronous ASYNC  In the background: the server goes on answering.
/// ```
struct TypesReader {
    private let path: String
    /// `path:line` of the line that is read.
    private var place = ""
    private var types: [TypeFacts] = []

    init(path: String) { self.path = path }

    private func error(_ problem: String) -> GeneratorError { GeneratorError(place: place, problem: problem) }

    mutating func read(_ text: String) throws(GeneratorError) -> [TypeFacts] {
        for (number, text) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            place = "\(path):\(number + 1)"
            if text.isEmpty || text.hasPrefix("#") { continue }
            if text.hasPrefix("    ") {
                try readLine(String(text.dropFirst(4)))
            } else {
                try checkLast()
                types.append(try head(String(text)))
            }
        }
        try checkLast()
        return types
    }

    private func checkLast() throws(GeneratorError) {
        guard let last = types.last else { return }
        func error(_ problem: String) -> GeneratorError { GeneratorError(place: last.place, problem: problem) }
        if last.paragraphs.isEmpty { throw error("\(last.name) has no sentence") }
        if last.members.isEmpty { throw error("\(last.name) has no members") }
        for member in last.members where member.type == "Duration?" && last.leastCount == nil {
            if case .code = member.source { continue }
            throw GeneratorError(
                place: member.place, problem: "\(member.name) needs Swift that says which number is no duration")
        }
    }

    // MARK: The first line

    private func head(_ text: String) throws(GeneratorError) -> TypeFacts {
        let columns = Self.columns(of: text)
        let kinds = TypeFacts.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let gap = columns[0].firstIndex(of: " "), let kind = TypeFacts.Kind(rawValue: String(columns[0][..<gap]))
        else { throw error("expected one of \(kinds), and the type's name") }
        var scanner = SourceScanner(path: place, text: String(columns[0][gap...]))
        var name = ""
        repeat {
            let part = try identifier(&scanner)
            guard part.first?.isUppercase == true else { throw error("\(part): a type's name begins in upper case") }
            name += (name.isEmpty ? "" : ".") + part
        } while scanner.skip(".")
        var generic: String?
        if scanner.skip("<") {
            generic = try identifier(&scanner)
            guard scanner.skip(">") else { throw error("expected one name in < and >") }
        }
        var conformances: [String] = []
        if scanner.skip(":") {
            repeat { conformances.append(try identifier(&scanner)) } while scanner.skip(",")
        }
        guard scanner.isAtEnd, columns.count <= 2 else { throw error("\(text) has more than a type and its protocols") }
        let detail = columns.count > 1 ? columns[1] : ""
        switch kind {
        case .record where !detail.isEmpty && detail != "only":
            throw error("expected nothing behind a record, or `only`: \(detail)")
        case .row where detail.isEmpty: throw error("expected what \(name) is: row \(name)  a place and a score")
        case .words where !detail.isEmpty, .numbers where !detail.isEmpty: throw error("\(detail) stands for nothing")
        case .words where !conformances.isEmpty: throw error("words are Hashable, and conform to nothing else")
        case .words where generic != nil, .numbers where generic != nil: throw error("\(name) cannot be generic")
        default: break
        }
        return TypeFacts(
            kind: kind, place: place, name: name, generic: generic, conformances: conformances, detail: detail)
    }

    /// The scanner counts lines of its own, so the place is ours.
    private func identifier(_ scanner: inout SourceScanner) throws(GeneratorError) -> String {
        do { return try scanner.identifier() } catch { throw self.error(error.problem) }
    }

    // MARK: The lines below

    private mutating func readLine(_ text: String) throws(GeneratorError) {
        guard let last = types.indices.last else { throw error("a line without a type above it") }
        if text.first?.isUppercase == true {
            guard types[last].members.isEmpty else { throw error("a sentence about \(types[last].name) stands above") }
            types[last].paragraphs.append(text)
            return
        }
        let member = try types[last].isReply ? field(text, of: types[last].kind) : value(text, types[last].kind)
        if types[last].members.last?.source == .rest { throw error("nothing comes behind the rest") }
        if types[last].members.contains(where: { $0.name == member.name }) {
            throw error("\(types[last].name) has \(member.name) twice")
        }
        if case .server(let name) = member.source, types[last].members.contains(where: { $0.source == member.source }) {
            throw error("\(types[last].name) has \(name) twice")
        }
        types[last].members.append(member)
    }

    /// `lag: Int?  "lag"  How many …`; of a row without the name, as parts have none.
    private func field(_ text: String, of kind: TypeFacts.Kind) throws(GeneratorError) -> TypeFacts.Member {
        let columns = Self.columns(of: text)
        let form = kind == .record ? "name: Type  \"server's name\"  Sentence" : "name: Type  Sentence"
        guard let colon = columns[0].firstRange(of: ": ") else { throw error("expected \(form)") }
        let name = try memberName(String(columns[0][..<colon.lowerBound]))
        let type = String(columns[0][colon.upperBound...])
        if type == TypeFacts.Member.rest, kind == .row, columns.count == 2 {
            return member(name, "[RESPValue]", .rest, columns[1])
        }
        switch (kind, columns.count) {
        case (.row, 2): return member(name, type, .place, columns[1])
        case (_, 3):
            if let code = columns[1].inside("`") { return member(name, type, .code(code), columns[2]) }
            guard kind == .record, let server = columns[1].inside("\"") else {
                throw error("expected \(form), found \(columns[1])")
            }
            return member(name, type, .server(server), columns[2])
        default: throw error("expected \(form), divided by two spaces; or Swift in ` in place of where it comes from")
        }
    }

    /// `asynchronous ASYNC  In the background.`
    private func value(_ text: String, _ kind: TypeFacts.Kind) throws(GeneratorError) -> TypeFacts.Member {
        let columns = Self.columns(of: text)
        let words = columns[0].split(separator: " ").map(String.init)
        guard words.count == 2, columns.count == 2 else {
            throw error("expected \(kind == .words ? "name WORD  Sentence" : "name 1  Sentence")")
        }
        guard kind == .words || Int(words[1]) != nil else { throw error("\(words[1]) is no number") }
        guard !words[1].contains("\""), !words[1].contains("\\") else { throw error("\(words[1]) is no word") }
        return member(try memberName(words[0]), "", .server(words[1]), columns[1])
    }

    private func memberName(_ text: String) throws(GeneratorError) -> String {
        let isName = text.first?.isLowercase == true && text.allSatisfy { $0.isLetter || $0.isNumber }
        guard isName else { throw error("\(text) is no name in Swift") }
        return text
    }

    private func member(
        _ name: String, _ type: String, _ source: TypeFacts.Source, _ sentence: String
    ) -> TypeFacts.Member {
        TypeFacts.Member(place: place, name: name, type: type, source: source, sentence: sentence)
    }

    /// The parts of a line, each without space at its ends; the first even if it is empty.
    private static func columns(of text: String) -> [String] {
        var columns: [String] = []
        var word = ""
        var spaces = 0
        for character in text {
            if character == " " {
                spaces += 1
                continue
            }
            if spaces > 1 && !word.isEmpty {
                columns.append(word)
                word = ""
            } else if spaces == 1 {
                word += " "
            }
            spaces = 0
            word.append(character)
        }
        return columns + [word]
    }
}

extension String {
    /// What stands between two of these; nil if it is not there.
    fileprivate func inside(_ mark: Character) -> String? {
        guard count > 2, first == mark, last == mark else { return nil }
        return String(dropFirst().dropLast())
    }
}
