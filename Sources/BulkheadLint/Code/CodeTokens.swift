/// Reads Swift, Python, and JavaScript with TypeScript: their comments, all kinds of strings with what is put into them
/// at any depth (of Python, PEP 701 too), and regular expressions.
///
/// Whatever the bytes are, it ends, in time that grows with their number.
struct CodeTokens {
    /// What tells one kind of string from another.
    private struct Form {
        var quote: UInt8 = 0
        /// How many quotes begin it and end it.
        var length = 1
        /// Of Swift's `#"…"#`, which stand behind every backslash in it that counts.
        var hashes = 0
        var isRaw = false
        var spansLines = false
        /// What puts code into it, and what ends that; of Swift it is an escape.
        var opening: StaticString?
        var closing = UInt8(ascii: "}")
    }

    /// What is open around the cursor: the file's code, a string, code in a string, and what says how that is shown.
    private struct Level {
        enum Kind { case code, string, specification }

        let kind: Kind
        /// That of the string, also in the code in it.
        let form: Form
        /// The string's token.
        var token = 0
        var content: [UInt8] = []
        /// Brackets open in code.
        var depth = 0
    }

    /// Signs of more bytes that must not be taken for signs of one.
    private static let longSigns: [StaticString] = [
        "===", "!==", "==", "!=", "=>", "||", "??", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "|=", "&=", "^=",
        "%=",
    ]

    private let language: LintLanguage
    private var cursor: ByteCursor
    private var tokens: [Token] = []
    private var comments: [SourceComment] = []
    private var levels = [Level(kind: .code, form: Form())]
    /// True from the end of a line to the next token.
    private var startsLine = true
    /// No regular expression begins before this place: one was looked for, and its line has no end of one.
    private var noRegexBefore = 0

    static func read(_ bytes: [UInt8], _ range: Range<Int>? = nil, as language: LintLanguage) -> TokenList {
        var reader = CodeTokens(language: language, cursor: ByteCursor(bytes, range))
        while !reader.cursor.isAtEnd {
            if reader.level.kind == .code { reader.readCode() } else { reader.readText() }
        }
        while reader.isInString { reader.endString() }
        return TokenList(reader.tokens, reader.comments)
    }

    private var level: Level {
        get { levels[levels.count - 1] }
        _modify { yield &levels[levels.count - 1] }
    }

    private var isInString: Bool { levels.count > 1 }

    // MARK: Code

    private mutating func readCode() {
        let byte = cursor.peek()
        switch byte {
        case .newline:
            // Brackets join the lines of Python.
            if language != .python || !isInString && level.depth == 0 { startsLine = true }
            cursor.advance()
        case _ where byte.isBlank: cursor.advance()
        case .backslash where language == .python:
            // A line goes on behind it, also where it ends with CR LF.
            cursor.advance()
            if cursor.peek() == 0x0d { cursor.advance() }
            if cursor.peek() == .newline { cursor.advance() }
        case .hash: readHash()
        case .quote: beginString()
        case .apostrophe where language != .swift: beginString()
        case UInt8(ascii: "`"):
            if language == .script { beginString() } else { readBackticks() }
        case _ where byte.beginsName:
            if let length = lengthOfPrefix { beginString(prefix: length) } else { readWord() }
        case _ where byte.isDigit: readNumber()
        case UInt8(ascii: "/") where language != .python: readSlash()
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
            level.depth += 1
            readSymbol()
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            if isInString, level.depth == 0 {
                if byte == level.form.closing { endField() } else { readSymbol() }
            } else {
                level.depth = max(0, level.depth - 1)
                readSymbol()
            }
        case UInt8(ascii: ":") where language == .python && isInString && level.depth == 0:
            levels.append(Level(kind: .specification, form: level.form))
            cursor.advance()
        default: readSymbol()
        }
    }

    private mutating func append(_ kind: Token.Kind, from start: Int, text: String? = nil) {
        tokens.append(
            Token(
                kind: kind, range: start..<cursor.offset, text: text ?? cursor.text(from: start),
                startsLine: startsLine))
        startsLine = false
    }

    private mutating func readWord() {
        let start = cursor.offset
        cursor.advance { $0.continuesName }
        append(.word, from: start)
    }

    private mutating func readNumber() {
        let start = cursor.offset
        cursor.advance { $0.continuesName }
        while cursor.peek() == UInt8(ascii: "."), cursor.peek(1).isDigit {
            cursor.advance()
            cursor.advance { $0.continuesName }
        }
        append(.number, from: start)
    }

    private mutating func readSymbol() {
        let length = Self.longSigns.first { cursor.isAt($0) }?.utf8CodeUnitCount
        appendSymbol(length: length ?? 1)
    }

