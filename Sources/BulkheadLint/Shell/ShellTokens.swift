/// A word of a command line.
struct ShellWord: Sendable, Hashable {
    /// Without quotes, with a hole for each expansion.
    var text: String
    /// Where it stands in the file, in bytes, quotes included.
    var range: Range<Int>
    /// The inside of its last quotes; nil if it has none.
    var quoted: Range<Int>?
    /// The name of the one variable it consists of: `$REDIS`, `"${REDIS}"`.
    var variable: String?
}

/// A simple command, with what is fed to it.
struct ShellCommand: Sendable, Hashable {
    var words: [ShellWord] = []
    /// Insides of here-documents, and words of here-strings.
    var inputs: [Range<Int>] = []
    /// Files that it is redirected to.
    var outputs: [String] = []
    /// True if the command before it is piped into this one.
    var isFed = false
}

/// Reads sh, bash and their kin: quotes, escapes, continued lines, here-documents, substitutions.
///
/// Substitutions are read as commands of their own, to a depth of `deepest`. Whatever the bytes are, it ends, in time
/// that grows with their number.
struct ShellTokens {
    /// Substitutions in substitutions; deeper ones are skipped. Each level reads its part of the text again.
    static let deepest = 8

    /// What ends the brackets behind `$`.
    private static let closings = [UInt8(ascii: "("): UInt8(ascii: ")"), UInt8(ascii: "{"): UInt8(ascii: "}")]

    /// Here-documents that may begin on one line.
    private static let mostHereDocuments = 16

