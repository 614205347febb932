/// A piece of a page: text that has been escaped, and markup around it. It is well-formed XML too.
///
/// What stands in an interpolation is escaped, unless it is a piece of a page itself:
/// ```swift
/// let row: HTML = "<td>\(key.description)</td>"
/// ```
struct HTML: ExpressibleByStringInterpolation, CustomStringConvertible {
    let description: String

    init(stringLiteral text: String) { description = text }
    init(stringInterpolation parts: Interpolation) { description = parts.text }

    init(joining pieces: [HTML], by separator: String = "\n") {
        description = pieces.map(\.description).joined(separator: separator)
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ markup: String) { text += markup }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.description }
        mutating func appendInterpolation(_ pieces: [HTML]) { text += HTML(joining: pieces).description }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }

        /// Text, or the value of an attribute in double quotes.
        mutating func appendInterpolation(_ words: String) {
            for scalar in words.unicodeScalars {
                switch scalar {
                case "&": text += "&amp;"
                case "<": text += "&lt;"
                case ">": text += "&gt;"
                case "\"": text += "&quot;"
                case "'": text += "&#39;"
                // No page may hold these, not even as references.
                case _ where scalar.value < 0x20 && !"\t\n\r".unicodeScalars.contains(scalar): text += "\u{FFFD}"
                case "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
    }
}