    /// Appends a sign, also one that the text spells otherwise: a bracket around an interpolation.
    private mutating func appendSymbol(_ text: String? = nil, length: Int) {
        let start = cursor.offset
        cursor.advance(length)
        append(.symbol, from: start, text: text)
    }

    private mutating func readHash() {
        guard language == .swift else {
            if language == .python || cursor.isAt("#!") { return comments.append(cursor.lineComment()) }
            // A private member's sign is no part of its name here.
            return cursor.advance()
        }
        var hashes = 1
        while cursor.peek(hashes) == .hash { hashes += 1 }
        switch cursor.peek(hashes) {
        case .quote: beginString(prefix: hashes)
        case UInt8(ascii: "/"): skipExtendedRegex(hashes: hashes)
        // All of them at once: each would look at all that follow.
        default: appendSymbol("#", length: hashes)
        }
    }

    private mutating func readBackticks() {
        let start = cursor.offset
        cursor.advance()
        cursor.advance { $0 != UInt8(ascii: "`") && $0 != .newline }
        let name = String(cursor.text(from: start).dropFirst())
        if cursor.peek() == UInt8(ascii: "`") { cursor.advance() }
        append(.word, from: start, text: name)
    }

    private mutating func readSlash() {
        if cursor.isAt("//") { return comments.append(cursor.lineComment()) }
        if cursor.isAt("/*") { return comments.append(cursor.blockComment(nests: language == .swift)) }
        guard mayBeginRegex, let end = endOfRegex() else { return readSymbol() }
        cursor.offset = end
    }

    // MARK: Regular expressions

    /// A slash behind a value divides.
    private var mayBeginRegex: Bool {
        guard cursor.offset >= noRegexBefore, language == .script || !cursor.peek(1).isBlank else { return false }
        guard let last = tokens.last else { return true }
        switch last.kind {
        case .number, .string: return false
        case .word: return ["return", "in", "of", "case", "where", "try", "await", "typeof"].contains(last.text)
        // Behind `<` a slash ends an element of JSX.
        case .symbol: return ![")", "]", "}", "!", "?", ".", "<"].contains(last.text)
        }
    }

    private mutating func endOfRegex() -> Int? {
        var cursor = cursor
        var isInClass = false
        cursor.advance()
        while !cursor.isAtEnd, cursor.peek() != .newline {
            let byte = cursor.peek()
            if byte == UInt8(ascii: "/"), !isInClass { return cursor.offset + 1 }
            if language == .script { isInClass = byte == UInt8(ascii: "[") || isInClass && byte != UInt8(ascii: "]") }
            cursor.advance(byte == .backslash && cursor.peek(1) != .newline ? 2 : 1)
        }
        noRegexBefore = cursor.offset
        return nil
    }

    private mutating func skipExtendedRegex(hashes: Int) {
        cursor.advance(hashes + 1)
        while !cursor.isAtEnd {
            if cursor.peek() == UInt8(ascii: "/") {
                cursor.advance()
                if consumeHashes(hashes) { return }
            } else {
                cursor.advance(cursor.peek() == .backslash ? 2 : 1)
            }
        }
    }

    // MARK: Where strings begin and end

    /// The length of a prefix of Python's strings that stands here; nil if it is a word.
    private var lengthOfPrefix: Int? {
        guard language == .python else { return nil }
        var length = 0
        while length < 3, "rbuftRBUFT".utf8.contains(cursor.peek(length)) { length += 1 }
        let quote = cursor.peek(length)
        return length > 0 && (quote == .quote || quote == .apostrophe) ? length : nil
    }

    private func isAt(_ quote: UInt8, times count: Int) -> Bool {
        (0..<count).allSatisfy { cursor.peek($0) == quote }
    }

    /// Begins a string behind Swift's hashes or Python's letters.
    private mutating func beginString(prefix length: Int = 0) {
        let start = cursor.offset
        cursor.advance(length)
        let prefix = cursor.text(from: start).lowercased()
        var form = Form(quote: cursor.peek())
        switch language {
        case .swift:
            form.hashes = length
            form.closing = UInt8(ascii: ")")
        case .python:
            form.isRaw = prefix.contains("r")
            if prefix.contains("f") || prefix.contains("t") { form.opening = "{" }
        default:
            form.spansLines = form.quote == UInt8(ascii: "`")
            if form.spansLines { form.opening = "${" }
        }
        if language != .script, isAt(form.quote, times: 3) {
            form.length = 3
            form.spansLines = true
        }
        cursor.advance(form.length)
        append(.string, from: start, text: "")
        levels.append(Level(kind: .string, form: form, token: tokens.count - 1))
    }