    private(set) var commands: [ShellCommand] = []
    private(set) var comments: [SourceComment] = []
    private var cursor: ByteCursor
    private let depth: Int
    /// True where a line ends every quote, as in a Makefile.
    private let linesEndQuotes: Bool
    /// True for a part of a file, whose lines may all be indented.
    private let isIndented: Bool
    private var current = ShellCommand()
    /// Here-documents whose bodies begin behind this line: which command they feed, and what ends them.
    private var pending: [(command: Int?, delimiter: [UInt8], stripsTabs: Bool)] = []

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil, depth: Int = 0, linesEndQuotes: Bool = false) {
        cursor = ByteCursor(bytes, range)
        self.depth = depth
        self.linesEndQuotes = linesEndQuotes
        isIndented = range != nil
        while !cursor.isAtEnd { step() }
        finishCommand()
    }

    private mutating func step() {
        let byte = cursor.peek()
        switch byte {
        case .newline:
            finishCommand()
            cursor.advance()
            if !pending.isEmpty { readHereDocuments() }
        case .backslash where lengthOfContinuation > 0: cursor.advance(lengthOfContinuation)
        case _ where byte.isBlank: cursor.advance()
        case .hash: comments.append(cursor.lineComment())
        case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "("), UInt8(ascii: ")"):
            finishCommand()
            cursor.advance()
        case UInt8(ascii: "|"):
            finishCommand()
            cursor.advance()
            if cursor.peek() == byte { cursor.advance() } else { current.isFed = true }
            if cursor.peek() == UInt8(ascii: "&") { cursor.advance() }
        case UInt8(ascii: "<"): input()
        case UInt8(ascii: ">"):
            cursor.advance()
            // `2>&1` ends no command.
            cursor.advance { ">&|".utf8.contains($0) }
            cursor.advance { $0.isBlank }
            if cursor.peek() != .newline, cursor.peek() != UInt8(ascii: "("), let file = word() {
                current.outputs.append(file.text)
            }
        default: word().map { current.words.append($0) }
        }
    }

    private mutating func finishCommand() {
        defer { current = ShellCommand() }
        let isEmpty = current.words.isEmpty && current.inputs.isEmpty && current.outputs.isEmpty
        guard !isEmpty || pending.contains(where: { $0.command == nil }) else { return }
        for index in pending.indices where pending[index].command == nil { pending[index].command = commands.count }
        commands.append(current)
    }

    /// Of a backslash that ends its line, with the end of the line; 0 for anything else.
    private var lengthOfContinuation: Int { cursor.isAt("\\\n") ? 2 : cursor.isAt("\\\r\n") ? 3 : 0 }

    // MARK: Input

    /// `<`, `<<`, `<<-`, `<<<`
    private mutating func input() {
        if cursor.isAt("<<<") {
            cursor.advance(3)
            cursor.advance { $0.isBlank }
            let start = cursor.offset
            if word() != nil { current.inputs.append(start..<cursor.offset) }
        } else if cursor.isAt("<<"), cursor.peek(2) != UInt8(ascii: "(") {
            let stripsTabs = cursor.peek(2) == UInt8(ascii: "-")
            cursor.advance(stripsTabs ? 3 : 2)
            cursor.advance { $0.isBlank }
            if let delimiter = word()?.text, !delimiter.isEmpty, pending.count < Self.mostHereDocuments {
                pending.append((nil, Array(delimiter.utf8), stripsTabs))
            }
        } else {
            cursor.advance()
        }
    }

    private mutating func readHereDocuments() {
        for document in pending {
            let start = cursor.offset
            var end = start
            while !cursor.isAtEnd {
                let line = cursor.offset
                if document.stripsTabs || isIndented { cursor.advance { $0 == 0x09 || isIndented && $0 == 0x20 } }
                let text = cursor.offset
                cursor.advance { $0 != .newline }
                var textEnd = cursor.offset
                if textEnd > text, cursor.bytes[textEnd - 1] == 0x0d { textEnd -= 1 }
                let isEnd = cursor.bytes[text..<textEnd].elementsEqual(document.delimiter)
                cursor.advance()
                end = isEnd ? line : cursor.offset
                if isEnd { break }
            }
            if let command = document.command, commands.indices.contains(command) {
                commands[command].inputs.append(start..<end)
            }
        }
        pending = []
    }

    // MARK: Words

    /// The word that begins here; nil if none does.
    private mutating func word() -> ShellWord? {
        var word = ShellWord(text: "", range: cursor.offset..<cursor.offset)
        var content: [UInt8] = []
        readParts(of: &word, into: &content) { $0.isBlank || $0 == .newline || "|&;()<>".utf8.contains($0) }
        guard cursor.offset > word.range.lowerBound else {
            // A sign that no word begins with, such as a bracket that is too many.
            cursor.advance()
            return nil
        }
        word.text = String(decoding: content, as: UTF8.self)
        word.range = word.range.lowerBound..<cursor.offset
        return word
    }

    /// Reads a word, or what it has between double quotes, to its end.
    private mutating func readParts(
        of word: inout ShellWord, into content: inout [UInt8], isQuoted: Bool = false, until isEnd: (UInt8) -> Bool
    ) {
        var variable: String?
        var parts = 0
        while !cursor.isAtEnd, !isEnd(cursor.peek()) {
            let byte = cursor.peek()
            parts += 1
            switch byte {
            case .backslash where lengthOfContinuation > 0:
                cursor.advance(lengthOfContinuation)
                parts -= 1
            case .backslash:
                // Between quotes it stays before other signs than a few; no rule needs to know.
                content.append(cursor.peek(1))
                cursor.advance(2)
            case .apostrophe where !isQuoted: word.quoted = singleQuotes(into: &content)
            case .quote where !isQuoted:
                doubleQuotes(of: &word, into: &content)
                variable = word.variable
            case UInt8(ascii: "$") where !isQuoted && cursor.peek(1) == .apostrophe:
                cursor.advance()
                word.quoted = singleQuotes(into: &content, isANSI: true)
            case UInt8(ascii: "$"), UInt8(ascii: "`"): variable = expansion(into: &content)
            default:
                content.append(byte)
                cursor.advance()
            }
        }
        word.variable = parts == 1 ? variable : nil
    }

    /// `'…'`; of `$'…'`, where a backslash says what follows, `\n` is a line feed.
    private mutating func singleQuotes(into content: inout [UInt8], isANSI: Bool = false) -> Range<Int> {
        cursor.advance()
        let start = cursor.offset
        while !cursor.isAtEnd, cursor.peek() != .apostrophe, cursor.peek() != .newline || !linesEndQuotes {
            if linesEndQuotes, lengthOfContinuation > 0 {
                cursor.advance(lengthOfContinuation)
                continue
            }
            let isEscape = isANSI && cursor.peek() == .backslash
            if isEscape { cursor.advance() }
            content.append(isEscape && cursor.peek() == UInt8(ascii: "n") ? .newline : cursor.peek())
            cursor.advance()
        }
        let inside = start..<cursor.offset
        if cursor.peek() == .apostrophe { cursor.advance() }
        return inside
    }

    private mutating func doubleQuotes(of word: inout ShellWord, into content: inout [UInt8]) {
        cursor.advance()
        let start = cursor.offset
        let linesEndQuotes = linesEndQuotes
        readParts(of: &word, into: &content, isQuoted: true) { $0 == .quote || $0 == .newline && linesEndQuotes }
        word.quoted = start..<cursor.offset
        if cursor.peek() == .quote { cursor.advance() }
    }

    // MARK: Expansions

    /// `$NAME`, `${…}`, `$(…)`, `` `…` ``; the name, if it is a variable as it is. Commands in it are read.
    private mutating func expansion(into content: inout [UInt8]) -> String? {
        let sign = cursor.peek()
        let next = cursor.peek(1)
        var name: ArraySlice<UInt8> = []
        if sign == UInt8(ascii: "`") {
            substitution(opening: 1, closing: sign)
        } else if next == UInt8(ascii: "(") {
            substitution(opening: 2, closing: UInt8(ascii: ")"))
        } else if next == UInt8(ascii: "{") {
            let start = min(cursor.offset + 2, cursor.end)
            skipNested(opening: 2, closing: UInt8(ascii: "}"))
            name = cursor.bytes[start..<max(start, cursor.offset - 1)]
        } else if next.beginsName {
            cursor.advance()
            let start = cursor.offset
            cursor.advance { $0.continuesName }
            name = cursor.bytes[start..<cursor.offset]
        } else if next.isDigit || "@*#?!$-".utf8.contains(next) {
            cursor.advance(2)
        } else {
            content.append(sign)
            cursor.advance()
            return nil
        }
        content += Array(String(Token.hole).utf8)
        return !name.isEmpty && name.allSatisfy(\.continuesName) ? String(decoding: name, as: UTF8.self) : nil
    }

    private mutating func substitution(opening: Int, closing: UInt8) {
        let start = cursor.offset + opening
        skipNested(opening: opening, closing: closing)
        let end = max(start, cursor.offset - 1)
        guard depth < Self.deepest, start < end else { return }
        let inner = ShellTokens(cursor.bytes, start..<end, depth: depth + 1, linesEndQuotes: linesEndQuotes)
        commands += inner.commands
        comments += inner.comments
    }

    /// Moves behind the sign that closes what opens here, past quotes and whatever opens in it.
    private mutating func skipNested(opening: Int, closing: UInt8) {
        cursor.advance(opening)
        var open = [closing]
        while let last = open.last, !cursor.isAtEnd {
            let byte = cursor.peek()
            if byte == .newline, linesEndQuotes { return }
            if byte == last {
                open.removeLast()
            } else if last == .apostrophe {
                // Nothing else ends or opens in it.
            } else if byte == .backslash {
                cursor.advance()
            } else if byte == UInt8(ascii: "$"), let closing = Self.closings[cursor.peek(1)] {
                open.append(closing)
                cursor.advance()
            } else if byte == .quote || byte == UInt8(ascii: "`") {
                open.append(byte)
            } else if last != .quote, byte == .apostrophe {
                open.append(byte)
            } else if last == UInt8(ascii: ")"), byte == UInt8(ascii: "(") {
                open.append(last)
            }
            cursor.advance()
        }
    }
}
