/// Reads YAML as far as the rules need it: keys by their indentation, lists, block scalars, quotes, the flow style.
struct YAMLReader {
    private struct Frame {
        let indent: Int
        let key: String
        let isUnderRedis: Bool
        /// Where its key stands, which tells its list from others.
        let id: Int
    }

    private var cursor: ByteCursor
    private var text = ConfigurationText()
    private var frames: [Frame] = []
    private var lineStart = 0

    static func read(_ cursor: ByteCursor) -> ConfigurationText {
        var reader = YAMLReader(cursor: cursor)
        while !reader.cursor.isAtEnd { reader.line() }
        return reader.text
    }

    private init(cursor: ByteCursor) {
        self.cursor = cursor
    }

    private var indent: Int { cursor.offset - lineStart }

    private mutating func line() {
        lineStart = cursor.offset
        cursor.advance { $0.isBlank }
        var isItem = false
        while cursor.peek() == UInt8(ascii: "-"), cursor.peek(1).isBlank || cursor.peek(1) == .newline {
            // The items of a list may stand as far left as its key.
            close(downTo: isItem ? indent : indent + 1)
            cursor.advance()
            cursor.advance { $0.isBlank }
            isItem = true
        }
        switch cursor.peek() {
        case .newline: cursor.advance()
        case .hash: text.comments.append(cursor.lineComment())
        default: entry(isItem: isItem)
        }
    }

    /// Forgets keys that stand at `indent` or further right.
    private mutating func close(downTo indent: Int) {
        while let last = frames.last, last.indent >= indent { frames.removeLast() }
    }

    private mutating func entry(isItem: Bool) {
        let start = cursor.offset
        let here = indent
        guard let key = key() else {
            if !isItem { close(downTo: here + 1) }
            return value(key: frames.last?.key ?? "", list: isItem ? frames.last?.id ?? -1 : nil, indent: here)
        }
        close(downTo: here)
        let isUnderRedis = frames.last?.isUnderRedis ?? false
        cursor.advance { $0.isBlank }
        frames.append(
            Frame(indent: here, key: key, isUnderRedis: isUnderRedis || SettingName.isRedis(key), id: start))
        value(key: key, list: nil, indent: here, isUnderRedis: isUnderRedis)
    }

    /// Moves behind `key:` if one stands here.
    private mutating func key() -> String? {
        var probe = cursor
        let start = probe.offset
        let quote = probe.peek()
        if quote == .quote || quote == .apostrophe {
            probe.advance()
            probe.advance { $0 != quote && $0 != .newline }
            probe.advance()
        } else {
            while !probe.isAtEnd, probe.peek() != .newline, probe.offset - start < 256 {
                if probe.peek() == UInt8(ascii: ":"), isEndOfKey(probe.peek(1)) { break }
                if probe.peek().isBlank, probe.peek(1) == .hash { return nil }
                if probe.offset == start, "[{|>&*!%@`".utf8.contains(probe.peek()) { return nil }
                probe.advance()
            }
        }
        guard probe.peek() == UInt8(ascii: ":"), isEndOfKey(probe.peek(1)) else { return nil }
        let key = probe.text(from: start).filter { $0 != "\"" && $0 != "'" }
        probe.advance()
        cursor = probe
        return key
    }

    private func isEndOfKey(_ next: UInt8) -> Bool { next == 0 || next.isBlank || next == .newline }

    private mutating func value(key: String, list: Int?, indent: Int, isUnderRedis: Bool? = nil) {
        let isUnderRedis = isUnderRedis ?? frames.last?.isUnderRedis ?? false
        func append(_ range: Range<Int>) {
            guard !range.isEmpty else { return }
            text.settings.append(Setting(key: key, isUnderRedis: isUnderRedis, value: range, list: list))
        }
        // Anchors and tags stand before the value.
        while cursor.peek() == UInt8(ascii: "&") || cursor.peek() == UInt8(ascii: "!") {
            cursor.advance { !$0.isBlank && $0 != .newline }
            cursor.advance { $0.isBlank }
        }
        let byte = cursor.peek()
        switch byte {
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            append(block(indent: indent))
            return
        case UInt8(ascii: "{") where cursor.peek(1) == byte:
            // A template's variable.
            append(plain())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var reader = FlowReader(cursor, separators: ":", key: key, isUnderRedis: isUnderRedis)
            reader.readValue()
            text.settings += reader.text.settings
            text.comments += reader.text.comments
            cursor = reader.cursor
        case .quote, .apostrophe: append(quoted(byte))
        default: append(plain())
        }
        cursor.advance { $0.isBlank }
        if cursor.peek() == .hash { text.comments.append(cursor.lineComment()) }
        // What follows a value on its line is no YAML.
        cursor.advance { $0 != .newline }
        cursor.advance()
    }

    private mutating func quoted(_ quote: UInt8) -> Range<Int> {
        cursor.advance()
        let start = cursor.offset
        while !cursor.isAtEnd, cursor.peek() != quote {
            cursor.advance(cursor.peek() == .backslash && quote == .quote ? 2 : 1)
        }
        let range = start..<cursor.offset
        cursor.advance()
        return range
    }

    private mutating func plain() -> Range<Int> {
        let start = cursor.offset
        var end = start
        while !cursor.isAtEnd, cursor.peek() != .newline {
            if cursor.peek().isBlank {
                if cursor.peek(1) == .hash { break }
                cursor.advance()
            } else {
                cursor.advance()
                end = cursor.offset
            }
        }
        return start..<end
    }

    /// The lines further right than the key, behind `|` or `>`.
    private mutating func block(indent: Int) -> Range<Int> {
        cursor.advance { $0 != .newline }
        cursor.advance()
        let start = cursor.offset
        while !cursor.isAtEnd {
            var probe = cursor
            probe.advance { $0.isBlank }
            if probe.peek() != .newline, !probe.isAtEnd, probe.offset - cursor.offset <= indent { break }
            probe.advance { $0 != .newline }
            probe.advance()
            cursor = probe
        }
        return start..<cursor.offset
    }
}
