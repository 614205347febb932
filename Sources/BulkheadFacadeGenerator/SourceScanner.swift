/// Reads Swift in a line of the table: words, and text between balanced brackets.
struct SourceScanner {
    let path: String
    private let text: [Character]
    private(set) var position = 0

    init(path: String, text: String) {
        self.path = path
        self.text = Array(text)
    }

    var isAtEnd: Bool { position >= text.count }

    /// `path:line` of the next character.
    var place: String { "\(path):\(1 + text[..<position].count { $0 == "\n" })" }

    func error(_ problem: String) -> GeneratorError { GeneratorError(place: place, problem: problem) }

    /// The rest of the line.
    var line: String { String(text[position...].prefix { $0 != "\n" }) }

    // MARK: Words

    private var next: Character? { isAtEnd ? nil : text[position] }

    private func isNext(_ word: String) -> Bool { text[position...].starts(with: word) }

    mutating func skipSpace() {
        while let next, next.isWhitespace { position += 1 }
    }

    /// Skips space, then `word` if it is there.
    mutating func skip(_ word: String) -> Bool {
        skipSpace()
        guard isNext(word) else { return false }
        position += word.count
        return true
    }

    mutating func expect(_ word: String) throws(GeneratorError) {
        guard skip(word) else { throw error("expected \(word) here") }
    }

    mutating func identifier() throws(GeneratorError) -> String {
        skipSpace()
        let word = text[position...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard let first = word.first, !first.isNumber else { throw error("expected a name here") }
        position += word.count
        return String(word)
    }

    // MARK: Brackets

    private static let closers: [Character: Character] = ["(": ")", "[": "]", "{": "}", "<": ">"]

    /// The text up to the first of `stops` outside all brackets, runs of space as single ones.
    mutating func text(until stops: Set<Character>) throws(GeneratorError) -> String {
        let start = self
        var found = ""
        var expected: [Character] = []
        while let character = next {
            if expected.isEmpty && stops.contains(character) {
                if found.last == " " { found.removeLast() }
                return found
            }
            if character == "\"" {
                found += try stringLiteral()
                continue
            }
            if isNext("//") { throw error("a comment inside a signature: put it above") }
            if isNext("->") {
                found += "->"
                position += 2
                continue
            }
            if let closer = Self.closers[character] {
                expected.append(closer)
            } else if Self.closers.values.contains(character), expected.popLast() != character {
                throw error("\(character) closes nothing that is open")
            }
            position += 1
            if !character.isWhitespace {
                found.append(character)
            } else if let last = found.last, last != " ", last != "(", last != "[" {
                found.append(" ")
            }
        }
        throw start.error("the text that begins here does not end")
    }

    private mutating func stringLiteral() throws(GeneratorError) -> String {
        let start = position
        position += 1
        while let character = next, character != "\n" {
            if isNext("\\(") { throw error("an interpolation: the generator reads plain strings only") }
            position += character == "\\" ? 2 : 1
            if character == "\"" { return String(text[start..<position]) }
        }
        throw error("a string that does not end on its line")
    }
}
