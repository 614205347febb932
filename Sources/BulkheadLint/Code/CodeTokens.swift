/// Reads Swift, Python, and JavaScript with TypeScript: their comments, all kinds of strings with what is put into them
/// at any depth (of Python, PEP 701 too), and regular expressions.
///
/// Whatever the bytes are, it ends, in time that grows with their number.
struct CodeTokens {
    /// What tells one kind of string from another.
    private struct Form {
        let quote: UInt8
        /// How many quotes begin it and end it.
        let length: Int
        /// Of Swift's `#"…"#`, which stand behind every backslash in it that counts.
        var hashes = 0
        var isRaw = false
        let spansLines: Bool
        /// What puts code into it.
        var opening: StaticString?
    }

    /// Code in a string.
    private struct Field {
        let closing: UInt8
        /// Brackets open in it.
        var depth = 0
        /// True behind the colon of Python's.
        var isInSpecification = false
    }

    private struct OpenString {
        let token: Int
        let form: Form
        var content: [UInt8] = []
        var fields: [Field] = []
    }

    private let language: LintLanguage
    private var builder: TokenBuilder
    private var strings: [OpenString] = []
    /// True in the text of the last string, false in code: that of the file or of a field.
    private var isInText = false
    /// Brackets open in the code of the file.
    private var depth = 0
    /// No regular expression begins before this place: one was looked for, and its line has no end of one.
    private var noRegexBefore = 0

    static func read(_ bytes: [UInt8], _ range: Range<Int>? = nil, as language: LintLanguage) -> TokenList {
        var reader = CodeTokens(language: language, builder: TokenBuilder(ByteCursor(bytes, range)))
        while !reader.builder.cursor.isAtEnd {
            if reader.isInText { reader.text() } else { reader.code() }
        }
        while !reader.strings.isEmpty { reader.endString() }
        return reader.builder.list
    }

    private init(language: LintLanguage, builder: TokenBuilder) {
        self.language = language
        self.builder = builder
    }

    // MARK: Code

