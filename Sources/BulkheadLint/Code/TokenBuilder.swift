/// What the readers of programming languages share: words, numbers, signs and comments, one after the other.
struct TokenBuilder: Sendable {
    var cursor: ByteCursor
    private(set) var tokens: [Token] = []
    private(set) var comments: [SourceComment] = []
    /// True from the end of a line to the next token.
    var startsLine = true

    /// Signs of more bytes that must not be taken for signs of one.
    private static let longSigns: [StaticString] = [
        "===", "!==", "==", "!=", "=>", "||", "??", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "|=", "&=", "^=",
        "%=",
    ]

    init(_ cursor: ByteCursor) {
        self.cursor = cursor
    }

    var list: TokenList { TokenList(tokens, comments) }

    mutating func append(_ kind: Token.Kind, from start: Int, text: String? = nil) {
        tokens.append(
            Token(
                kind: kind, range: start..<cursor.offset, text: text ?? cursor.text(from: start),
                startsLine: startsLine))
        startsLine = false
    }

    /// Appends a string whose content is not known yet, and returns its index.
    mutating func beginString(from start: Int) -> Int {
        append(.string, from: start, text: "")
        return tokens.count - 1
    }

    mutating func endString(_ index: Int, content: [UInt8]) {
        tokens[index].text = String(decoding: content, as: UTF8.self)
        tokens[index].range = tokens[index].range.lowerBound..<cursor.offset
    }

    /// Appends a bracket that the text spells otherwise: that of an interpolation.
    mutating func bracket(_ text: String, length: Int) {
        let start = cursor.offset
        cursor.advance(length)
        append(.symbol, from: start, text: text)
    }

    mutating func word() {
        let start = cursor.offset
        cursor.advance { $0.continuesName }
        append(.word, from: start)
    }

    mutating func number() {
        let start = cursor.offset
        repeat {
            cursor.advance { $0.continuesName }
        } while consumeDecimalPoint()
        append(.number, from: start)
    }

    private mutating func consumeDecimalPoint() -> Bool {
        guard cursor.peek() == UInt8(ascii: "."), cursor.peek(1).isDigit else { return false }
        cursor.advance()
        return true
    }

    mutating func symbol() {
        let start = cursor.offset
        cursor.advance(Self.longSigns.first { cursor.isAt($0) }?.utf8CodeUnitCount ?? 1)
        append(.symbol, from: start)
    }

    /// A comment to the end of its line.
    mutating func lineComment() {
        comments.append(cursor.lineComment())
    }

    mutating func appendComment(from start: Int) {
        comments.append(SourceComment(range: start..<cursor.offset, text: cursor.text(from: start)))
    }
}
