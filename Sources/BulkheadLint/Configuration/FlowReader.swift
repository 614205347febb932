/// Reads values in brackets: JSON with and without comments, YAML's flow style, TOML's lists and tables in a line.
struct FlowReader {
    private struct Frame {
        let isList: Bool
        let id: Int
        let key: String
        let isUnderRedis: Bool
    }

    private(set) var cursor: ByteCursor
    private(set) var text = ConfigurationText()
    private let separators: StaticString
    private var frames: [Frame] = []
    private var key = ""
    /// What is around the value.
    private let isUnderRedis: Bool

    /// `separators` stand between a key and its value.
    init(_ cursor: ByteCursor, separators: StaticString, key: String = "", isUnderRedis: Bool = false) {
        self.cursor = cursor
        self.separators = separators
        self.key = key
        self.isUnderRedis = isUnderRedis
    }

    mutating func readAll() {
        while !cursor.isAtEnd { step() }
    }

    /// Reads from an opening bracket to its partner.
    mutating func readValue() {
        repeat { step() } while !cursor.isAtEnd && !frames.isEmpty
    }

    private mutating func step() {
        let byte = cursor.peek()
        switch byte {
        case _ where byte.isBlank || byte == .newline: cursor.advance()
        case .hash: comment(until: { $0.peek() == .newline })
        case UInt8(ascii: "/") where cursor.isAt("//"): comment(until: { $0.peek() == .newline })
        case UInt8(ascii: "/") where cursor.isAt("/*"):
            comment(until: { $0.isAt("*/") })
            cursor.advance(2)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let around = frames.last?.isUnderRedis ?? isUnderRedis
            frames.append(
                Frame(
                    isList: byte == UInt8(ascii: "["), id: cursor.offset, key: key,
                    isUnderRedis: around || SettingName.isRedis(key)))
            key = ""
            cursor.advance()
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = frames.popLast()
            key = ""
            cursor.advance()
        case UInt8(ascii: ","):
            key = ""
            cursor.advance()
        case .quote, .apostrophe: quoted(byte)
        default: plain()
        }
    }

    private mutating func comment(until isOver: (ByteCursor) -> Bool) {
        let start = cursor.offset
        while !cursor.isAtEnd, !isOver(cursor) { cursor.advance() }
        text.comments.append(SourceComment(range: start..<cursor.offset, text: cursor.text(from: start)))
    }

    private mutating func quoted(_ quote: UInt8) {
        cursor.advance()
        let start = cursor.offset
        while !cursor.isAtEnd, cursor.peek() != quote {
            cursor.advance(cursor.peek() == .backslash && quote == .quote ? 2 : 1)
        }
        let range = start..<cursor.offset
        cursor.advance()
        finish(range)
    }

    private mutating func plain() {
        let start = cursor.offset
        while !cursor.isAtEnd {
            let byte = cursor.peek()
            if byte == .newline || ",[]{}".utf8.contains(byte) || isSeparator(byte) { break }
            cursor.advance()
        }
        // A separator that nothing stands before.
        guard cursor.offset > start else { return cursor.advance() }
        var end = cursor.offset
        while end > start, cursor.bytes[end - 1].isBlank { end -= 1 }
        finish(start..<end)
    }

    /// A colon is one only before a blank, so that URLs are no keys.
    private func isSeparator(_ byte: UInt8) -> Bool {
        guard separators.withUTF8Buffer({ $0.contains(byte) }) else { return false }
        let next = cursor.peek(1)
        return byte != UInt8(ascii: ":") || next == 0 || next.isBlank || next == .newline
    }

    /// A key if a separator follows, else a value.
    private mutating func finish(_ range: Range<Int>) {
        cursor.advance { $0.isBlank }
        if frames.last?.isList != true, separators.withUTF8Buffer({ $0.contains(cursor.peek()) }), !cursor.isAtEnd {
            key = String(decoding: cursor.bytes[range].prefix(256), as: UTF8.self)
            cursor.advance()
            return
        }
        let frame = frames.last
        text.settings.append(
            Setting(
                key: frame?.isList == true ? frame?.key ?? "" : key, isUnderRedis: frame?.isUnderRedis ?? isUnderRedis,
                value: range, list: frame?.isList == true ? frame?.id : nil))
        key = ""
    }
}
