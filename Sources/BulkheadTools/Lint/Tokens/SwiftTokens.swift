/// Reads Swift: nested comments, strings of one and of many lines, raw ones, interpolation at any depth, and regular
/// expressions. Whatever the bytes are, it ends, in time that grows with their number.
struct SwiftTokens {
    private struct OpenString {
        let token: Int
        let hashes: Int
        let isMultiline: Bool
        var content: [UInt8] = []
        /// Parentheses open in its interpolation.
        var depth = 0
    }

    private var builder: TokenBuilder
    private var strings: [OpenString] = []
    /// True in the text of the last string, false in code: that of the file or of an interpolation.
    private var isInText = false
    /// No regular expression begins before this place: one was looked for, and its line has no end of one.
    private var noRegexBefore = 0

    static func read(_ bytes: [UInt8], _ range: Range<Int>? = nil) -> TokenList {
        var reader = SwiftTokens(builder: TokenBuilder(ByteCursor(bytes, range)))
        while !reader.builder.cursor.isAtEnd {
            if reader.isInText { reader.text() } else { reader.code() }
        }
        while !reader.strings.isEmpty { reader.endString() }
        return reader.builder.list
    }

    private init(builder: TokenBuilder) {
        self.builder = builder
    }

    private mutating func code() {
        let byte = builder.cursor.peek()
        switch byte {
        case .newline:
            builder.startsLine = true
            builder.cursor.advance()
        case _ where byte.isBlank: builder.cursor.advance()
        case _ where byte.beginsName || byte == UInt8(ascii: "$"):
            if byte == UInt8(ascii: "$") { builder.symbol() } else { builder.word() }
        case _ where byte.isDigit: builder.number()
        case .quote: beginString(hashes: 0)
        case .hash: hash()
        case UInt8(ascii: "`"): backticks()
        case UInt8(ascii: "/"): slash()
        case UInt8(ascii: "("):
            if !strings.isEmpty { strings[strings.count - 1].depth += 1 }
            builder.symbol()
        case UInt8(ascii: ")"):
            builder.symbol()
            guard !strings.isEmpty else { return }
            strings[strings.count - 1].depth -= 1
            if strings[strings.count - 1].depth < 0 { isInText = true }
        default: builder.symbol()
        }
    }

    /// `#"`, `#/`, or a sign.
    private mutating func hash() {
        var hashes = 1
        while builder.cursor.peek(hashes) == .hash { hashes += 1 }
        switch builder.cursor.peek(hashes) {
        case .quote: beginString(hashes: hashes)
        case UInt8(ascii: "/"): extendedRegex(hashes: hashes)
        default:
            // All of them at once: each would look at all that follow.
            builder.bracket("#", length: hashes)
        }
    }

    private mutating func backticks() {
        let start = builder.cursor.offset
        builder.cursor.advance()
        let inner = builder.cursor.offset
        builder.cursor.advance { $0 != UInt8(ascii: "`") && $0 != .newline }
        let name = builder.cursor.text(from: inner)
        if builder.cursor.peek() == UInt8(ascii: "`") { builder.cursor.advance() }
        builder.append(.word, from: start, text: name)
    }

    private mutating func slash() {
        if builder.cursor.isAt("//") { return builder.lineComment() }
        if builder.cursor.isAt("/*") { return blockComment() }
        guard mayBeginRegex, let end = endOfRegex() else { return builder.symbol() }
        builder.cursor.offset = end
    }

    private mutating func blockComment() {
        let start = builder.cursor.offset
        var depth = 0
        repeat {
            if builder.cursor.isAt("/*") {
                depth += 1
                builder.cursor.advance(2)
            } else if builder.cursor.isAt("*/") {
                depth -= 1
                builder.cursor.advance(2)
            } else {
                builder.cursor.advance()
            }
        } while depth > 0 && !builder.cursor.isAtEnd
        builder.appendComment(from: start)
    }

