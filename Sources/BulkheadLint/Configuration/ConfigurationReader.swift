/// A value of a configuration file.
struct Setting: Sendable, Hashable {
    /// The key it stands behind; that of the list, for an item of one. Empty if there is none.
    let key: String
    /// True if a key around it names Redis or Valkey.
    let isUnderRedis: Bool
    /// Where the value stands in the file, in bytes, without its quotes.
    let value: Range<Int>
    /// Which list it is an item of; nil if of none.
    let list: Int?
}

/// Reads configuration as far as the rules need it: values, the keys around them, and comments.
///
/// A line stands under a key by its indentation in YAML, and under a `[section]` in TOML, INI, .env, properties and
/// units of systemd. What stands in brackets is read alike everywhere; JSON is nothing else.
struct ConfigurationReader {
    private(set) var settings: [Setting] = []
    private(set) var comments: [SourceComment] = []

    /// What a value stands in: a key with lines below it, a section, a bracket, or the file.
    private struct Scope {
        /// In a bracket with keys, the one that was read last.
        var key = ""
        var isUnderRedis = false
        /// Where it begins, which tells its list from others.
        var id = -1
        /// True for a bracket that has items and no keys.
        var isList = false
        /// How far right its key stands. A section counts as 0, and a key below it as 1.
        var indent = -1
    }

    private let language: LintLanguage
    private var cursor: ByteCursor
    private var scopes = [Scope()]
    private var lineStart = 0

    init(_ bytes: [UInt8], _ range: Range<Int>?, as language: LintLanguage) {
        self.language = language
        cursor = ByteCursor(bytes, range)
        while !cursor.isAtEnd {
            if language == .json { stepInBrackets() } else { readLine() }
        }
    }

    private var scope: Scope {
        get { scopes[scopes.count - 1] }
        set { scopes[scopes.count - 1] = newValue }
    }

    private var indent: Int { cursor.offset - lineStart }

    // MARK: Lines

    private mutating func readLine() {
        lineStart = cursor.offset
        cursor.advance { $0.isBlank }
        var isItem = false
        while language == .yaml, cursor.peek() == UInt8(ascii: "-"), Self.isEndOfWord(cursor.peek(1)) {
            // The items of a list may stand as far left as its key.
            close(downTo: isItem ? indent : indent + 1)
            cursor.advance()
            cursor.advance { $0.isBlank }
            isItem = true
        }
        switch cursor.peek() {
        case .newline: cursor.advance()
        case .hash: comments.append(cursor.lineComment())
        case UInt8(ascii: ";") where language == .settings: comments.append(cursor.lineComment())
        case UInt8(ascii: "[") where language == .settings: readSection()
        default: readEntry(isItem: isItem)
        }
    }

    private mutating func readSection() {
        let start = cursor.offset
        cursor.advance { $0 != .newline && $0 != UInt8(ascii: "]") }
        open(cursor.text(from: start), indent: 0)
        cursor.advance { $0 != .newline && $0 != .hash }
    }

    private mutating func readEntry(isItem: Bool) {
        let isYAML = language == .yaml
        let indent = isYAML ? self.indent : 1
        let key = readKey()
        if let key {
            open(key, indent: indent)
        } else if !isYAML {
            // A value that goes on, or a line of another format.
            open("", indent: indent)
        } else if !isItem {
            close(downTo: indent + 1)
        }
        readValue(list: isItem && key == nil ? scope.id : nil, indent: indent)
        cursor.advance { $0.isBlank }
        if cursor.peek() == .hash { comments.append(cursor.lineComment()) }
        // What follows a value on its line is no YAML.
        if isYAML { cursor.advance { $0 != .newline } }
    }

    /// Leaves keys that stand at `indent` or further right.
    private mutating func close(downTo indent: Int) {
        while scope.indent >= indent { scopes.removeLast() }
    }

    private mutating func open(_ key: String, indent: Int) {
        close(downTo: indent)
        scopes.append(
            Scope(
                key: key, isUnderRedis: scope.isUnderRedis || SettingName.isRedis(key), id: cursor.offset,
                indent: indent))
    }

    /// Moves behind the key that stands here and the sign behind it; nil if the line has none.
    private mutating func readKey() -> String? {
        var probe = cursor
        let first = probe.peek()
        if language == .yaml, "[{|>&*!%@`".utf8.contains(first) { return nil }
        if first == .quote || first == .apostrophe {
            probe.advance()
            probe.advance { $0 != first && $0 != .newline }
        }
        while !isSeparator(at: probe) {
            guard !probe.isAtEnd, probe.peek() != .newline, probe.offset - cursor.offset < 256,
                !(probe.peek().isBlank && probe.peek(1) == .hash)
            else { return nil }
            probe.advance()
        }
        let key = probe.text(from: cursor.offset).filter { $0 != "\"" && $0 != "'" }
        probe.advance()
        probe.advance { $0.isBlank || language == .settings && $0 == UInt8(ascii: "=") }
        cursor = probe
        // `export REDIS_DB`
        return language == .yaml ? key : String(key.split(whereSeparator: \.isWhitespace).last ?? "")
    }

