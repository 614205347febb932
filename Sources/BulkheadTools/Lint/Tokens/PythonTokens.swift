/// Reads Python 3: all prefixes and quotes of strings, f-strings with nested fields and format specifications
/// (PEP 701), logical lines. Whatever the bytes are, it ends, in time that grows with their number.
struct PythonTokens {
    /// A replacement field of an f-string.
    private struct Field {
        /// Brackets open in its expression.
        var depth = 0
        /// True behind its colon.
        var isInSpecification = false
    }

    private struct OpenString {
        let token: Int
        let quote: UInt8
        let isTriple: Bool
        let isRaw: Bool
        let isFormatted: Bool
        var content: [UInt8] = []
        var fields: [Field] = []
    }

    private var builder: TokenBuilder
    private var strings: [OpenString] = []
    /// True in the text of the last string, false in code: that of the file or of a field.
    private var isInText = false
    /// Brackets open in the code of the file.
    private var depth = 0

    static func read(_ bytes: [UInt8], _ range: Range<Int>? = nil) -> TokenList {
        var reader = PythonTokens(builder: TokenBuilder(ByteCursor(bytes, range)))
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
            if strings.isEmpty, depth == 0 { builder.startsLine = true }
            builder.cursor.advance()
        case _ where byte.isBlank: builder.cursor.advance()
        case .backslash:
            // A line goes on behind it, also where it ends with CR LF.
            builder.cursor.advance()
            if builder.cursor.peek() == 0x0d { builder.cursor.advance() }
            if builder.cursor.peek() == .newline { builder.cursor.advance() }
        case .hash: builder.lineComment()
        case .quote, .apostrophe: beginString(prefix: 0)
        case _ where byte.beginsName:
            if let length = lengthOfPrefix { beginString(prefix: length) } else { builder.word() }
        case _ where byte.isDigit: builder.number()
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open()
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): close()
        case UInt8(ascii: ":"):
            if isAtOuterLevelOfField {
                withField { $0.isInSpecification = true }
                builder.cursor.advance()
                isInText = true
            } else {
                builder.symbol()
            }
        default: builder.symbol()
        }
    }

    private mutating func open() {
        builder.symbol()
        if strings.isEmpty { depth += 1 } else { withField { $0.depth += 1 } }
    }

    private mutating func close() {
        if isAtOuterLevelOfField {
            if builder.cursor.peek() == UInt8(ascii: "}") { endField() } else { builder.symbol() }
            return
        }
        builder.symbol()
        if strings.isEmpty { depth = max(0, depth - 1) } else { withField { $0.depth -= 1 } }
    }

    private var isAtOuterLevelOfField: Bool { strings.last?.fields.last?.depth == 0 }

    private mutating func withField(_ change: (inout Field) -> Void) {
        guard let string = strings.indices.last, let field = strings[string].fields.indices.last else { return }
        change(&strings[string].fields[field])
    }

    private mutating func endField() {
        builder.bracket(")", length: 1)
        strings[strings.count - 1].fields.removeLast()
        isInText = true
    }

    // MARK: Strings

    /// The length of a string's prefix that stands here; nil if it is a word.
    private var lengthOfPrefix: Int? {
        let letters = Array("rbuftRBUFT".utf8)
        var length = 0
        while length < 3, letters.contains(builder.cursor.peek(length)) { length += 1 }
        let quote = builder.cursor.peek(length)
        return length > 0 && (quote == .quote || quote == .apostrophe) ? length : nil
    }

    private mutating func beginString(prefix length: Int) {
        let start = builder.cursor.offset
        let prefix = (0..<length).map { builder.cursor.peek($0) | 0x20 }
        builder.cursor.advance(length)
        let quote = builder.cursor.peek()
        let isTriple = isAtTriple(quote)
        builder.cursor.advance(isTriple ? 3 : 1)
        strings.append(
            OpenString(
                token: builder.beginString(from: start), quote: quote, isTriple: isTriple,
                isRaw: prefix.contains(UInt8(ascii: "r")),
                isFormatted: prefix.contains(UInt8(ascii: "f")) || prefix.contains(UInt8(ascii: "t"))))
        isInText = true
    }

    private func isAtTriple(_ quote: UInt8) -> Bool {
        (0..<3).allSatisfy { builder.cursor.peek($0) == quote }
    }

    private mutating func endString() {
        let string = strings.removeLast()
        for _ in string.fields { builder.bracket(")", length: 0) }
        builder.endString(string.token, content: string.content)
        isInText = false
    }

    private mutating func text() {
        let last = strings.count - 1
        let (quote, isTriple) = (strings[last].quote, strings[last].isTriple)
        let isInSpecification = !strings[last].fields.isEmpty
        let byte = builder.cursor.peek()
        if byte == quote, isTriple ? isAtTriple(quote) : true {
            builder.cursor.advance(isTriple ? 3 : 1)
            endString()
        } else if byte == .newline, !isTriple {
            // It was never closed; the next line is code again.
            endString()
        } else if byte == .backslash {
            escape()
        } else if byte == UInt8(ascii: "{"), strings[last].isFormatted {
            if !isInSpecification, builder.cursor.peek(1) == byte {
                strings[last].content.append(byte)
                builder.cursor.advance(2)
            } else {
                if !isInSpecification { strings[last].content += Array(String(Token.hole).utf8) }
                strings[last].fields.append(Field())
                builder.bracket("(", length: 1)
                isInText = false
            }
        } else if byte == UInt8(ascii: "}"), strings[last].isFormatted {
            if isInSpecification { return endField() }
            strings[last].content.append(byte)
            builder.cursor.advance(builder.cursor.peek(1) == byte ? 2 : 1)
        } else {
            // The specification of a field is no part of the text.
            if !isInSpecification { strings[last].content.append(byte) }
            builder.cursor.advance()
        }
    }

    private mutating func escape() {
        let last = strings.count - 1
        builder.cursor.advance()
        let byte = builder.cursor.peek()
        if strings[last].isRaw {
            // A quote behind it does not end the string, but both stay in it.
            strings[last].content.append(.backslash)
            if byte == strings[last].quote || byte == .backslash {
                strings[last].content.append(byte)
                builder.cursor.advance()
            }
            return
        }
        switch byte {
        case .newline: builder.cursor.advance()
        case 0x0d where builder.cursor.peek(1) == .newline: builder.cursor.advance(2)
        case UInt8(ascii: "x"): hexEscape(digits: 2)
        case UInt8(ascii: "u"): hexEscape(digits: 4)
        case UInt8(ascii: "U"): hexEscape(digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var value: UInt32 = 0
            for _ in 0..<3 {
                guard let digit = builder.cursor.peek().hexValue, digit < 8 else { break }
                value = value * 8 + digit
                builder.cursor.advance()
            }
            strings[last].content.append(scalar: value)
        case UInt8(ascii: "n"): appendEscaped(.newline)
        case UInt8(ascii: "t"): appendEscaped(0x09)
        case UInt8(ascii: "r"): appendEscaped(0x0d)
        case _ where builder.cursor.isAtEnd: break
        default: appendEscaped(byte)
        }
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        strings[strings.count - 1].content.append(byte)
        builder.cursor.advance()
    }

    private mutating func hexEscape(digits: Int) {
        builder.cursor.advance()
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = builder.cursor.peek().hexValue else { break }
            value = (value & 0x0fff_ffff) << 4 | digit
            builder.cursor.advance()
        }
        strings[strings.count - 1].content.append(scalar: value)
    }
}
