/// A place in the bytes of a file that moves forward only.
struct ByteCursor: Sendable {
    let bytes: [UInt8]
    var offset: Int
    /// Where reading ends, at most the end of the bytes.
    let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        let range = (range ?? bytes.indices).clamped(to: bytes.indices)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }

    /// The byte so far ahead; 0 beyond the end.
    func peek(_ ahead: Int = 0) -> UInt8 {
        offset + ahead < end ? bytes[offset + ahead] : 0
    }

    /// True if `text` stands here.
    func isAt(_ text: StaticString) -> Bool {
        guard end - offset >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { wanted in
            wanted.indices.allSatisfy { bytes[offset + $0] == wanted[$0] }
        }
    }

    mutating func advance(_ count: Int = 1) {
        offset = min(end, offset + count)
    }

    mutating func advance(while isWanted: (UInt8) -> Bool) {
        while offset < end, isWanted(bytes[offset]) { offset += 1 }
    }

    /// Moves on like `advance(while:)`, and returns what it passed.
    mutating func text(while isWanted: (UInt8) -> Bool) -> String {
        let start = offset
        advance(while: isWanted)
        return text(from: start)
    }

    /// Reads a comment to the end of its line.
    mutating func lineComment() -> SourceComment {
        let start = offset
        advance { $0 != .newline }
        return SourceComment(range: start..<offset, text: text(from: start))
    }

    /// Reads a comment that `/*` begins.
    mutating func blockComment(nests: Bool = false) -> SourceComment {
        let start = offset
        var depth = 0
        repeat {
            if isAt("/*") {
                depth = nests ? depth + 1 : 1
                advance(2)
            } else if isAt("*/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0 && !isAtEnd
        return SourceComment(range: start..<offset, text: text(from: start))
    }

    /// The bytes from `start` to here as text, repaired where they are no UTF-8.
    func text(from start: Int) -> String {
        String(decoding: bytes[start..<offset], as: UTF8.self)
    }
}

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let backslash = UInt8(ascii: "\\")
    static let quote = UInt8(ascii: "\"")
    static let apostrophe = UInt8(ascii: "'")
    static let hash = UInt8(ascii: "#")

    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isLetter: Bool { (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") }

    /// What a name may begin with; all that is not ASCII counts.
    var beginsName: Bool { isLetter || self == UInt8(ascii: "_") || self >= 0x80 }

    var continuesName: Bool { beginsName || isDigit }

    /// Blanks within a line.
    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0d || self == 0x0c || self == 0x0b }
}
