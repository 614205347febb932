import BulkheadRESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// RESP read from its grammar, whole and recursively: slow, plain, and sharing nothing with the decoder it judges.
///
/// It knows the default limits of depth, strings, elements and memory. The decoder may call bytes a violation that this
/// one only finds unfinished, since it looks at a line before its end has come; never the other way round.
struct ReferenceDecoder {
    enum Ending { case whole, unfinished, violated }

    private struct Unfinished: Error {}
    private struct Violated: Error {}
    /// The `.` that ends a stream, where a value may stand.
    private struct StreamEnd: Error {}

    private let bytes: [UInt8]
    private var position = 0
    private let limits = RESPLimits()
    /// What the values of the reply take: 24 bytes each, twice that in streams, and 48 for each aggregate.
    private var memory = 0

    static func decode(_ bytes: [UInt8]) -> (values: [RESPValue], ending: Ending) {
        var decoder = ReferenceDecoder(bytes: bytes)
        var values: [RESPValue] = []
        while decoder.position < bytes.count {
            decoder.memory = 0
            do {
                values.append(try decoder.value(depth: 0, inStream: false))
            } catch is Unfinished {
                return (values, .unfinished)
            } catch {
                return (values, .violated)
            }
        }
        return (values, .whole)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// `depth` counts the aggregates and attributes around it.
    private mutating func value(depth: Int, inStream: Bool) throws -> RESPValue {
        guard position < bytes.count else { throw Unfinished() }
        let type = Character(UnicodeScalar(bytes[position]))
        guard "$:*+-%~>|_#,(!=.;".contains(type) else { throw Violated() }
        if type == "." {
            guard try line().isEmpty, inStream else { throw Violated() }
            throw StreamEnd()
        }
        let content = try line()
        // A part belongs into a streamed string, which takes its parts itself.
        if type == ";" { throw Violated() }
        let text = String(decoding: content, as: UTF8.self)
        switch type {
        case "+": return .simpleString(RESPBytes(content))
        case "-": return .error(RESPBytes(content))
        case ":":
            let digits = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
            guard isDigits(digits), digits.count <= 19, let number = Int64(text) else { throw Violated() }
            return .integer(number)
        case "_":
            guard content.isEmpty else { throw Violated() }
            return .null
        case "#":
            guard text == "t" || text == "f" else { throw Violated() }
            return .boolean(text == "t")
        case ",": return .double(try double(text))
        case "(":
            let digits = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
            guard isDigits(digits) else { throw Violated() }
            return .bigNumber(RESPBytes(content))
        case "$", "!", "=": return try string(type, text, depth: depth)
        case "*" where text == "-1": return .null
        default: return try aggregate(type, text, depth: depth)
        }
    }

    private mutating func string(_ type: Character, _ text: String, depth: Int) throws -> RESPValue {
        if type == "$" && text == "-1" { return .null }
        if type == "$" && text == "?" { return try streamedString(depth: depth) }
        let content = try body(try length(text))
        switch type {
        case "!": return .bulkError(RESPBytes(content))
        case "=":
            guard content.count >= 4, content[3] == UInt8(ascii: ":"),
                let verbatim = RESPVerbatim(
                    format: String(decoding: content[..<3], as: UTF8.self), content: content[4...])
            else { throw Violated() }
            return .verbatimString(verbatim)
        default: return .bulkString(RESPBytes(content))
        }
    }

    private mutating func streamedString(depth: Int) throws -> RESPValue {
        guard depth < limits.depth else { throw Violated() }
        var whole: [UInt8] = []
        while true {
            guard position < bytes.count else { throw Unfinished() }
            let isPart = bytes[position] == UInt8(ascii: ";")
            let header = try line()
            guard isPart else { throw Violated() }
            let count = try length(String(decoding: header, as: UTF8.self))
            if count == 0 { return .bulkString(RESPBytes(whole)) }
            guard whole.count + count <= limits.bulkBytes else { throw Violated() }
            try take(48)
            whole += try body(count)
        }
    }

    private mutating func aggregate(_ type: Character, _ text: String, depth: Int) throws -> RESPValue {
        let perElement = type == "%" || type == "|" ? 2 : 1
        var elements: [RESPValue] = []
        if text == "?" {
            guard "*~%".contains(type), depth < limits.depth else { throw Violated() }
            try take(48)
            do {
                while true {
                    elements.append(try value(depth: depth + 1, inStream: true))
                    try take(48)
                }
            } catch is StreamEnd {}
            guard elements.count % perElement == 0 else { throw Violated() }
        } else {
            let count = try length(text, limit: limits.elements)
            guard depth < limits.depth else { throw Violated() }
            try take(48 + 24 * perElement * count + (type == "|" ? 48 + 24 * 2 : 0))
            for _ in 0..<(count * perElement) { elements.append(try value(depth: depth + 1, inStream: false)) }
        }
        switch type {
        case "~": return .set(elements)
        case ">": return .push(elements)
        case "%", "|":
            let pairs = stride(from: 0, to: elements.count, by: 2).map { (elements[$0], elements[$0 + 1]) }
            if type == "%" { return .map(RESPMap(pairs)) }
            // An attribute counts as a level until the value it describes is whole.
            return .attribute(RESPMap(pairs), try value(depth: depth + 1, inStream: false))
        default: return .array(elements)
        }
    }

    private mutating func take(_ bytes: Int) throws {
        memory += bytes
        guard memory <= limits.memoryBytes else { throw Violated() }
    }

    // MARK: Parts

    /// What stands between the type byte and CR LF.
    private mutating func line() throws -> [UInt8] {
        guard let end = bytes[(position + 1)...].firstIndex(where: { $0 == 13 || $0 == 10 }) else {
            throw Unfinished()
        }
        guard bytes[end] == 13 else { throw Violated() }
        guard end + 1 < bytes.count else { throw Unfinished() }
        guard bytes[end + 1] == 10 else { throw Violated() }
        let content = Array(bytes[(position + 1)..<end])
        position = end + 2
        return content
    }

    private mutating func body(_ count: Int) throws -> [UInt8] {
        guard bytes.count - position >= count + 2 else { throw Unfinished() }
        let content = Array(bytes[position..<(position + count)])
        guard bytes[position + count] == 13, bytes[position + count + 1] == 10 else { throw Violated() }
        position += count + 2
        return content
    }

    private func length(_ text: String, limit: Int? = nil) throws -> Int {
        guard isDigits(text[...]), text == "0" || !text.hasPrefix("0"), text.count <= 18, let count = Int(text),
            count <= limit ?? limits.bulkBytes
        else { throw Violated() }
        return count
    }

    private func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    private func double(_ text: String) throws -> Double {
        switch text {
        case "inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        default: break
        }
        // [+-] digits [. digits] [e [+-] digits]
        let unsigned = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
        let halves = unsigned.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy(isDigits) else { throw Violated() }
        if halves.count == 2 {
            let power = halves[1].hasPrefix("+") || halves[1].hasPrefix("-") ? halves[1].dropFirst() : halves[1]
            guard isDigits(power) else { throw Violated() }
        }
        return strtod(text, nil)
    }
}