    /// A slash behind a value divides.
    private var mayBeginRegex: Bool {
        guard builder.cursor.offset >= noRegexBefore, !builder.cursor.peek(1).isBlank else { return false }
        guard let last = builder.tokens.last else { return true }
        switch last.kind {
        case .number, .string: return false
        case .word: return ["return", "in", "case", "where", "try", "await"].contains(last.text)
        case .symbol: return ![")", "]", "}", "!", "?", "."].contains(last.text)
        }
    }

    private mutating func endOfRegex() -> Int? {
        var cursor = builder.cursor
        cursor.advance()
        while !cursor.isAtEnd, cursor.peek() != .newline {
            if cursor.peek() == UInt8(ascii: "/") { return cursor.offset + 1 }
            cursor.advance(cursor.peek() == .backslash && cursor.peek(1) != .newline ? 2 : 1)
        }
        noRegexBefore = cursor.offset
        return nil
    }

    private mutating func extendedRegex(hashes: Int) {
        builder.cursor.advance(hashes + 1)
        while !builder.cursor.isAtEnd {
            if builder.cursor.peek() == UInt8(ascii: "/") {
                builder.cursor.advance()
                if consumeHashes(hashes) { return }
            } else {
                builder.cursor.advance(builder.cursor.peek() == .backslash ? 2 : 1)
            }
        }
    }

    // MARK: Strings

    private mutating func beginString(hashes: Int) {
        let start = builder.cursor.offset
        builder.cursor.advance(hashes)
        let isMultiline = builder.cursor.isAt("\"\"\"")
        builder.cursor.advance(isMultiline ? 3 : 1)
        strings.append(
            OpenString(token: builder.beginString(from: start), hashes: hashes, isMultiline: isMultiline))
        isInText = true
    }

    private mutating func endString() {
        let string = strings.removeLast()
        builder.endString(string.token, content: string.content)
        isInText = false
    }

    private mutating func text() {
        let last = strings.count - 1
        let (hashes, isMultiline) = (strings[last].hashes, strings[last].isMultiline)
        let byte = builder.cursor.peek()
        if byte == .quote, isMultiline ? builder.cursor.isAt("\"\"\"") : true {
            builder.cursor.advance(isMultiline ? 3 : 1)
            if consumeHashes(hashes) { return endString() }
            strings[last].content += Array(repeating: .quote, count: isMultiline ? 3 : 1)
        } else if byte == .newline, !isMultiline {
            // It was never closed; the next line is code again.
            endString()
        } else if byte == .backslash {
            builder.cursor.advance()
            if consumeHashes(hashes) { escape() } else { strings[last].content.append(.backslash) }
        } else {
            strings[last].content.append(byte)
            builder.cursor.advance()
        }
    }

    private mutating func escape() {
        let last = strings.count - 1
        let byte = builder.cursor.peek()
        switch byte {
        case UInt8(ascii: "("):
            strings[last].content += Array(String(Token.hole).utf8)
            strings[last].depth = 0
            builder.bracket("(", length: 1)
            isInText = false
            return
        case UInt8(ascii: "u") where builder.cursor.peek(1) == UInt8(ascii: "{"):
            builder.cursor.advance(2)
            var value: UInt32 = 0
            while let digit = builder.cursor.peek().hexValue {
                value = (value & 0x0fff_ffff) << 4 | digit
                builder.cursor.advance()
            }
            if builder.cursor.peek() == UInt8(ascii: "}") { builder.cursor.advance() }
            strings[last].content.append(scalar: value)
            return
        case UInt8(ascii: "n"): strings[last].content.append(.newline)
        case UInt8(ascii: "t"): strings[last].content.append(0x09)
        case UInt8(ascii: "r"): strings[last].content.append(0x0d)
        // The end of a line: in a string of many lines, the two are one; in another one, it is over.
        case .newline: if !strings[last].isMultiline { return }
        default: strings[last].content.append(byte)
        }
        builder.cursor.advance()
    }

    /// Moves behind so many `#`, or not at all.
    private mutating func consumeHashes(_ count: Int) -> Bool {
        for ahead in 0..<count where builder.cursor.peek(ahead) != .hash { return false }
        builder.cursor.advance(count)
        return true
    }
}
