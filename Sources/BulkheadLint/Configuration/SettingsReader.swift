/// Reads lines `key = value` under `[sections]`: TOML, INI, .env, properties, units of systemd.
struct SettingsReader {
    private var cursor: ByteCursor
    private var text = ConfigurationText()
    private var isUnderRedis = false

    static func read(_ cursor: ByteCursor) -> ConfigurationText {
        var reader = SettingsReader(cursor: cursor)
        while !reader.cursor.isAtEnd { reader.line() }
        return reader.text
    }

    private init(cursor: ByteCursor) {
        self.cursor = cursor
    }

    private mutating func line() {
        cursor.advance { $0.isBlank }
        switch cursor.peek() {
        case .newline: cursor.advance()
        case .hash, UInt8(ascii: ";"): text.comments.append(cursor.lineComment())
        case UInt8(ascii: "["):
            let start = cursor.offset
            cursor.advance { $0 != .newline && $0 != UInt8(ascii: "]") }
            isUnderRedis = SettingName.isRedis(cursor.text(from: start))
            cursor.advance { $0 == UInt8(ascii: "]") || $0.isBlank }
            if cursor.peek() != .hash { cursor.advance { $0 != .newline } }
        default: setting()
        }
    }

    private mutating func setting() {
        let start = cursor.offset
        cursor.advance { $0 != .newline && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ":") }
        var key = String(decoding: cursor.bytes[start..<cursor.offset].prefix(256), as: UTF8.self)
        key = String(key.split(whereSeparator: \.isWhitespace).last ?? "").filter { $0 != "\"" && $0 != "'" }
        if cursor.peek() == .newline || cursor.isAtEnd {
            // A line without a key: a value that goes on, or a line of another format.
            return append(start..<cursor.offset, key: "")
        }
        cursor.advance()
        cursor.advance { $0.isBlank || $0 == UInt8(ascii: "=") }
        value(of: key)
    }

    private mutating func value(of key: String) {
        let byte = cursor.peek()
        if cursor.isAt("\"\"\"") || cursor.isAt("'''") {
            cursor.advance(3)
            let start = cursor.offset
            while !cursor.isAtEnd, !(0..<3).allSatisfy({ cursor.peek($0) == byte }) { cursor.advance() }
            append(start..<cursor.offset, key: key)
            cursor.advance(3)
        } else if byte == .quote || byte == .apostrophe {
            cursor.advance()
            let start = cursor.offset
            while !cursor.isAtEnd, cursor.peek() != byte, cursor.peek() != .newline {
                cursor.advance(cursor.peek() == .backslash && cursor.peek(1) != .newline ? 2 : 1)
            }
            append(start..<cursor.offset, key: key)
            if cursor.peek() == byte { cursor.advance() }
        } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") && cursor.peek(1) != byte {
            var reader = FlowReader(cursor, separators: "=", key: key, isUnderRedis: isUnderRedis)
            reader.readValue()
            text.settings += reader.text.settings
            text.comments += reader.text.comments
            cursor = reader.cursor
        } else {
            let start = cursor.offset
            while !cursor.isAtEnd, cursor.peek() != .newline {
                if cursor.peek().isBlank, cursor.peek(1) == .hash { break }
                cursor.advance()
            }
            append(start..<cursor.offset, key: key)
        }
        cursor.advance { $0.isBlank }
        if cursor.peek() == .hash { text.comments.append(cursor.lineComment()) }
    }

    private mutating func append(_ range: Range<Int>, key: String) {
        var end = range.upperBound
        while end > range.lowerBound, cursor.bytes[end - 1].isBlank { end -= 1 }
        text.settings.append(
            Setting(key: key, isUnderRedis: isUnderRedis, value: range.lowerBound..<end, list: nil))
    }
}
