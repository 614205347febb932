// Lines: type byte, content, CR LF.

extension RESPDecoder {
    /// What stands behind the type byte of a string or an aggregate.
    enum Length {
        case counted(Int)
        case streamed
        case null
    }

    /// Consumes the header's line; nil if its end has not arrived.
    mutating func takeLength() throws(RESPViolation) -> Length? {
        let start = buffer.start
        var index = position + 1
        guard index < end else { return nil }
        switch start[index] {
        case UInt8(ascii: "?"):
            guard try takeLineEnd(at: index + 1, .malformedLength, "expected the end of a streamed header") else {
                return nil
            }
            return .streamed
        case UInt8(ascii: "-"):
            guard index + 1 < end else { return nil }
            guard start[index + 1] == UInt8(ascii: "1") else {
                throw violated(.malformedLength, at: index + 1, "the only negative length is -1")
            }
            guard try takeLineEnd(at: index + 2, .malformedLength, "the only negative length is -1") else { return nil }
            return .null
        default:
            break
        }
        let first = index
        var length = 0
        while index < end {
            let digit = Int(start[index] &- UInt8(ascii: "0"))
            guard digit <= 9 else { break }
            guard index - first < 18 else {
                throw violated(.malformedLength, at: index, "a length of more than 18 digits")
            }
            length = length &* 10 &+ digit
            index += 1
        }
        guard index < end else { return nil }
        guard index > first else {
            throw violated(.malformedLength, at: index, "expected a digit of a length")
        }
        guard index - first == 1 || start[first] != UInt8(ascii: "0") else {
            throw violated(.malformedLength, at: first, "a length with a leading zero")
        }
        guard try takeLineEnd(at: index, .malformedLength, "expected a digit of a length") else { return nil }
        return .counted(length)
    }

    /// Consumes a line whose content ends at `index`; false, and nothing consumed, if its CR LF has not arrived.
    mutating func takeLineEnd(
        at index: Int, _ kind: RESPViolation.Kind, _ expected: String
    ) throws(RESPViolation) -> Bool {
        guard index < end else { return false }
        guard buffer.start[index] == UInt8(ascii: "\r") else { throw violated(kind, at: index, expected) }
        guard index + 1 < end else { return false }
        guard buffer.start[index + 1] == UInt8(ascii: "\n") else {
            throw violated(.malformedTerminator, at: index + 1, "a CR without its LF")
        }
        position = index + 2
        searched = 0
        try checkReplyLength(adding: 0, at: index)
        return true
    }

    /// Consumes a line of text and returns what stands behind its type byte; nil if its end has not arrived.
    mutating func takeLine() throws(RESPViolation) -> RESPBytes? {
        if stack.last?.kind == .streamedString {
            throw violated(.malformedStream, at: position, "expected the next part of a streamed string")
        }
        let start = buffer.start
        var index = position + max(1, searched)
        let limit = longestLineEnd
        while index < limit, start[index] != UInt8(ascii: "\r") {
            if start[index] == UInt8(ascii: "\n") {
                throw violated(.malformedTerminator, at: index, "an LF without its CR")
            }
            index += 1
        }
        searched = index - position
        try checkLineLength(upTo: index)
        let content = position + 1
        guard try takeLineEnd(at: index, .malformedTerminator, "expected the end of a line") else { return nil }
        return slice(from: content, count: index - content)
    }

    /// Where to stop looking for the end of a line: no later with all bytes at hand than with one at a time.
    var longestLineEnd: Int {
        end - position > limits.lineBytes ? position + limits.lineBytes + 1 : end
    }

    func checkLineLength(upTo index: Int) throws(RESPViolation) {
        guard index - position <= limits.lineBytes else {
            throw violated(
                .lineTooLong, at: position + limits.lineBytes, "a line of more than \(limits.lineBytes) bytes")
        }
    }

    /// Received bytes in place; a copy if they are long, or if the buffer grew for something long, so that no value
    /// keeps a large buffer in memory.
    func slice(from first: Int, count: Int) -> RESPBytes {
        guard count <= Self.ownBlockBytes, buffer.byteCapacity <= BufferSize.largest else {
            return RESPBytes(UnsafeBufferPointer(start: buffer.start + first, count: count))
        }
        return RESPBytes(storage: buffer, offset: first, count: count)
    }
}

extension Double {
    /// Reads a RESP3 double: `[+-]digits[.digits][e[+-]digits]`, `inf`, `-inf`, `nan` or `-nan` (servers before 7.2).
    init?(resp text: RESPBytes) {
        switch text.count {
        case 3 where text.elementsEqual("inf".utf8): self = .infinity
        case 4 where text.elementsEqual("-inf".utf8): self = -.infinity
        case 3 where text.elementsEqual("nan".utf8), 4 where text.elementsEqual("-nan".utf8): self = .nan
        default:
            guard Self.isDecimal(text), let number = Double(String(decoding: text, as: UTF8.self)) else { return nil }
            self = number
        }
    }

    private static func isDecimal(_ text: RESPBytes) -> Bool {
        var rest = text[...]
        func takeDigits() -> Bool {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            rest = rest[digits.endIndex...]
            return !digits.isEmpty
        }
        func takeSign() {
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        }
        takeSign()
        guard takeDigits() else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard takeDigits() else { return false }
        }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            takeSign()
            guard takeDigits() else { return false }
        }
        return rest.isEmpty
    }
}