    private mutating func endString() {
        while let last = levels.popLast() {
            if last.kind == .string {
                tokens[last.token].text = String(decoding: last.content, as: UTF8.self)
                tokens[last.token].range = tokens[last.token].range.lowerBound..<cursor.offset
                return
            }
            if last.kind == .code { appendSymbol(")", length: 0) }
        }
    }

    private mutating func beginField(length: Int) {
        if level.kind == .string { level.content += Array(String(Token.hole).utf8) }
        levels.append(Level(kind: .code, form: level.form))
        appendSymbol("(", length: length)
    }

    private mutating func endField() {
        if level.kind == .specification { levels.removeLast() }
        levels.removeLast()
        appendSymbol(")", length: 1)
    }

    // MARK: Text

    private mutating func readText() {
        let form = level.form
        let byte = cursor.peek()
        if byte == form.quote, isAt(byte, times: form.length) {
            cursor.advance(form.length)
            if consumeHashes(form.hashes) { return endString() }
            for _ in 0..<form.length { level.content.append(byte) }
        } else if byte == .newline, !form.spansLines {
            // It was never closed; the next line is code again.
            endString()
        } else if byte == .backslash {
            readEscape(form)
        } else if let opening = form.opening, cursor.isAt(opening) || byte == UInt8(ascii: "}") {
            readBrace(opening)
        } else {
            keep(byte)
        }
    }

    /// `{`, `}` and `${`; of Python's, two are one that stands for itself.
    private mutating func readBrace(_ opening: StaticString) {
        let byte = cursor.peek()
        let isDoubled = opening.utf8CodeUnitCount == 1 && level.kind == .string && cursor.peek(1) == byte
        if byte == UInt8(ascii: "}"), level.kind == .specification {
            endField()
        } else if byte == UInt8(ascii: "}") || isDoubled {
            if isDoubled { cursor.advance() }
            keep(byte)
        } else {
            beginField(length: opening.utf8CodeUnitCount)
        }
    }

    /// Moves on behind what the string's content has as this byte. A specification is no part of a string's text.
    private mutating func keep(_ byte: UInt8) {
        level.content.append(byte)
        cursor.advance()
    }

    private mutating func readEscape(_ form: Form) {
        cursor.advance()
        guard consumeHashes(form.hashes) else { return level.content.append(.backslash) }
        let byte = cursor.peek()
        if form.isRaw {
            // A quote behind it does not end the string, but both stay in it.
            level.content.append(.backslash)
            if byte == form.quote || byte == .backslash { keep(byte) }
            return
        }
        switch byte {
        case UInt8(ascii: "(") where language == .swift: beginField(length: 1)
        // In a string of one line, Swift's line is over.
        case .newline where language == .swift && !form.spansLines: break
        case .newline: cursor.advance()
        case 0x0d where cursor.peek(1) == .newline: cursor.advance(2)
        case UInt8(ascii: "u") where cursor.peek(1) == UInt8(ascii: "{"):
            cursor.advance(2)
            readScalar(digits: 64, base: 16)
            if cursor.peek() == UInt8(ascii: "}") { cursor.advance() }
        case _ where Self.digits[byte] != nil:
            cursor.advance()
            readScalar(digits: Self.digits[byte] ?? 0, base: 16)
        case UInt8(ascii: "0")...UInt8(ascii: "7"): readScalar(digits: 3, base: 8)
        case UInt8(ascii: "n"): keep(.newline)
        case UInt8(ascii: "t"): keep(0x09)
        case UInt8(ascii: "r"): keep(0x0d)
        case _ where cursor.isAtEnd: break
        default: keep(byte)
        }
    }

    /// How many hexadecimal digits stand behind `\x` and its kin.
    private static let digits = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]

    /// The scalar whose number stands here.
    private mutating func readScalar(digits: Int, base: UInt32) {
        var value: UInt32 = 0
        for _ in 0..<digits {
            let sign = Character(Unicode.Scalar(cursor.peek()))
            guard let digit = sign.hexDigitValue.map({ UInt32($0) }), digit < base else { break }
            value = (value & 0x0fff_ffff) * base | digit
            cursor.advance()
        }
        if let scalar = Unicode.Scalar(value) { level.content += Array(String(scalar).utf8) }
    }

    /// Moves behind so many `#`, or not at all.
    private mutating func consumeHashes(_ count: Int) -> Bool {
        for ahead in 0..<count where cursor.peek(ahead) != .hash { return false }
        cursor.advance(count)
        return true
    }
}