    /// True at what parts a key from its value. The colon of a URL does not.
    private func isSeparator(at cursor: ByteCursor) -> Bool {
        switch cursor.peek() {
        case UInt8(ascii: "="): language == .settings
        case UInt8(ascii: ":"): Self.isEndOfWord(cursor.peek(1)) || language == .settings && !cursor.isAt("://")
        default: false
        }
    }

    private static func isEndOfWord(_ byte: UInt8) -> Bool { byte == 0 || byte.isBlank || byte == .newline }

    // MARK: Values

    private mutating func readValue(list: Int?, indent: Int) {
        // Anchors and tags stand before the value.
        while language == .yaml, cursor.peek() == UInt8(ascii: "&") || cursor.peek() == UInt8(ascii: "!") {
            cursor.advance { !Self.isEndOfWord($0) }
            cursor.advance { $0.isBlank }
        }
        let byte = cursor.peek()
        switch byte {
        case UInt8(ascii: "|") where language == .yaml, UInt8(ascii: ">") where language == .yaml:
            append(block(indent: indent), list)
        // Two braces are a template's variable.
        case UInt8(ascii: "{") where cursor.peek(1) != byte, UInt8(ascii: "["):
            let depth = scopes.count
            repeat { stepInBrackets() } while scopes.count > depth && !cursor.isAtEnd
        case .quote, .apostrophe: append(quoted(), list)
        default: append(plain(), list)
        }
    }

    private mutating func append(_ range: Range<Int>, _ list: Int?) {
        guard !range.isEmpty else { return }
        settings.append(Setting(key: scope.key, isUnderRedis: scope.isUnderRedis, value: range, list: list))
    }

    private mutating func quoted() -> Range<Int> {
        let quote = cursor.peek()
        let length = cursor.peek(1) == quote && cursor.peek(2) == quote ? 3 : 1
        cursor.advance(length)
        let start = cursor.offset
        while !cursor.isAtEnd, !(0..<length).allSatisfy({ cursor.peek($0) == quote }) {
            // It was never closed.
            if language == .settings, length == 1, cursor.peek() == .newline { return start..<cursor.offset }
            cursor.advance(cursor.peek() == .backslash && quote == .quote ? 2 : 1)
        }
        defer { cursor.advance(length) }
        return start..<cursor.offset
    }

    private mutating func plain(inBrackets: Bool = false) -> Range<Int> {
        let start = cursor.offset
        var end = start
        while !cursor.isAtEnd, cursor.peek() != .newline {
            if inBrackets, ",[]{}".utf8.contains(cursor.peek()) || isSeparator(at: cursor) { break }
            let isBlank = cursor.peek().isBlank
            if isBlank, cursor.peek(1) == .hash { break }
            cursor.advance()
            if !isBlank { end = cursor.offset }
        }
        return start..<end
    }

    /// The lines further right than the key, behind `|` or `>`.
    private mutating func block(indent: Int) -> Range<Int> {
        cursor.advance { $0 != .newline }
        let start = cursor.offset + 1
        while !cursor.isAtEnd {
            var probe = cursor
            probe.advance()
            let line = probe.offset
            probe.advance { $0.isBlank }
            if probe.peek() != .newline, !probe.isAtEnd, probe.offset - line <= indent { break }
            probe.advance { $0 != .newline }
            cursor = probe
        }
        return start..<max(start, cursor.offset)
    }

    // MARK: Brackets

    private mutating func stepInBrackets() {
        let byte = cursor.peek()
        switch byte {
        case _ where byte.isBlank || byte == .newline: cursor.advance()
        case .hash: comments.append(cursor.lineComment())
        case UInt8(ascii: "/") where cursor.isAt("//"): comments.append(cursor.lineComment())
        case UInt8(ascii: "/") where cursor.isAt("/*"): comments.append(cursor.blockComment())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isList = byte == UInt8(ascii: "[")
            let isUnderRedis = scope.isUnderRedis || SettingName.isRedis(scope.key)
            scopes.append(
                Scope(key: isList ? scope.key : "", isUnderRedis: isUnderRedis, id: cursor.offset, isList: isList))
            cursor.advance()
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if scopes.count > 1 { scopes.removeLast() }
            cursor.advance()
        case UInt8(ascii: ","):
            if !scope.isList { scope.key = "" }
            cursor.advance()
        case .quote, .apostrophe: finish(quoted())
        default:
            let range = plain(inBrackets: true)
            // A separator that nothing stands before.
            if cursor.offset == range.lowerBound { cursor.advance() } else { finish(range) }
        }
    }

    /// A key if a separator follows, else a value.
    private mutating func finish(_ range: Range<Int>) {
        cursor.advance { $0.isBlank }
        let next = cursor.peek()
        if scope.isList {
            append(range, scope.id)
        } else if next == UInt8(ascii: ":") || next == UInt8(ascii: "=") && language == .settings {
            scope.key = String(decoding: cursor.bytes[range].prefix(256), as: UTF8.self)
            cursor.advance()
        } else {
            append(range, nil)
            scope.key = ""
        }
    }
}