    private mutating func code() {
        let byte = builder.cursor.peek()
        switch byte {
        case .newline:
            // Brackets join the lines of Python.
            if language != .python || strings.isEmpty && depth == 0 { builder.startsLine = true }
            builder.cursor.advance()
        case _ where byte.isBlank: builder.cursor.advance()
        case .backslash where language == .python:
            // A line goes on behind it, also where it ends with CR LF.
            builder.cursor.advance()
            if builder.cursor.peek() == 0x0d { builder.cursor.advance() }
            if builder.cursor.peek() == .newline { builder.cursor.advance() }
        case .hash: hash()
        case .quote: quotes(prefix: 0)
        case .apostrophe where language != .swift: quotes(prefix: 0)
        case UInt8(ascii: "`"):
            if language == .script { beginString(template, from: builder.cursor.offset) } else { backticks() }
        case _ where byte.beginsName:
            if let length = lengthOfPrefix { quotes(prefix: length) } else { builder.word() }
        case _ where byte.isDigit: builder.number()
        case UInt8(ascii: "/") where language != .python: slash()
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): bracket(opens: true)
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): bracket(opens: false)
        case UInt8(ascii: ":") where language == .python && isAtOuterLevelOfField:
            withField { $0.isInSpecification = true }
            builder.cursor.advance()
            isInText = true
        default: builder.symbol()
        }
    }

    private var isAtOuterLevelOfField: Bool { strings.last?.fields.last?.depth == 0 }

    private mutating func withField(_ change: (inout Field) -> Void) {
        guard let string = strings.indices.last, let field = strings[string].fields.indices.last else { return }
        change(&strings[string].fields[field])
    }

    private mutating func bracket(opens: Bool) {
        if !opens, isAtOuterLevelOfField {
            let isEnd = strings.last?.fields.last?.closing == builder.cursor.peek()
            return isEnd ? endField() : builder.symbol()
        }
        builder.symbol()
        if strings.isEmpty {
            depth = max(0, depth + (opens ? 1 : -1))
        } else {
            withField { $0.depth += opens ? 1 : -1 }
        }
    }

    private mutating func hash() {
        guard language == .swift else {
            if language == .python || builder.cursor.isAt("#!") { return builder.lineComment() }
            // A private member's sign is no part of its name here.
            return builder.cursor.advance()
        }
        var hashes = 1
        while builder.cursor.peek(hashes) == .hash { hashes += 1 }
        switch builder.cursor.peek(hashes) {
        case .quote: swiftQuotes(hashes: hashes)
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
                depth = language == .swift ? depth + 1 : 1
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

    // MARK: Regular expressions

    /// A slash behind a value divides.
    private var mayBeginRegex: Bool {
        guard builder.cursor.offset >= noRegexBefore, language == .script || !builder.cursor.peek(1).isBlank else {
            return false
        }
        guard let last = builder.tokens.last else { return true }
        switch last.kind {
        case .number, .string: return false
        case .word: return ["return", "in", "of", "case", "where", "try", "await", "typeof"].contains(last.text)
        // Behind `<` a slash ends an element of JSX.
        case .symbol: return ![")", "]", "}", "!", "?", ".", "<"].contains(last.text)
        }
    }

    private mutating func endOfRegex() -> Int? {
        var cursor = builder.cursor
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

    // MARK: Where strings begin and end

    /// The length of a prefix of Python's strings that stands here; nil if it is a word.
    private var lengthOfPrefix: Int? {
        guard language == .python else { return nil }
        var length = 0
        while length < 3, "rbuftRBUFT".utf8.contains(builder.cursor.peek(length)) { length += 1 }
        let quote = builder.cursor.peek(length)
        return length > 0 && (quote == .quote || quote == .apostrophe) ? length : nil
    }

    private var template: Form {
        Form(quote: UInt8(ascii: "`"), length: 1, spansLines: true, opening: "${")
    }

    private mutating func quotes(prefix length: Int) {
        if language == .swift { return swiftQuotes(hashes: 0) }
        let start = builder.cursor.offset
        let prefix = (0..<length).map { builder.cursor.peek($0) | 0x20 }
        builder.cursor.advance(length)
        let quote = builder.cursor.peek()
        let isTriple = language == .python && isAt(quote, times: 3)
        let isFormatted = prefix.contains(UInt8(ascii: "f")) || prefix.contains(UInt8(ascii: "t"))
        beginString(
            Form(
                quote: quote, length: isTriple ? 3 : 1, isRaw: prefix.contains(UInt8(ascii: "r")),
                spansLines: isTriple, opening: isFormatted ? "{" : nil),
            from: start)
    }

    private mutating func swiftQuotes(hashes: Int) {
        let start = builder.cursor.offset
        builder.cursor.advance(hashes)
        let isTriple = isAt(.quote, times: 3)
        beginString(Form(quote: .quote, length: isTriple ? 3 : 1, hashes: hashes, spansLines: isTriple), from: start)
    }

    private func isAt(_ quote: UInt8, times count: Int) -> Bool {
        (0..<count).allSatisfy { builder.cursor.peek($0) == quote }
    }

    private mutating func beginString(_ form: Form, from start: Int) {
        builder.cursor.advance(form.length)
        strings.append(OpenString(token: builder.beginString(from: start), form: form))
        isInText = true
    }

    private mutating func endString() {
        let string = strings.removeLast()
        for _ in string.fields { builder.bracket(")", length: 0) }
        builder.endString(string.token, content: string.content)
        isInText = false
    }

    private mutating func beginField(length: Int, closing: UInt8) {
        let last = strings.count - 1
        if strings[last].fields.isEmpty { strings[last].content += Array(String(Token.hole).utf8) }
        strings[last].fields.append(Field(closing: closing))
        builder.bracket("(", length: length)
        isInText = false
    }

    private mutating func endField() {
        builder.bracket(")", length: 1)
        strings[strings.count - 1].fields.removeLast()
        isInText = true
    }

    // MARK: Text

    private mutating func text() {
        let last = strings.count - 1
        let form = strings[last].form
        let isInSpecification = !strings[last].fields.isEmpty
        let byte = builder.cursor.peek()
        if byte == form.quote, isAt(byte, times: form.length) {
            builder.cursor.advance(form.length)
            if consumeHashes(form.hashes) { return endString() }
            append(byte, times: form.length)
        } else if byte == .newline, !form.spansLines {
            // It was never closed; the next line is code again.
            endString()
        } else if byte == .backslash {
            escape(form)
        } else if let opening = form.opening, builder.cursor.isAt(opening) || byte == UInt8(ascii: "}") {
            brace(opening, isInSpecification: isInSpecification)
        } else {
            // The specification of a field is no part of the text.
            if !isInSpecification { append(byte) }
            builder.cursor.advance()
        }
    }

    /// `{`, `}` and `${`; of Python's, two are one that stands for itself.
    private mutating func brace(_ opening: StaticString, isInSpecification: Bool) {
        let byte = builder.cursor.peek()
        let length = opening.utf8CodeUnitCount
        if byte == UInt8(ascii: "}") {
            if isInSpecification { return endField() }
            append(byte)
            builder.cursor.advance(length == 1 && builder.cursor.peek(1) == byte ? 2 : 1)
        } else if length == 1, !isInSpecification, builder.cursor.peek(1) == byte {
            append(byte)
            builder.cursor.advance(2)
        } else {
            beginField(length: length, closing: UInt8(ascii: "}"))
        }
    }

    private mutating func append(_ byte: UInt8, times count: Int = 1) {
        for _ in 0..<count { strings[strings.count - 1].content.append(byte) }
    }

    private mutating func escape(_ form: Form) {
        builder.cursor.advance()
        guard consumeHashes(form.hashes) else { return append(.backslash) }
        let byte = builder.cursor.peek()
        if form.isRaw {
            // A quote behind it does not end the string, but both stay in it.
            append(.backslash)
            if byte == form.quote || byte == .backslash { appendEscaped(byte) }
            return
        }
        switch byte {
        case UInt8(ascii: "(") where language == .swift: beginField(length: 1, closing: UInt8(ascii: ")"))
        // In a string of one line, Swift's line is over.
        case .newline where language == .swift && !form.spansLines: break
        case .newline: builder.cursor.advance()
        case 0x0d where builder.cursor.peek(1) == .newline: builder.cursor.advance(2)
        case UInt8(ascii: "u") where builder.cursor.peek(1) == UInt8(ascii: "{"):
            builder.cursor.advance()
            numericEscape(digits: 64, base: 16)
            if builder.cursor.peek() == UInt8(ascii: "}") { builder.cursor.advance() }
        case UInt8(ascii: "x"): numericEscape(digits: 2, base: 16)
        case UInt8(ascii: "u"): numericEscape(digits: 4, base: 16)
        case UInt8(ascii: "U"): numericEscape(digits: 8, base: 16)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            builder.cursor.offset -= 1
            numericEscape(digits: 3, base: 8)
        case UInt8(ascii: "n"): appendEscaped(.newline)
        case UInt8(ascii: "t"): appendEscaped(0x09)
        case UInt8(ascii: "r"): appendEscaped(0x0d)
        case _ where builder.cursor.isAtEnd: break
        default: appendEscaped(byte)
        }
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        append(byte)
        builder.cursor.advance()
    }

    /// The number behind the sign that stands here.
    private mutating func numericEscape(digits: Int, base: UInt32) {
        builder.cursor.advance()
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = builder.cursor.peek().hexValue, digit < base else { break }
            value = (value & 0x0fff_ffff) * base | digit
            builder.cursor.advance()
        }
        strings[strings.count - 1].content.append(scalar: value)
    }

    /// Moves behind so many `#`, or not at all.
    private mutating func consumeHashes(_ count: Int) -> Bool {
        for ahead in 0..<count where builder.cursor.peek(ahead) != .hash { return false }
        builder.cursor.advance(count)
        return true
    }
}
