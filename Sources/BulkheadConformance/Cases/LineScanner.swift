/// Takes words and patterns off one line of a case.
struct LineScanner {
    let bytes: [UInt8]
    var position = 0

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    struct Problem: Error { let words: String }

    var isAtEnd: Bool { position >= bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func skipSpaces() {
        while next == UInt8(ascii: " ") { position += 1 }
    }

    /// Takes these characters if they come next.
    mutating func take(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    /// Takes bytes up to a space.
    mutating func word() -> String {
        let start = position
        while !isAtEnd, next != UInt8(ascii: " ") { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// True in front of the arrow that parts what is sent from what must come.
    var isAtArrow: Bool {
        bytes[position...].starts(with: "=>".utf8)
            && (position + 2 == bytes.count || bytes[position + 2] == UInt8(ascii: " "))
    }

    /// What is sent: words up to the arrow or the end.
    mutating func words() throws(Problem) -> [Template] {
        var words: [Template] = []
        skipSpaces()
        while !isAtEnd, !isAtArrow {
            words.append(try template(endingAt: " "))
            skipSpaces()
        }
        return words
    }

    /// One word: plain, or in quotes, in double ones with escapes, in single ones as it is. It ends before any of
    /// `stops`.
    mutating func template(endingAt stops: String) throws(Problem) -> Template {
        switch next {
        case UInt8(ascii: "\""):
            position += 1
            var template = Template()
            while true {
                guard let byte = next else { throw Problem(words: "a quote is not closed") }
                if byte == UInt8(ascii: "\"") { break }
                try appendPart(to: &template)
            }
            position += 1
            return template
        case UInt8(ascii: "'"):
            position += 1
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "'")) else {
                throw Problem(words: "a quote is not closed")
            }
            defer { position = end + 1 }
            return Template(Array(bytes[position..<end]))
        default:
            var template = Template()
            while let byte = next, !stops.utf8.contains(byte) { try appendPart(to: &template) }
            return template
        }
    }

    private mutating func appendPart(to template: inout Template) throws(Problem) {
        guard let byte = next else { return }
        position += 1
        switch byte {
        case UInt8(ascii: "\\"): template.append(try escape())
        case UInt8(ascii: "{"):
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")),
                let part = Self.part(String(decoding: bytes[position..<end], as: UTF8.self))
            else {
                template.append(byte)
                return
            }
            template.parts.append(part)
            position = end + 1
        default: template.append(byte)
        }
    }

    /// What stands between braces; nil where it is nothing of ours.
    private static func part(_ text: String) -> Template.Part? {
        let words = text.split(separator: " ")
        if words.count == 3, words[0] == "rep", let count = Int(words[1]), count >= 0, count <= 1 << 28,
            let byte = words[2].utf8.first, words[2].utf8.count == 1
        {
            return .repeated(count: count, byte: byte)
        }
        if text == "bytes" { return .everyByte }
        let isName = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isName && text.first?.isLetter == true ? .variable(text) : nil
    }

    private mutating func escape() throws(Problem) -> UInt8 {
        guard let byte = next else { throw Problem(words: "nothing follows a backslash") }
        position += 1
        switch byte {
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "{"), UInt8(ascii: " "): return byte
        case UInt8(ascii: "x"):
            guard position + 2 <= bytes.count,
                let number = UInt8(String(decoding: bytes[position..<(position + 2)], as: UTF8.self), radix: 16)
            else { throw Problem(words: "\\x needs two hexadecimal digits") }
            position += 2
            return number
        default: throw Problem(words: "\\\(UnicodeScalar(byte)) is no escape: \\r \\n \\t \\xHH \\\" \\\\ \\{ are")
        }
    }
}
